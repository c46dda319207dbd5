from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.pipeline import Pipeline
from onemap.core.settings import Settings
from onemap.store.db import Connection, connect

_SPEC = importlib.util.spec_from_file_location("etl_city", Path(__file__).with_name("city.py"))
assert _SPEC is not None and _SPEC.loader is not None
city = importlib.util.module_from_spec(_SPEC)
sys.modules["etl_city"] = city
_SPEC.loader.exec_module(city)


@pytest.fixture(scope="module")
def planted(dsn: str) -> str:
    """This module's database with a few features that feeds refer to."""
    with connect(dsn) as conn:
        city.plant(conn)
    return dsn


@pytest.fixture
def idle(planted: str) -> Iterator[Connection]:
    """A connection outside a transaction, as transports hold it."""
    with connect(planted) as connection:
        yield connection


@pytest.fixture
def pipeline(settings: Settings) -> Pipeline:
    return Pipeline(settings)
