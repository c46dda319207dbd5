"""Templates of call and confirm as files: who is called how soon, by level and kind of event.

The shipped ones lie in `templates/` beside this module; a data home's own `templates/*.toml` add to them or take the
place of shipped ones by key. A level that a template leaves out is not called out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from onemap.core.clock import BEIJING, zone_of
from onemap.core.errors import SetupError
from onemap.core.settings import CallSettings, CaseSettings, Settings
from onemap.warnings.calling.ladder import RUNGS, Pace, Rung

SHIPPED = Path(__file__).parent / "templates"
Seconds = Annotated[float, Field(gt=0.0, le=7 * 86_400.0)]


class Strict(BaseModel):
    """A table of a template file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(Strict):
    """A phrase in both languages."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Phase(Strict):
    """What has to be done so many hours before the danger is expected."""

    name: Literal["forecast", "warn", "call", "confirm"]
    title: Words
    before_h: Annotated[float, Field(gt=0.0, le=72.0)]


class Level(Strict):
    """What is asked at one level; `answer_s` is one number for all rungs, or four from grid to district."""

    start_s: Annotated[float, Field(ge=0.0, le=86_400.0)]
    answer_s: tuple[Seconds, Seconds, Seconds, Seconds]
    second_s: Seconds | None = None
    report_s: Seconds | None = None
    first_rung: Rung = "grid"
    again_s: Seconds = 120.0
    again_most_s: Seconds = 1800.0

    @field_validator("answer_s", mode="before")
    @classmethod
    def _one_for_all(cls, value: Any) -> Any:
        return [value] * len(RUNGS) if isinstance(value, int | float) else value


class Template(Strict):
    """How a warning is called out."""

    key: Annotated[str, Field(pattern=r"[a-z0-9][a-z0-9_-]{0,39}")]
    title: Words
    kinds: tuple[str, ...] = ()  # of events; empty: all that no other template names
    phases: tuple[Phase, ...] = ()
    levels: dict[Literal["1", "2", "3", "4"], Level] = {}

    def level(self, level: int) -> Level | None:
        """What is asked at a level; nothing where the level is not called out."""
        return next((found for name, found in self.levels.items() if name == str(level)), None)

    def before(self, name: str) -> timedelta | None:
        """How long before the onset a phase is due."""
        return next((timedelta(hours=phase.before_h) for phase in self.phases if phase.name == name), None)


@dataclass(frozen=True)
class Book:
    """The templates of this process, with the settings that override them and the city's clock."""

    templates: tuple[Template, ...]
    override: CallSettings
    cases: CaseSettings
    zone: ZoneInfo

    def of_kind(self, kind: str | None) -> Template:
        """The template for a kind of event."""
        named = [one for one in self.templates if kind in one.kinds]
        return (named or [one for one in self.templates if not one.kinds])[0]

    def named(self, key: str) -> Template:
        """A template by key; the one for everything where a file has gone since."""
        return next((one for one in self.templates if one.key == key), self.of_kind(None))

    def pace(self, key: str, level: int) -> Pace | None:
        """The pace of a template at a level, as the settings have it."""
        found = self.named(key).level(level)
        if found is None:
            return None
        given = self.override
        return Pace(
            start_s=found.start_s if given.start_s is None else given.start_s,
            answer_s=found.answer_s if given.answer_s is None else (given.answer_s,) * 4,
            second_s=found.second_s if given.second_s is None else given.second_s,
            report_s=found.report_s if given.report_s is None else given.report_s,
            first=found.first_rung,
            again_s=found.again_s if given.again_s is None else given.again_s,
            again_most_s=found.again_most_s if given.again_s is None else max(given.again_s, found.again_most_s),
        )

    def auto_start(self, key: str, pace: Pace, onset_at: datetime | None, at: datetime) -> datetime:
        """When a ladder starts by itself: after `start_s`; where the danger is still far, when calling is due.

        A level that starts at once does so however far the danger is.
        """
        soon = at + timedelta(seconds=pace.start_s)
        before = self.named(key).before("call")
        if onset_at is None or before is None or pace.start_s == 0.0:
            return soon
        return max(soon, onset_at - before)

    def second_due(self, key: str, pace: Pace, onset_at: datetime | None, at: datetime) -> datetime | None:
        """When an answer given at `at` has to be confirmed again: before the onset where that is still ahead."""
        if pace.second_s is None:
            return None
        before = self.named(key).before("confirm")
        if onset_at is not None and before is not None and onset_at - before > at:
            return onset_at - before
        return at + timedelta(seconds=pace.second_s)


_used: list[Book] = []


def use(settings: Settings | None) -> Book:
    """Read the shipped templates and the data home's own, once at start, for this process. Raises SetupError."""
    if settings is None:
        book = Book(read([SHIPPED]), CallSettings(), CaseSettings(), zone_of(BEIJING))
    else:
        found = read([SHIPPED, settings.home_path / "templates"])
        book = Book(found, settings.calls, settings.cases, zone_of(settings.zone))
    _used[:] = [book]
    return book


def book() -> Book:
    """The templates of this process: what `use` read, or the shipped ones."""
    return _used[0] if _used else use(None)


def read(folders: Iterable[Path]) -> tuple[Template, ...]:
    """The templates of some folders, by key. Raises SetupError with the file and what is wrong in it."""
    found: dict[str, Template] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.toml")):
            one = _read_one(path)
            found[one.key] = one
    kinds: dict[str, str] = {}
    for one in found.values():
        for kind in one.kinds or ("",):
            if kinds.setdefault(kind, one.key) != one.key:
                raise SetupError(
                    f"Templates {kinds[kind]} and {one.key} are both for {kind or 'all other kinds'}.",
                    reason="template",
                )
    if "" not in kinds:
        raise SetupError("One template has to name no kinds: it is for all others.", reason="template")
    return tuple(sorted(found.values(), key=lambda one: (not one.kinds, one.key)))


def _read_one(path: Path) -> Template:
    try:
        return Template.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SetupError(f"{path} is no TOML: {error}", reason="template") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SetupError(f"{path}: {where}: {first['msg']}", reason="template") from error
