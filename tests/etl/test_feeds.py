"""What every feed owes, tried on each: captured payloads, the same twice, aware UTC, ranges, and poison."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from etl.feed import Envelope, FeatureRecord, FeedSpec, FixRecord, ObservationRecord, Record
from etl.feeds import BY_NAME, FEEDS
from etl.pipeline import Pipeline, Receipt
from onemap.core.errors import BadInput, FeedMalformed
from onemap.core.settings import Settings
from onemap.store.db import Connection

NOW = datetime.now(UTC).replace(microsecond=0)
AT = (NOW - timedelta(minutes=5)).isoformat()
MS = int((NOW - timedelta(minutes=5)).timestamp() * 1000)
SOURCES = {
    "iot": "onemap/iot/YL-01.rain",
    "geohazard": "http://hazards.test/api",
    "incident": "cases.geojson",
    "drone": "thing/product/UAV0001/osd",
    "fix": "onemap/fix/CL-01",
    "cap": "push:weather",
}
#: A warning of another system; the feed whose payload is no JSON.
CAP = f"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>W-1</identifier>
<sender>weather@city.test</sender>
<sent>{AT}</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope><info><category>Met</category>
<event>暴雨</event><urgency>Immediate</urgency><severity>Severe</severity><certainty>Observed</certainty>
<area><areaDesc>x</areaDesc><circle>29.1,110.4 2</circle></area></info></alert>"""


def case(**changes: Any) -> dict[str, Any]:
    """One GeoJSON incident."""
    geometry = {"type": "Point", "coordinates": changes.pop("coordinates", [110.405, 29.105])}
    properties = {"key": "AJ-1", "kind": "matter", "code": "06010", "severity": 2, "reported_at": AT, **changes}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def good(feed: FeedSpec) -> dict[str, Any] | str:
    """A payload as the feed's source sends it."""
    if feed.name == "cap":
        return CAP
    bulletin = {"key": "B-1", "level": 2, "area_codes": ["990101"], "issued_at": AT, "text": "地灾风险高"}
    return {
        "iot": {"at": AT, "value": 12.5},
        "geohazard": {"bulletins": [bulletin], "readings": [{"datastream": "LF-01.gap", "at": AT, "value": 0.3}]},
        "incident": {"type": "FeatureCollection", "features": [case()]},
        "drone": {
            "tid": "6a7b", "bid": "c2", "timestamp": MS, "gateway": "RC-1",
            "data": {
                "latitude": 29.1051234, "longitude": 110.4051234, "height": 412.3, "elevation": 118.2,
                "attitude_head": -12.5, "horizontal_speed": 8.4, "vertical_speed": 0.1, "mode_code": 5,
                "battery": {"capacity_percent": 76, "remain_flight_time": 900},
            },
        },
        "fix": {"at": AT, "lon": 110.41, "lat": 29.11, "accuracy_m": 4.0, "heading_deg": 350, "speed_mps": 9.0},
    }[feed.name]  # fmt: skip


def written(payload: Any, indent: int | None = None) -> bytes:
    """A payload as bytes; indented: other bytes that say the same."""
    if isinstance(payload, str):
        return (payload + "\n" * (indent or 0)).encode()
    return json.dumps(payload, ensure_ascii=False, indent=indent).encode()


def send(pipeline: Pipeline, conn: Connection, feed: FeedSpec, payload: Any) -> Receipt:
    body = payload if isinstance(payload, bytes) else written(payload)
    return pipeline.receive(conn, feed, body, source=SOURCES[feed.name])


def records(pipeline: Pipeline, feed: FeedSpec, payload: Any) -> list[Record]:
    envelope = Envelope(SOURCES[feed.name])
    context = pipeline.context(feed, envelope)
    rows = feed.format(written(payload), envelope)
    return [record for row in rows for record in feed.mapping(row.data, context)]


