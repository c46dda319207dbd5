"""CAP of others: what is read, what is refused, and that each refusal names its reason."""

from __future__ import annotations

import math
from typing import Any

import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree
from shapely import Point

from onemap.core.errors import BadInput
from onemap.warnings.telling import reading, signing, words
from onemap.warnings.telling.cap import CAP
from onemap.warnings.telling.shape import LEAST_RADIUS_KM, circle, polygon

HEAD = '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
RING = "29.1,110.4 29.1,110.41 29.11,110.41 29.1,110.4"
PARTS = {
    "identifier": "A-1", "sender": "weather@city.test", "sent": "2026-07-01T20:00:00+08:00", "status": "Actual",
    "msgType": "Alert", "scope": "Public",
}  # fmt: skip
INFO = (
    "<info><language>zh-CN</language><category>Met</category><event>暴雨</event><urgency>Immediate</urgency>"
    "<severity>Severe</severity><certainty>Observed</certainty><expires>2026-07-02T08:00:00+08:00</expires>"
    f"<headline>暴雨橙色预警</headline><area><areaDesc>云溪</areaDesc><polygon>{RING}</polygon></area></info>"
)


def text(info: str = INFO, tail: str = "", **changes: str | None) -> str:
    parts = {**PARTS, **changes}
    body = "".join(f"<{name}>{value}</{name}>" for name, value in parts.items() if value is not None)
    return f"{HEAD}{body}{info}{tail}</alert>"


def refused(payload: str | bytes) -> str:
    with pytest.raises(BadInput) as error:
        reading.read(payload.encode() if isinstance(payload, str) else payload)
    assert error.value.message
    return error.value.reason


def test_a_sound_message_is_read() -> None:
    found, root = reading.read(text().encode())
    assert (found.identifier, found.sender, found.msg_type) == ("A-1", "weather@city.test", "Alert")
    assert found.sent.isoformat() == "2026-07-01T20:00:00+08:00"
    (info,) = found.infos
    assert (info.event, info.severity, info.headline, info.area_names) == ("暴雨", "Severe", "暴雨橙色预警", ["云溪"])
    assert shapely.from_wkb(info.wkbs[0]).contains(Point(110.407, 29.103))
    assert signing.check(root) == "none"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "gbk", "gb2312", "gb18030", "big5"])
def test_declared_encodings_are_followed(encoding: str) -> None:
    event = "Usulután" if encoding == "iso-8859-1" else "暴雨"
    body = text(INFO.replace("暴雨", event).replace("橙色预警", "").replace("云溪", "x"))
    payload = f'<?xml version="1.0" encoding="{encoding}"?>\n{body}'.encode(encoding)
    assert reading.read(payload)[0].infos[0].event == event


def test_an_encoding_that_does_not_fit_is_refused() -> None:
    assert refused(b'<?xml version="1.0" encoding="utf-8"?>' + text().encode("gbk")) == "encoding"
    assert refused(b'<?xml version="1.0" encoding="no-such"?>' + text().encode()) == "encoding"
    assert refused(b'<?xml version="1.0" encoding="zlib"?>' + text().encode()) == "encoding"


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE alert>",
        '<!DOCTYPE alert SYSTEM "http://127.0.0.1:1/a.dtd">',
        '<!DOCTYPE alert [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE alert [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE alert [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
        "<!-- a -->\n<?x y?>\n<!DOCTYPE alert>",
        "<!doctype alert>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-7"])
def test_a_document_type_is_refused_for_being_one(doctype: str, encoding: str) -> None:
    declared = f'<?xml version="1.0" encoding="{encoding}"?>'
    whole = declared + doctype + text()
    payload = declared.encode() + (doctype + text()).encode("utf-7") if encoding == "utf-7" else whole.encode(encoding)
    assert refused(payload) == "dtd"


