"""Run the tests at other moments than now: `python -m tests.elsewhen [OPTION…] [MOMENT…]`.

The wall clock of every process of a run is shifted (clock.c): application, cluster, broker, browser, tools. A moment is
`now`, a name of `named` or a time with its zone in ISO 8601, and is when the run begins; the names begin shortly before
what they are about, so that the run goes through it. `--days N` runs only the files that ask what time it is, on each
of N days from today, each day at another hour. `--late S` lets the clock jump when the tests have been collected
(late.py). `--slow` runs faults and browser tests, which are left out otherwise. `--busy N` keeps N processes spinning
beside the run: a machine that has no time shows which tests take for granted that it has.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
CITY = ZoneInfo("Asia/Shanghai")
LEAD = timedelta(seconds=150)  # what the first tests of a run take
SLOW = ("faults", "e2e")  # whole installations and a browser: as in the gate, not side by side with the rest
ASKS = re.compile(r"datetime\.now|date\.today|time\.time\(|\bnow\(\)|clock_timestamp")


def named(today: datetime) -> dict[str, datetime]:
    """Moments by name, each the next one after `today`; days are the city's."""
    day = today.astimezone(CITY).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [day + timedelta(days=n) for n in range(1, 8 * 366 + 1)]
    return {
        "midnight": days[0] - LEAD,
        "new-year": next(one for one in days if (one.month, one.day) == (1, 1)) - LEAD,
        # Published days close at two.
        "leap-day": next(one for one in days if (one.month, one.day) == (2, 29)) + timedelta(hours=2) - LEAD,
        "saturday": next(one for one in days if one.weekday() == 5) + timedelta(hours=12),
        # Where a month begins in UTC: partitions are cut there.
        "month": next(one for one in days if one.day == 1) + timedelta(hours=8) - LEAD,
    }


@contextmanager
def shim() -> Iterator[Path]:
    """The built library, where the database's user can read it, too."""
    with tempfile.TemporaryDirectory(prefix="onemap-elsewhen-") as folder:
        Path(folder).chmod(0o755)
        built = Path(folder) / "clock.so"
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", str(HERE / "clock.c"), "-o", str(built)], check=True)
        built.chmod(0o755)
        yield built


@contextmanager
def spinning(many: int) -> Iterator[None]:
    """So many processes that take all the time they are given."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(many)]
    try:
        yield
    finally:
        for one in running:
            one.kill()
            one.wait()


def run(moment: datetime, built: Path, given: list[str], late_s: int) -> bool:
    """Run pytest with these arguments from that moment on. Returns whether all passed."""
    shift = round(moment.timestamp() - time.time())
    print(f"\n== {moment.astimezone(CITY):%Y-%m-%d %H:%M:%S %z} ({moment:%Y-%m-%dT%H:%MZ})", flush=True)
    # A cluster left running by a run that was cut off would tell that run's time.
    subprocess.run([sys.executable, "-m", "tests.stop"], cwd=TESTS.parent, check=True)
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", "--disable-warnings"]
    command += ["-p", "tests.elsewhen.late", *given]
    clock = {"LD_PRELOAD": str(built), "CLOCK_SHIFT_S": str(shift), "CLOCK_LATE_S": str(late_s)}
    done = subprocess.run(command, cwd=TESTS.parent, env={**os.environ, **clock})
    print(f"== {'passed' if done.returncode == 0 else 'FAILED'} in {time.monotonic() - began:.0f} s", flush=True)
    return done.returncode == 0


SIDE_BY_SIDE = ["-n", "2", "--dist", "loadfile", "--maxprocesses", "2"]


def whole(slow: bool) -> list[str]:
    """What a whole run is given: the files of one of the gate's two parts."""
    if slow:
        return [f"tests/{name}" for name in SLOW]
    return [*SIDE_BY_SIDE, "tests", *(word for name in SLOW for word in ("--ignore", f"tests/{name}"))]


def asking() -> list[str]:
    """What a run is given of the files that ask what time it is, by themselves or through a ground they import."""
    sources = {path: path.read_text() for path in sorted(TESTS.rglob("*.py")) if path.parent.name not in SLOW}
    found = {path for path, text in sources.items() if ASKS.search(text) and path.parent != HERE}
    grounds = [path.stem for path in found if not path.stem.startswith("test_") and path.stem != "conftest"]
    imports = re.compile(rf"import .*\b({'|'.join(grounds)})\b|from tests[a-z_.]*\.({'|'.join(grounds)}) import")
    found |= {path for path, text in sources.items() if grounds and imports.search(text)}
    return [
        *SIDE_BY_SIDE,
        *(str(path.relative_to(TESTS.parent)) for path in sorted(found) if path.stem.startswith("test_")),
    ]


def parse(text: str, names: dict[str, datetime]) -> datetime:
    """A moment by its name or in ISO 8601 with a zone."""
    moment = datetime.now(UTC) if text == "now" else names.get(text) or datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} names no zone")
    return moment.astimezone(UTC)


def main() -> int:
    """Run what was asked for, one moment after another; 1 when a run failed."""
    names = named(datetime.now(UTC))
    parser = argparse.ArgumentParser(prog="python -m tests.elsewhen", description=__doc__)
    parser.add_argument("moments", nargs="*", metavar="MOMENT", help=f"{', '.join(names)}, or 2026-12-31T15:57:30Z")
    parser.add_argument("--days", type=int, default=0, help="files that ask the time alone, on so many days")
    parser.add_argument("--late", type=int, default=0, metavar="S", help="seconds between collecting and running")
    parser.add_argument("--slow", action="store_true", help="faults and browser tests instead of all the others")
    parser.add_argument("--busy", type=int, default=0, metavar="N", help="processes that spin beside the run")
    asked = parser.parse_args()
    runs = [(parse(text, names), whole(asked.slow)) for text in asked.moments]
    first = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    # Seven and 24 have no common divisor: 24 days would see every hour.
    runs += [(first + timedelta(days=n, hours=7 * n % 24), asking()) for n in range(asked.days)]
    with shim() as built, spinning(asked.busy):
        failed = [moment for moment, given in runs if not run(moment, built, given, asked.late)]
    print("\n".join(f"failed from {one.astimezone(CITY):%Y-%m-%d %H:%M %z}" for one in failed) or "all passed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