def test_every_feed_is_tried() -> None:
    assert set(SOURCES) == {feed.name for feed in FEEDS}
    assert len({feed.name for feed in FEEDS}) == len(FEEDS)
    for feed in FEEDS:
        assert feed.title.zh and feed.title.en
        assert feed.topics or feed.pushed or feed.pulled or feed.dropped


@pytest.mark.parametrize("feed", FEEDS, ids=lambda f: f.name)
class TestEveryFeed:
    def test_times_are_aware_utc_and_numbers_in_range(self, feed: FeedSpec, pipeline: Pipeline) -> None:
        found = records(pipeline, feed, good(feed))
        assert found
        for record in found:
            at = record.issued_at if hasattr(record, "issued_at") else record.at
            assert at is not None and at.utcoffset() == timedelta(0)
            if isinstance(record, FixRecord):
                assert -180 <= record.lon <= 180 and -90 <= record.lat <= 90
                assert record.heading_deg is None or 0 <= record.heading_deg < 360

    def test_the_same_payload_twice_changes_nothing(
        self, feed: FeedSpec, pipeline: Pipeline, idle: Connection, committed: Connection
    ) -> None:
        def state() -> Any:
            return committed.execute(
                "SELECT (SELECT count(*) FROM change_log) AS changes, (SELECT count(*) FROM observation) AS readings, "
                "(SELECT count(*) FROM fix) AS fixes, (SELECT count(*) FROM raw_record) AS raws, "
                "(SELECT count(*) FROM quarantine) AS refused"
            ).fetchone()

        first = send(pipeline, idle, feed, good(feed))
        assert first.stored >= 1 and first.quarantined == 0, first
        before = state()
        again = send(pipeline, idle, feed, good(feed))
        assert (again.stored, again.duplicates, state()) == (0, 1, before)
        # Other bytes, same content: landed, and nothing else.
        spaced = send(pipeline, idle, feed, written(good(feed), 2))
        assert (spaced.stored, spaced.quarantined) == (0, 0)
        assert state()["changes"] == before["changes"]

    @pytest.mark.parametrize(
        "junk",
        [
            b"", b"{", b"\x00" * 50, b"\xff\xd8\xff\xe0JFIF", b"[[[[", b"[" * 100_000, b'"text"', b"null", b"17",
            b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>',
            b"[1, 2, 3]", b'{"features": 5}', b"{}", "﻿{}".encode("utf-16"), b'[{"at": 1e999}]',
        ],
        ids=repr,
    )  # fmt: skip
    def test_junk_is_kept_and_harms_nothing(
        self, feed: FeedSpec, junk: bytes, pipeline: Pipeline, idle: Connection
    ) -> None:
        receipt = send(pipeline, idle, feed, junk)
        assert receipt.stored == 0
        assert receipt.received == receipt.unchanged + receipt.quarantined + receipt.duplicates
        if receipt.raw_id is not None:
            row = idle.execute("SELECT payload FROM raw_record WHERE id = %s", (receipt.raw_id,)).fetchone()
            idle.commit()
            assert row is not None and bytes(row["payload"]) == junk

    def test_a_zip_bomb_is_bytes_like_any_other(self, feed: FeedSpec, pipeline: Pipeline, idle: Connection) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.json", b"0" * 20_000_000)
        receipt = send(pipeline, idle, feed, packed.getvalue())
        assert (receipt.stored, receipt.quarantined) == (0, 1)

    def test_a_clock_in_the_future_is_refused(self, feed: FeedSpec, pipeline: Pipeline, idle: Connection) -> None:
        ahead = (NOW + timedelta(hours=8)).isoformat()
        text = written(good(feed)).decode().replace(AT, ahead).replace(str(MS), str(MS + 10**8))
        receipt = send(pipeline, idle, feed, text.encode())
        assert receipt.stored == 0 and set(receipt.reasons) == {"clock-future"}

    def test_the_year_one_is_refused(self, feed: FeedSpec, pipeline: Pipeline, idle: Connection) -> None:
        text = written(good(feed)).decode().replace(AT, "0001-01-01T00:00:00+00:00").replace(str(MS), "-62135596800000")
        receipt = send(pipeline, idle, feed, text.encode())
        assert receipt.stored == 0 and set(receipt.reasons) == {"too-old"}


