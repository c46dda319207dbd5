"""One row of the table: a figure of ours, a peer's, their ratio, and what the ratio should reach."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime


def machine() -> str:
    """What ran it, without naming whose it is."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            model = next(line.split(":", 1)[1].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{os.cpu_count()} x {model}, Python {platform.python_version()}"


@dataclass(frozen=True)
class Row:
    """A result; `ratio` at or over `reach` is good in every row."""

    name: str
    ours: float
    peer: float
    peer_name: str
    unit: str
    ratio: float
    reach: float
    note: str = ""
    machine: str = field(default_factory=machine)
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def as_json(self) -> dict[str, object]:
        """The row as `bench/results.json` holds it."""
        return asdict(self)


def faster(name: str, ours: float, peer: float, peer_name: str, unit: str, reach: float, note: str = "") -> Row:
    """A row for throughput: more is better."""
    return Row(name, round(ours, 3), round(peer, 3), peer_name, unit, round(ours / peer, 3), reach, note)


def at_most(name: str, ours: float, limit: float, unit: str, note: str = "") -> Row:
    """A row for a figure with a limit: ratio = limit / ours, reach 1."""
    return Row(name, round(ours, 3), limit, "limit", unit, round(limit / ours, 3), 1.0, note)


def interleaved(runs: int, *measures: Callable[[], float]) -> list[float]:
    """The median of each measure over `runs` rounds, taken in turns so that a slow minute hits all alike."""
    results: list[list[float]] = [[] for _ in measures]
    for _ in range(runs):
        for at, measure in enumerate(measures):
            results[at].append(measure())
    return [statistics.median(values) for values in results]
