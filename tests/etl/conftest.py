from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from etl.pipeline import Pipeline
from onemap.core.settings import Settings
from onemap.store.db import Connection, connect


def _neighbour(name: str) -> ModuleType:
    """Import a file beside this one: tests are no package."""
    spec = importlib.util.spec_from_file_location(f"etl_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[f"etl_{name}"] = module
    spec.loader.exec_module(module)
    return module


city = _neighbour("city")
broker = _neighbour("broker")


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


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Any]:
    """A broker of this test's own."""
    found = broker.Broker(tmp_path, broker.free_port())
    found.start()
    try:
        yield found
    finally:
        found.stop()