@pytest.mark.parametrize(
    ("lon", "lat", "reason"),
    [
        (float("nan"), 29.1, {"not-finite"}),
        (110.4, 91.0, {"lat-range", "range"}),
        (29.1, 110.4, {"axes-swapped"}),
        (0.0, 0.0, {"null-island"}),
        (12_345_678.0, 3_400_000.0, {"lat-range", "lon-range", "axes-swapped"}),
        ("x", 29.1, {"number", "malformed"}),
    ],
)
@pytest.mark.parametrize("name", ["fix", "incident", "drone"])
def test_bad_positions_are_refused_with_their_reason(
    name: str, lon: Any, lat: Any, reason: set[str], pipeline: Pipeline, idle: Connection
) -> None:
    feed, payload = BY_NAME[name], good(BY_NAME[name])
    if name == "fix":
        payload |= {"lon": lon, "lat": lat}
    elif name == "drone":
        payload["data"] |= {"longitude": lon, "latitude": lat}
    else:
        payload["features"] = [case(coordinates=[lon, lat], key="AJ-bad")]
    receipt = send(pipeline, idle, feed, payload)
    if name == "drone" and lon == 0.0:
        assert receipt.unchanged == 1  # a drone without satellites yet: nothing is wrong with it
        return
    assert receipt.stored == 0 and receipt.quarantined == 1
    assert set(receipt.reasons) <= reason | {"not-finite", "malformed"}, receipt.reasons
    row = idle.execute("SELECT message FROM quarantine WHERE raw_id = %s", (receipt.raw_id,)).fetchone()
    idle.commit()
    assert row is not None and row["message"].endswith(".")


def test_incident_of_an_unknown_code_or_without_place(pipeline: Pipeline, idle: Connection) -> None:
    feed = BY_NAME["incident"]
    features = [case(key="a", code="99999"), case(key="b", kind="person"), case(key="c", severity=9), case(key="")]
    receipt = send(pipeline, idle, feed, {"type": "FeatureCollection", "features": features})
    assert receipt.reasons == {"unknown-code": 1, "unknown-value": 1, "range": 1, "missing": 1}
    placeless = {**case(key="AJ-new"), "geometry": None}
    assert send(pipeline, idle, feed, placeless).reasons == {"empty": 1}


def test_incidents_in_gb18030(pipeline: Pipeline, idle: Connection) -> None:
    text = "key,kind,code,title,reported_at,lon,lat,address\n"
    text += "AJ-gb,matter,06010,暴露垃圾堆积,2026-05-01 08:00:00,110.4,29.1,云岭街道\n"
    receipt = pipeline.receive(idle, BY_NAME["incident"], text.encode("gb18030"), source="gb.csv")
    assert receipt.stored == 1
    row = idle.execute("SELECT title, address FROM incident WHERE key = 'AJ-gb'").fetchone()
    idle.commit()
    assert row == {"title": "暴露垃圾堆积", "address": "云岭街道"}


def test_half_a_csv(pipeline: Pipeline, idle: Connection) -> None:
    lines = ["key,kind,code,reported_at,lon,lat"]
    lines += [f"AJ-h{i},matter,06010,2026-05-01T08:00:00+08:00,110.4,29.1" for i in range(5)]
    body = "\n".join(lines).encode()[:-9]
    receipt = pipeline.receive(idle, BY_NAME["incident"], body, source="half.csv")
    assert (receipt.stored, receipt.reasons) == (4, {"columns": 1})


