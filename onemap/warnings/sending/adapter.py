"""What a way of sending is: the letter, the way it takes, what comes back, and the functions of one kind of channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from onemap.warnings.sending.post import Post

TEST_MARK = "【测试】"


@dataclass(frozen=True)
class Way:
    """The channel that a letter takes."""

    kind: str
    url: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Letter:
    """One alert on its way; the key is the same at every attempt, so that a receiver can tell a repetition."""

    idempotency_key: str
    alert: Mapping[str, Any]
    test: bool = False

    @classmethod
    def of_test(cls, channel: Mapping[str, Any]) -> Letter:
        """A letter that tries a channel out: of no warning, for its team."""
        team = channel["team_key"] or ""
        text = "这是一条测试消息，无需处置。This is a test message; nothing needs to be done."
        alert = {
            "id": 0, "warning_key": "", "team_key": team, "team_name": channel["team_name"] or team, "level": 4,
            "title": "一张图 One map", "text": text, "state": "queued", "drill": False,
        }  # fmt: skip
        return cls(f"test-{uuid4()}", alert, test=True)

    @property
    def title(self) -> str:
        """The alert's title; a drill's has its mark already."""
        return f"{TEST_MARK if self.test else ''}{self.alert['title']}"

    @property
    def text(self) -> str:
        """What the team reads; a drill's has its mark already."""
        return f"{TEST_MARK if self.test else ''}{self.alert['text']}"


@dataclass(frozen=True)
class Answer:
    """What came of an attempt: an HTTP status (0: no answer) and, where it failed, why.

    `refused`: this letter will never be taken. None: the status says so (see `circuit.refuses`).
    """

    status: int
    error: str = ""
    refused: bool | None = None
    retry_after_s: float | None = None

    @property
    def ok(self) -> bool:
        """Whether the letter was taken."""
        return 200 <= self.status < 300 and not self.error


@dataclass(frozen=True)
class Adapter:
    """One file of `channels`: the kinds it serves and how it does it."""

    kinds: tuple[str, ...]
    check: Callable[[Way], None]  # raises BadInput for a url or secret that cannot be one
    shown: Callable[[str], str]  # the url without what is secret in it
    send: Callable[[Way, Letter, Post], Answer]  # never raises for what the other side does
