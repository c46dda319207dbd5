"""A plugin of pytest: when all tests have been collected the clock jumps by CLOCK_LATE_S seconds.

So every test runs that much later than its file was imported, as the last ones of a long run do, and a run that begins
before midnight and jumps over it has every test on the day after.
"""

from __future__ import annotations

import ctypes
import os

import pytest


def pytest_collection_finish(session: pytest.Session) -> None:
    """Jump in the process that runs tests, before it has started any other."""
    if not hasattr(session.config, "workerinput") and session.config.getoption("numprocesses", None):
        return  # the one that hands out the tests
    ctypes.CDLL(os.environ["LD_PRELOAD"]).clock_jump(ctypes.c_longlong(int(os.environ["CLOCK_LATE_S"])))
