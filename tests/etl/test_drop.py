"""Dropped files: taken when they stand still, moved after the commit, never twice."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from etl.feeds import FEEDS
from etl.pipeline import Pipeline
from etl.transports import DropTransport, transports_of
from onemap.core.settings import Settings
from onemap.store.db import Connection

HEADER = "key,kind,code,severity,source,status,reported_at,lon,lat\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "drop"


@pytest.fixture
def watching(settings: Settings, planted: str, folder: Path) -> DropTransport:
    feeds = settings.feeds.model_copy(update={"drop_folder": folder})
    settings = settings.model_copy(update={"feeds": feeds})
    transport = next(t for t in transports_of(settings, FEEDS, Pipeline(settings)) if t.name == "drop.incident")
    assert isinstance(transport, DropTransport)
    folder.mkdir(exist_ok=True)
    return transport


def names(folder: Path) -> dict[str, list[str]]:
    return {name: sorted(p.name for p in (folder / name).glob("*.*")) for name in ("done", "refused")}


def test_a_file_is_taken_once_it_stands_still(watching: DropTransport, folder: Path, committed: Connection) -> None:
    stop = threading.Event()
    path = folder / "cases.csv"
    path.write_text(HEADER + "AJ-1,matter,06010,2,12345,reported,2026-05-01 08:00:00,110.405,29.105\n")
    (folder / "half.csv.part").write_text(HEADER)
    assert watching.look(stop) == 0
    with path.open("a") as more:
        more.write("AJ-2,part,01001,3,patrol,reported,2026-05-01T00:10:00Z,110.415,29.105\n")
    assert [watching.look(stop), watching.look(stop), watching.look(stop)] == [0, 1, 0]
    assert names(folder) == {"done": ["cases.csv"], "refused": []}
    assert (folder / "half.csv.part").exists()
    rows = committed.execute(
        "SELECT key, title, grid_code, reported_at, due_on_site_at - reported_at AS wait FROM incident ORDER BY key"
    ).fetchall()
    assert [(r["key"], r["title"], r["grid_code"], r["reported_at"].isoformat()) for r in rows] == [
        ("AJ-1", "暴露垃圾", "990101001001001", "2026-05-01T00:00:00+00:00"),
        ("AJ-2", "供水井盖", "990101001001002", "2026-05-01T00:10:00+00:00"),
    ]
    assert rows[0]["wait"].total_seconds() == 600
    again = folder / "cases.csv"
    again.write_bytes((folder / "done" / "cases.csv").read_bytes())
    assert [watching.look(stop), watching.look(stop)] == [0, 1]
    assert len(names(folder)["done"]) == 2
    assert committed.execute("SELECT duplicates FROM feed_state WHERE feed = 'incident'").fetchall() == [
        {"duplicates": 1}
    ]


def test_a_useless_file_is_refused_and_kept(watching: DropTransport, folder: Path, committed: Connection) -> None:
    stop = threading.Event()
    (folder / "photo.csv").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    watching.look(stop)
    assert watching.look(stop) == 1
    assert names(folder)["refused"] == ["photo.csv"]
    assert committed.execute("SELECT count(*) AS n FROM quarantine WHERE reason = 'csv'").fetchone() == {"n": 1}


def test_a_case_never_moves_back(watching: DropTransport, folder: Path, committed: Connection) -> None:
    stop = threading.Event()

    def drop(name: str, properties: dict[str, Any]) -> None:
        feature = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [110.405, 29.105]}}
        (folder / name).write_text(
            json.dumps({**feature, "properties": {"key": "AJ-9", "code": "06010", **properties}})
        )
        watching.look(stop)
        assert watching.look(stop) == 1

    def case() -> Any:
        return committed.execute("SELECT status, severity, due_on_site_at FROM incident WHERE key = 'AJ-9'").fetchone()

    reported = "2026-05-01T08:00:00+08:00"
    drop("a.geojson", {"reported_at": reported, "dispatched_at": "2026-05-01T08:30:00+08:00"})
    assert case()["status"] == "dispatched"
    due = case()["due_on_site_at"]
    drop("b.json", {"reported_at": reported, "status": "reported", "severity": 1})
    assert (case()["status"], case()["severity"], case()["due_on_site_at"]) == ("dispatched", 1, due)
    drop("c.geojson", {"reported_at": reported, "status": "closed"})
    assert case()["status"] == "closed"