def test_an_entity_without_its_declaration_and_depth_are_refused() -> None:
    assert refused(text(event="x").replace("暴雨", "&xxe;")) == "xml"
    assert refused(HEAD + "<info>" * 200 + "</info>" * 200 + "</alert>") in ("depth", "xml")
    assert refused(HEAD + "<a>" * 100_000) == "xml"
    assert refused(HEAD + "<code>1</code>" * 30_000 + "</alert>") == "depth"
    assert refused(b" " * (reading.MAX_BYTES + 1)) == "size"
    for junk in (b"", b"{}", b"\x00" * 9, b"\xff\xfe", b"<alert/>"):
        assert refused(junk) in ("xml", "encoding", "root")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (text(scope=None), "missing"),
        (text(identifier=None), "missing"),
        (text(status="Real"), "value"),
        (text(msgType="Warning"), "value"),
        (text(scope="Everybody"), "value"),
        (text(sent="2026-07-01T12:00:00Z"), "time"),
        (text(sent="2026-07-01T12:00:00"), "time"),
        (text(sent="2026-13-01T12:00:00+08:00"), "time"),
        (text(sent="2026-07-01T12:00:00.5+08:00"), "time"),
        (text(identifier="a b"), "identifier"),
        (text(identifier="a,b"), "identifier"),
        (text(sender=" "), "sender"),
        (text(msgType="Update"), "references"),
        (text(msgType="Cancel", references="x,y"), "references"),
        (text().replace("<severity>Severe", "<severity>Bad"), "value"),
        (text(""), "missing"),
        (text(INFO.replace("<event>暴雨</event>", "")), "missing"),
        (text(INFO.replace("<category>Met</category>", "<category>Weather</category>")), "value"),
        (text(INFO.replace("<language>zh-CN</language>", "") + "<note>late</note>"), "order"),
        (text(INFO.replace("<event>暴雨</event>", "<event>a</event><event>b</event>")), "repeated"),
        (text(INFO.replace("<event>暴雨</event>", "<event><b/></event>")), "element"),
        (text(tail="<x/>"), "element"),
        (text(tail='<x xmlns="http://a.b/"/>'), "element"),
        (text(INFO.replace(RING, "29.1,110.4 29.1,110.41 29.11,110.41")), "polygon"),
        (text(INFO.replace(RING, "29.1,110.4 29.1,110.41 29.11,110.41 29.2,110.4")), "polygon"),
        (text(INFO.replace(RING, "110.4,29.1 110.41,29.1 110.41,29.11 110.4,29.1")), "polygon"),
        (text(INFO.replace(RING, "29.1,nan 29.1,110.41 29.11,110.41 29.1,nan")), "polygon"),
        (text(INFO.replace(RING, "1,1 2,2 3,3 1,1")), "polygon"),
        (text(INFO.replace(f"<polygon>{RING}</polygon>", "<circle>29.1,110.4</circle>")), "circle"),
        (text(INFO.replace(f"<polygon>{RING}</polygon>", "<circle>29.1,110.4 -1</circle>")), "circle"),
        (text(INFO.replace(f"<polygon>{RING}</polygon>", "<altitude>high</altitude>")), "number"),
        (text().replace(CAP, "urn:oasis:names:tc:emergency:cap:1.1"), "root"),
        (text(INFO.replace("暴雨橙色预警", "长" * (reading.MAX_CHARACTERS + 1))), "length"),
    ],
)
def test_what_breaks_the_rules_is_refused_with_the_reason(payload: str, reason: str) -> None:
    assert refused(payload) == reason


def test_references_are_read_and_malformed_ones_refused() -> None:
    def update(references: str) -> str:
        return text("", msgType=None, scope=None).replace(
            "</alert>",
            f"<msgType>Update</msgType><scope>Public</scope><references>{references}</references>{INFO}</alert>",
        )

    one = "s@x,A-0,2026-07-01T19:00:00+08:00"
    found, _ = reading.read(update(f"{one} {one.replace('A-0', 'A-9')}").encode())
    assert [each[1] for each in found.references] == ["A-0", "A-9"]
    for bad in ("s@x,A-0", "s@x,A-0,yesterday", "a,b,c,d"):
        assert refused(update(bad)) == "references" if "yest" not in bad else refused(update(bad)) == "time"


@given(st.floats(-80, 80), st.floats(-170, 170), st.floats(0, 50))
@example(0.0, 1e-05, 0.0)
def test_a_circle_holds_what_is_within_its_radius(lat: float, lon: float, radius_km: float) -> None:
    lat, lon = round(lat, 5), round(lon, 5)
    shape = shapely.from_wkb(circle(f"{lat},{lon} {radius_km:.3f}"))
    reach = max(radius_km, LEAST_RADIUS_KM) * 0.999 / 111.195
    for turn in range(0, 360, 30):
        north, east = reach * math.cos(math.radians(turn)), reach * math.sin(math.radians(turn))
        assert shape.covers(Point(lon + east / math.cos(math.radians(lat)), lat + north))


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    for body in (payload, HEAD.encode() + payload, text().encode().replace(b"Severe", payload[:20])):
        try:
            reading.read(body)
        except BadInput as error:
            assert error.reason


def test_a_polygon_that_crosses_itself_becomes_its_parts() -> None:
    shape = shapely.from_wkb(polygon("0,0 1,1 0,1 1,0 0,0"))
    assert shape.is_valid and shape.area == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("categories", "event", "kind"),
    [(["Met"], "暴雨", "rain"), (["Geo"], "滑坡", "geohazard"), (["Fire"], "Bush fire", "fire"),
     (["Met"], "Flood", "flood"), (["Health"], "Outbreak", "other"), (["Geo"], "?", "geohazard")],
)  # fmt: skip
def test_events_of_others_find_their_kind(categories: list[str], event: str, kind: str) -> None:
    assert words.kind_from(categories, event) == kind


def test_signatures_that_were_touched_are_refused() -> None:
    alert = etree.fromstring(text().encode())
    body = signing.signed(alert, None)
    again: Any = etree.fromstring(body)
    assert signing.check(again) == "valid"
    assert reading.read(body)[0].identifier == "A-1"
    for wrong in (body.replace("暴雨".encode(), "小雨".encode()), body.replace(b"Public", b"Private")):
        with pytest.raises(BadInput, match="changed") as error:
            signing.check(etree.fromstring(wrong))
        assert error.value.reason == "signature"
    weak: Any = etree.fromstring(body.replace(b"rsa-sha256", b"rsa-sha1"))
    assert signing.check(weak) == "weak"