def test_a_ring_of_thousands_of_vertices_passes_and_one_without_end_does_not(
    settings: Settings, idle: Connection
) -> None:
    import numpy as np
    from shapely import Polygon
    from shapely.geometry import mapping

    from etl.imports.spec import IMPORT

    def area(vertices: int) -> dict[str, Any]:
        turn = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
        ring = np.column_stack([110.4 + 0.1 * np.cos(turn), 29.1 + 0.1 * np.sin(turn)])
        return {
            "layer": "geofence",
            "key": f"v{vertices}",
            "geometry": mapping(Polygon(ring)),
            "attributes": {"name": "n"},
        }

    pipeline = Pipeline(settings)
    receipt = pipeline.receive(idle, IMPORT, json.dumps([area(6000), area(250_000)]).encode(), source="rings")
    assert (receipt.stored, receipt.reasons) == (1, {"vertices": 1})
    row = idle.execute("SELECT record FROM quarantine WHERE raw_id = %s", (receipt.raw_id,)).fetchone()
    idle.commit()
    assert row is not None and "_truncated" in row["record"]


def test_a_new_feed_is_one_spec(settings: Settings, idle: Connection) -> None:
    from etl.formats import json as json_format
    from onemap.store.layer import Text

    def gas(record: Mapping[str, Any], context: Any) -> list[Record]:
        return [ObservationRecord("LF-01.gap", context.time(record["t"], form="epoch_s"), float(record["ppm"]))]

    feed = FeedSpec("gas", Text("燃气", "Gas"), json_format.read, gas, topics=("gas/+",), expected_every_s=5)
    pipeline = Pipeline(settings, feeds={**BY_NAME, "gas": feed})
    body = json.dumps({"t": NOW.timestamp() - 77, "ppm": 3}).encode()
    assert pipeline.receive(idle, feed, body, source="gas/1").stored == 1
    refused = pipeline.receive(idle, feed, b'{"ppm": "x"}', source="gas/2")
    assert refused.reasons == {"mapping-failed": 1}
    found = idle.execute("SELECT id FROM quarantine WHERE feed = 'gas'").fetchone()
    idle.commit()
    assert found is not None and pipeline.replay(idle, found["id"], "operator").quarantined == 1


def test_feed_in_gcj02_is_converted_once_and_its_datum_kept(settings: Settings, idle: Connection) -> None:
    from dataclasses import replace

    feed = replace(BY_NAME["incident"], datum="GCJ-02")
    gcj = case(key="AJ-gcj", coordinates=[104.069004906, 30.569845541])
    assert Pipeline(settings).receive(idle, feed, json.dumps(gcj).encode(), source="g.json").stored == 1
    row = idle.execute("SELECT st_x(geom) AS x, st_y(geom) AS y, datum FROM incident WHERE key = 'AJ-gcj'").fetchone()
    idle.commit()
    assert row is not None and row["datum"] == "GCJ-02"
    assert row["x"] == pytest.approx(104.0665, abs=1e-8) and row["y"] == pytest.approx(30.5723, abs=1e-8)
    wrong = case(key="AJ-far", coordinates=[9.5, 47.1])
    refused = Pipeline(settings).receive(idle, feed, json.dumps(wrong).encode(), source="g.json")
    assert refused.reasons == {"outside-area": 1}


def test_gpx_refuses_entities() -> None:
    from etl.formats import gpx

    evil = b'<?xml version="1.0"?><!DOCTYPE gpx [<!ENTITY x SYSTEM "file:///etc/passwd">]><gpx><trk><name>&x;</name></trk></gpx>'
    with pytest.raises(FeedMalformed, match="entities"):
        list(gpx.read(evil, Envelope("e.gpx")))


def test_records_of_one_feature_carry_its_layer(pipeline: Pipeline) -> None:
    found = records(pipeline, BY_NAME["incident"], good(BY_NAME["incident"]))
    assert isinstance(found[0], FeatureRecord) and found[0].layer == "incident"
    with pytest.raises(BadInput):
        records(pipeline, BY_NAME["incident"], case(code=""))
