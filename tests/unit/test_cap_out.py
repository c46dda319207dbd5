"""CAP that goes out: zones that lose nobody, numbers of 31 characters, words without Unknown, the key's file."""

from __future__ import annotations

import math
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from shapely import MultiPolygon, Point, Polygon, box

from onemap.core.errors import BadInput
from onemap.warnings.telling import atom, cap, serial, signing, words
from onemap.warnings.telling.simplify import VERTICES, simplified

ZONE = ZoneInfo("Asia/Shanghai")
SENT = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def telling(**changes: Any) -> cap.Telling:
    given: dict[str, Any] = {
        "identifier": "99010100000000_20260701200000_0", "sender": "onemap.990101", "sent": SENT, "status": "Actual",
        "msg_type": "Alert", "what": "alert", "references": [], "zone": ZONE, "warning_key": "w:h1:1",
        "kind": "geohazard", "source": "threshold", "level": 2, "title": "橙色 II 级 · 云溪沟", "name": "云溪沟",
        "text_zh": "裂缝 31 mm", "text_en": "crack 31 mm", "actions": None, "cause": {}, "effective": SENT,
        "onset": None, "expires": SENT + timedelta(hours=6), "sender_name": "云溪",
        "polygons": MultiPolygon([box(110.4, 29.1, 110.41, 29.11)]),
    }  # fmt: skip
    return cap.Telling(**(given | changes))


def star(points: int, radii: list[float], lon: float, lat: float) -> Polygon:
    turns = np.linspace(0, 2 * math.pi, points, endpoint=False)
    far = np.resize(np.array(radii), points)
    return Polygon(np.column_stack((lon + far * np.cos(turns), lat + far * np.sin(turns))))


