"""CAP against the OASIS schema and a public reader; messages of others come in or are refused for their reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import capparser
import pytest
import shapely
from lxml import etree
from shapely.geometry import MultiPolygon, Point

from etl.feeds import BY_NAME
from etl.pipeline import Pipeline, Receipt
from onemap.core.settings import Settings
from onemap.store.db import Connection, connect
from onemap.warnings import lifecycle
from onemap.warnings.telling import messages, reading, received, signing
from tests.db import warnings_ground as ground

REASONS = {"xee.cap": "dtd", "invalid.cap": "missing", "canada_errors.cap": "references"}
TAKEN = {
    "australia.cap": ("tag:www.rfs.nsw.gov.au2011-10-06:40184", "none"),
    "canada.cap": ("2.49.0.1.124.6bddbc91.2012", "none"),
    "earthquake-iso8859-1.cap": ("USGS-earthquakes-usB000D5T4.3947362.7.20121014T225304.360Z.0", "weak"),
}


@pytest.fixture
def idle(dsn: str) -> Iterator[Connection]:
    with connect(dsn) as found:
        yield found


@pytest.fixture(scope="module")
def schema(shared_data: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(shared_data / "cap" / "CAP-v1.2.xsd"))


def receive(settings: Settings, conn: Connection, payload: bytes) -> Receipt:
    return Pipeline(settings).receive(conn, BY_NAME["cap"], payload, source="push:test")


def test_every_message_is_known(shared_data: Path) -> None:
    assert {path.name for path in (shared_data / "cap").glob("*.cap")} == REASONS.keys() | TAKEN.keys()


@pytest.mark.parametrize("name", REASONS)
def test_what_is_wrong_is_refused_for_its_reason_and_kept(
    name: str, shared_data: Path, settings: Settings, idle: Connection
) -> None:
    body = (shared_data / "cap" / name).read_bytes()
    assert receive(settings, idle, body).reasons == {REASONS[name]: 1}
    kept = idle.execute(
        "SELECT r.payload FROM quarantine q JOIN raw_record r ON r.id = q.raw_id WHERE q.reason = %s", (REASONS[name],)
    ).fetchall()
    assert [bytes(row["payload"]) for row in kept] == [body]
    assert idle.execute("SELECT count(*) AS n FROM warning").fetchone() == {"n": 0}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_sound_comes_in_once_and_old_ones_raise_nothing(
    name: str, shared_data: Path, settings: Settings, idle: Connection
) -> None:
    body = (shared_data / "cap" / name).read_bytes()
    first = receive(settings, idle, body)
    assert (first.stored, first.quarantined) == (1, 0)
    again = receive(settings, idle, body + b"\n")  # other bytes, the same message
    assert (again.stored, again.unchanged) == (0, 1)
    identifier, signature = TAKEN[name]
    row = idle.execute("SELECT * FROM cap_received WHERE identifier = %s", (identifier,)).fetchone()
    assert row is not None and row["signature"] == signature and not row["stored"]
    assert idle.execute("SELECT count(*) AS n FROM warning").fetchone() == {"n": 0}


@pytest.mark.parametrize("name", TAKEN)
def test_on_its_own_day_it_is_a_warning(name: str, shared_data: Path, conn: Connection) -> None:
    conn.execute("DELETE FROM cap_received")  # of the tests before, until this one is rolled back
    found, root = reading.read((shared_data / "cap" / name).read_bytes())
    done = received.take(conn, found, root, ground.CLOCKS, at=found.sent)
    if name == "canada.cap":  # an all-clear of a warning that was never ours
        assert done.warnings == [] and "not open" in done.note
        return
    (key,) = done.warnings
    row = conn.execute("SELECT *, st_area(geom) AS area FROM warning WHERE key = %s", (key,)).fetchone()
    assert row is not None and row["source"] == "cap" and row["area"] > 0 and row["valid_until"] > found.sent
    assert row["kind"] == ("fire" if name == "australia.cap" else "geohazard")


def chain(conn: Connection, *, drill: bool) -> list[dict[str, Any]]:
    """A warning with everything that can happen to it, over a zone of thousands of vertices."""
    zone = MultiPolygon([shapely.LineString([(110 + k / 900, 29.1) for k in range(300)]).buffer(0.004, quad_segs=400)])
    ground.put(conn, "area", ground.FeatureRow("a", MultiPolygon([Point(110.1, 29.1).buffer(0.3)]), {
        "level": "district", "code": "990101", "name": "云溪区"}))  # fmt: skip
    at = datetime.now(UTC)
    base: dict[str, Any] = {
        "source": "rule", "kind": "geohazard", "cause": {"text_zh": "裂缝 31 mm <&>", "text_en": "crack"}, "at": at,
        "drill_key": "d1" if drill else None, "geom_wkb": shapely.to_wkb(zone), "name": "云溪沟",
    }  # fmt: skip
    subject = "cap:x:1"
    lifecycle.claim(conn, lifecycle.Claim(subject, "rule:a", 4, **base), ground.CLOCKS, at=at)
    lifecycle.claim(
        conn, lifecycle.Claim(subject, "rule:b", 1, onset_at=at + timedelta(hours=2), **base), ground.CLOCKS
    )
    lifecycle.claim(conn, lifecycle.Claim(subject, "rule:b", 1, actions="撤离", **base), ground.CLOCKS)
    for claimant in ("rule:b", "rule:a"):
        lifecycle.release(conn, subject, claimant, "fell_back", ground.CLOCKS, drill_key=base["drill_key"])
    return conn.execute("SELECT * FROM message ORDER BY id").fetchall()


@pytest.mark.parametrize("drill", [False, True])
def test_ours_fit_the_schema_are_signed_and_read_back(drill: bool, schema: etree.XMLSchema, conn: Connection) -> None:
    told = chain(conn, drill=drill)
    assert [one["what"] for one in told] == ["alert", "upgrade", "update", "downgrade", "cancel"]
    assert messages.chain_faults(told) == []
    for one in told:
        body = bytes(one["cap"])
        root = etree.fromstring(body)
        schema.assertValid(root)
        assert signing.check(root) == "valid"
        assert len(one["identifier"]) == 31 and one["identifier"].startswith("990101")
        text = body.decode()
        assert not re.search(r"\d\d:\d\d:\d\d(\.\d+)?Z", text) and "+08:00</sent>" in text
        rings = root.findall(".//{*}area/{*}polygon")
        assert rings and sum(len((ring.text or "").split()) for ring in rings[: len(rings) // 2]) <= 100
        root.remove(root[-1])  # the reader knows no signatures, which the schema allows at the end
        read = capparser.parse(stringXML=etree.tostring(root, encoding="unicode"))
        assert read.identifier[0] == one["identifier"] and read.status[0] == ("Exercise" if drill else "Actual")
        assert read.msgType[0] == one["msg_type"] and (read.references[0] or "").split() == one["refs"]
        info = read.info[0][0]
        assert info.language[0] == "zh-CN" and info.severity[0] in ("Extreme", "Minor")
        assert info.area[0][0].areaDesc[0].startswith("云溪沟")
