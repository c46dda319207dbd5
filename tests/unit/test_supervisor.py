"""Signals end a start, whatever the main thread is at."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: Signals arrive while the main thread holds the event's lock, as it does for a moment in every wait.
SCRIPT = """
import os, signal
from server.supervisor import stop_on_signals
stop = stop_on_signals()
with stop._cond:
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
assert stop.wait(20)
print("ended")
"""


def test_a_signal_in_the_middle_of_a_wait_ends_it() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == "ended", done.stderr
