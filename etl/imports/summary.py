"""What an import did, told by layer and by reason."""

from __future__ import annotations

from dataclasses import dataclass, field

Bounds = tuple[float, float, float, float]


@dataclass
class LayerCount:
    """Rows of one layer: `taken` are new or different, `unchanged` stood there already."""

    taken: int = 0
    unchanged: int = 0
    skipped: int = 0
    quarantined: int = 0


@dataclass
class ImportSummary:
    """Rows by layer, reasons for what was not taken, WGS-84 bounds of what was; `ignored` are columns not used."""

    layers: dict[str, LayerCount] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    bounds: Bounds | None = None
    ignored: list[str] = field(default_factory=list)

    @property
    def taken(self) -> int:
        """Rows that are new or different now, over all layers."""
        return sum(count.taken for count in self.layers.values())

    @property
    def unchanged(self) -> int:
        """Rows that stood there already."""
        return sum(count.unchanged for count in self.layers.values())

    @property
    def skipped(self) -> int:
        """Rows that the map has no place for."""
        return sum(count.skipped for count in self.layers.values())

    @property
    def quarantined(self) -> int:
        """Rows refused with a reason."""
        return sum(count.quarantined for count in self.layers.values())

    def count(self, layer: str) -> LayerCount:
        """The counts of one layer."""
        return self.layers.setdefault(layer, LayerCount())

    def because(self, reason: str, number: int = 1) -> None:
        """Count a reason."""
        self.reasons[reason] = self.reasons.get(reason, 0) + number

    def reach(self, bounds: Bounds | None) -> None:
        """Widen the bounds."""
        if bounds is None:
            return
        if self.bounds is None:
            self.bounds = bounds
            return
        a, b = self.bounds, bounds
        self.bounds = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))

    def merge(self, other: ImportSummary) -> None:
        """Take another file's summary into this one."""
        for name, theirs in other.layers.items():
            mine = self.count(name)
            mine.taken += theirs.taken
            mine.unchanged += theirs.unchanged
            mine.skipped += theirs.skipped
            mine.quarantined += theirs.quarantined
        for reason, number in other.reasons.items():
            self.because(reason, number)
        self.reach(other.bounds)
        self.ignored += [name for name in other.ignored if name not in self.ignored]