shapes = st.lists(
    st.tuples(
        st.integers(3, 240),
        st.lists(st.floats(0.0005, 0.05), min_size=1, max_size=20),
        st.floats(110.0, 110.3),
        st.floats(-60.0, 60.0).map(lambda lat: round(lat / 60) * 60 + lat / 300),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=25, deadline=None)
@given(shapes, st.integers(0, 2**31))
def test_no_threatened_building_falls_out_of_the_told_zone(parts: list[Any], seed: int) -> None:
    lat = parts[0][3]
    zone = shapely.union_all([star(n, radii, lon, lat + 0.001 * k) for k, (n, radii, lon, _) in enumerate(parts)])
    told = simplified(zone)
    assert shapely.get_num_coordinates(told) <= VERTICES
    assert told.is_valid and not shapely.get_num_interior_rings(shapely.get_parts(told)).any()
    assert told.covers(zone)
    chance = np.random.default_rng(seed)
    west, south, east, north = zone.bounds
    x, y = chance.uniform(west, east, 500), chance.uniform(south, north, 500)
    buildings = shapely.box(x, y, x + 2e-4, y + 2e-4)
    inside = shapely.intersects(zone, buildings)
    assert bool(shapely.intersects(told, buildings)[inside].all())
    assert bool(shapely.covers(told, buildings)[shapely.covers(zone, buildings)].all())


def test_a_small_zone_stays_as_it_is_and_a_large_one_grows_little() -> None:
    square = box(110.4, 29.1, 110.41, 29.11)
    assert simplified(square).equals(square)
    river = shapely.LineString([(110 + k / 500, 29 + 0.02 * math.sin(k / 40)) for k in range(500)]).buffer(0.002)
    told = simplified(river)
    assert shapely.get_num_coordinates(river) > 1000
    assert told.covers(river) and told.area < 2.5 * river.area < 0.5 * river.convex_hull.area
    many = MultiPolygon([box(110 + k / 50, 29, 110.001 + k / 50, 29.001) for k in range(60)])
    assert simplified(many).covers(many) and shapely.get_num_coordinates(simplified(many)) <= VERTICES
    ring = Point(110, 29).buffer(0.1).difference(Point(110, 29).buffer(0.05))
    assert simplified(ring).covers(ring)


def test_numbers_have_31_characters_and_are_their_own() -> None:
    found = [serial.identifier("990101", "000", "000", SENT, slot) for slot in range(2500)]
    assert len(set(found)) == len(found) and {len(one) for one in found} == {31}
    assert found[0] == "99010100000000_20260701200000_0" and found[9].endswith("00_20260701200000_9")
    assert found[10] == "99010100000001_20260701200000_0" and found[1000] == "99010100000000_20260701200001_0"
    assert all(serial.SHAPE.fullmatch(one) for one in found)
    with pytest.raises(BadInput):
        serial.identifier("99", "000", "000", SENT, 0)


@pytest.mark.parametrize("kind", [*words.KINDS, "unknown-kind"])
@pytest.mark.parametrize("level", [1, 2, 3, 4])
@pytest.mark.parametrize("msg_type", ["Alert", "Update", "Cancel"])
def test_nothing_is_unknown_and_no_time_ends_in_z(kind: str, level: int, msg_type: Any) -> None:
    references = ["s,a,2026-07-01T20:00:00+08:00"] if msg_type != "Alert" else []
    told = telling(
        kind=kind, level=level, msg_type=msg_type, references=references, onset=SENT + timedelta(hours=3),
        what="cancel" if msg_type == "Cancel" else "alert",
    )  # fmt: skip
    root = cap.alert(told)
    texts = [element.text or "" for element in root.iter()]
    assert "Unknown" not in texts and not [one for one in texts if one.endswith("Z") and one[:2] == "20"]
    infos = root.findall(f"{{{cap.CAP}}}info")
    assert [info.findtext(f"{{{cap.CAP}}}language") for info in infos] == ["zh-CN", "en"]
    for info in infos:
        assert len(info.findtext(f"{{{cap.CAP}}}event") or "") <= words.EVENT_CHARACTERS
        assert (info.findtext(f"{{{cap.CAP}}}onset") or "").endswith("+08:00")
        wanted = "AllClear" if msg_type == "Cancel" else words.RESPONSES[level][0]
        assert info.findtext(f"{{{cap.CAP}}}responseType") == wanted
        ring = (info.findtext(f"{{{cap.CAP}}}area/{{{cap.CAP}}}polygon") or "").split()
        assert ring[0] == ring[-1] and all(28 < float(pair.split(",")[0]) < 30 for pair in ring)


def test_names_with_what_xml_cannot_hold_are_told_all_the_same() -> None:
    nasty = telling(name="a\x00b\x0b<&>\ud800", text_zh="]]>\x1f", title="\ufffe题")
    body = signing.signed(cap.alert(nasty), None)
    assert signing.check(etree.fromstring(body)) == "valid"
    assert "ab<&>" in (etree.fromstring(body).findtext(f".//{{{cap.CAP}}}areaDesc") or "")


def test_a_drill_says_so_everywhere() -> None:
    root = cap.alert(telling(status="Exercise", drill_key="d1"))
    assert root.findtext(f"{{{cap.CAP}}}status") == "Exercise" and "d1" in (root.findtext(f"{{{cap.CAP}}}note") or "")
    heads = [one.text or "" for one in root.iter(f"{{{cap.CAP}}}headline", f"{{{cap.CAP}}}description")]
    assert len(heads) == 4 and all(one.startswith(("【演练】", "[EXERCISE]")) for one in heads)


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    home = tmp_path / "telling"
    first = signing.key_of(home)
    assert stat.S_IMODE(os.stat(home / signing.FILE).st_mode) == 0o600
    signing.key_of.cache_clear()
    assert signing.key_of(home) == first
    body = signing.signed(cap.alert(telling()), home)
    assert signing.check(etree.fromstring(body), home) == "valid"
    (home / "trusted").mkdir()
    (home / "trusted" / "own.pem").write_text(signing.certificate_of(home))
    assert signing.check(etree.fromstring(body), home) == "trusted"


def test_the_feed_is_atom() -> None:
    one = {"identifier": "X", "title": "黄色 & <b>", "text": "why\x00", "sent": SENT.isoformat(), "msg_type": "Alert",
           "status": "Actual", "cap": "/warnings/messages/X"}  # fmt: skip
    root = etree.fromstring(atom.document([one], "http://map.test/", ZONE))
    names = [etree.QName(child).localname for child in root]
    assert names == ["id", "title", "updated", "author", "link", "entry"]
    entry = root.find(f"{{{atom.ATOM}}}entry")
    assert entry is not None
    assert {"id", "title", "updated"} <= {etree.QName(child).localname for child in entry}
    link = entry.find(f"{{{atom.ATOM}}}link")
    assert link is not None
    assert (link.get("href"), link.get("type")) == ("http://map.test/warnings/messages/X", "application/cap+xml")
    assert root.findtext(f"{{{atom.ATOM}}}updated") == "2026-07-01T20:00:00+08:00"
    assert etree.fromstring(atom.document([], "http://map.test/", ZONE)).findtext(f"{{{atom.ATOM}}}updated")
