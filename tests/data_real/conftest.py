"""Tests on files that nobody here made, which stay beside the checkout and are never copied into it.

Where the folder is absent the tests are not collected at all: a skip would count as a failure.
"""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

collect_ignore_glob = [] if SHARED_DATA.is_dir() else ["test_*.py"]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real test files."""
    return SHARED_DATA
