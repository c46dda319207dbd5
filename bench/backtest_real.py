"""A public incident set's December, forecast night by night: writes the table of docs/backtest.md.

    python -m bench.backtest_real

The file (Vancouver's open crime data of 2022) stays beside the checkout and is read there. Times are whole hours of the
city's zone; rows without a place are left out. The study area is every cell within two rings of an event before
December: what happens elsewhere is not looked for by anybody, and counted below the table.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
from pyproj import Transformer

from onemap.core.cell import cells_of
from onemap.heat.discs import Discs, discs
from onemap.heat.lattice import lattice
from onemap.heat.prediction import selfexciting
from onemap.heat.prediction.accuracy import SHARE
from onemap.heat.prediction.backtest import HORIZONS, Horizon, backtest
from onemap.heat.prediction.selfexciting import Model, Past

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT.parent / "shared" / "data" / "incidents" / "vancouver_crime_2022.csv"
PAGE = ROOT / "docs" / "backtest.md"
ZONE = ZoneInfo("America/Vancouver")
RES = 9
#: Nights of each horizon that begin and end in December.
NIGHTS = {"24h": 31, "7d": 25}
TYPES = ("Other Theft", "Theft from Vehicle", "Mischief", "Break and Enter Commercial")
_BEGIN, _END = "<!-- table -->\n", "<!-- end -->\n"


def _hour(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=ZONE).timestamp() // 3600)  # type: ignore[misc, arg-type]


FIRST, CUT, LAST = _hour(2022, 1, 1), _hour(2022, 12, 1), _hour(2023, 1, 1)


@dataclass(frozen=True)
class Year:
    """The file as arrays, by time."""

    hours: npt.NDArray[np.int32]
    index: npt.NDArray[np.int64]
    types: npt.NDArray[np.str_]
    around: Discs
    cells: int
    without_place: int
    elsewhere: int  # in December, outside of the study area

    def past(self, kind: str = "") -> Past:
        """One type's events, '' for all."""
        which = self.types == kind if kind else np.ones(len(self.types), bool)
        return Past(self.hours[which], self.index[which], FIRST, LAST, self.around)


def read() -> Year:
    """Read the file."""
    with FILE.open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    placed = [row for row in rows if row["X"] and float(row["X"]) > 0.0 and row["HOUR"]]
    to_lonlat = Transformer.from_crs(26910, 4326, always_xy=True)
    lon, lat = to_lonlat.transform([float(row["X"]) for row in placed], [float(row["Y"]) for row in placed])
    cell = cells_of(np.array(lon), np.array(lat), RES)
    hours = np.array([_hour(*(int(row[name]) for name in ("YEAR", "MONTH", "DAY", "HOUR"))) for row in placed])
    seen = {near for own in np.unique(cell[hours < CUT]).tolist() for near in h3.grid_disk(own, 2)}
    area = np.array(sorted(seen), np.int64)
    index = np.minimum(np.searchsorted(area, cell), len(area) - 1)
    inside = area[index] == cell
    order = np.flatnonzero(inside)[np.argsort(hours[inside], kind="stable")]
    types = np.array([row["TYPE"] for row in placed])
    return Year(
        hours[order].astype(np.int32), index[order].astype(np.int64), types[order],
        discs(lattice(area).neighbours, 8), len(area), len(rows) - len(placed), int((~inside & (hours >= CUT)).sum()),
    )  # fmt: skip


def whole_model(year: Year) -> Model:
    """The model of all types together, fitted to January to November."""
    past = year.past().before(CUT)
    return selfexciting.fit(past, selfexciting.choose(past, ZONE), ZONE)


def tested(year: Year, kind: str, horizon: str, whole: Model) -> Horizon:
    """December's back-test of one type over one horizon."""
    hours = {horizon: HORIZONS[horizon]}
    if not kind:
        found = backtest(year.past(), ZONE, nights=NIGHTS[horizon], model=whole, horizons=hours)
    else:
        found = backtest(year.past(kind), ZONE, nights=NIGHTS[horizon], pooled=whole, horizons=hours)
    return found.horizons[horizon]


def lines(kind: str, one: Horizon) -> Iterator[str]:
    """The rows of the table for one back-test."""
    mean, low, high = one.gain()
    for name in ("forecast", "count", "kde"):
        tally, (forecast, happened) = one.tallies[name], one.pooled[name]
        yield (
            f"| {kind or 'all types'} | {one.name} | {name} | {one.settings.get(name, '')} | {tally.hit_rate():.3f} "
            f"| {tally.pai():.2f} | {tally.pei():.3f} | {tally.pei(0.01):.3f} | {tally.rri():.2f} "
            f"| {forecast.sum():.0f} / {happened.sum():.0f} "
            f"| {f'{mean:+.3f} ({low:+.3f} to {high:+.3f})' if name == 'forecast' else ''} "
            f"| {('**yes**' if one.better else 'no') if name == 'forecast' else ''} |\n"
        )


HEAD = (
    f"| events | horizon | model | its best setting | hit rate at {SHARE:.0%} | PAI | PEI* | PEI* at 1% | RRI "
    "| expected / observed | PEI* beyond counting (90 %) | shown |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|\n"
)


def table() -> Iterator[str]:
    """The whole table and what stands below it."""
    year = read()
    whole = whole_model(year)
    yield HEAD
    for kind in ("", *TYPES):
        for horizon in HORIZONS:
            yield from lines(kind, tested(year, kind, horizon, whole))
    delays = " and ".join(f"{delay / 24:.1f}" for delay in whole.delays_h)
    yield (
        f"\n{len(year.hours):,} events on {year.cells:,} cells of resolution {RES}; {year.without_place:,} rows "
        f"without a place left out; {year.elsewhere} events of December lay outside of the study area. The process "
        f"fitted to January to November: {whole.branching:.2f} events caused by one event, after {delays} days in the "
        "mean.\n"
    )


def main() -> None:
    """Compute the table and put it into the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(_BEGIN)
    after = rest.split(_END)[1]
    made = "".join(table())
    PAGE.write_text(before + _BEGIN + "\n" + made + "\n" + _END + after, encoding="utf-8")
    print(made)


if __name__ == "__main__":
    main()
