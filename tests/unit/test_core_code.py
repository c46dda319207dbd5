"""Identifiers: good ones give their parts, bad ones a reason."""

import pytest

from onemap.core import code
from onemap.core.errors import BadCode


def test_grid_code_parts():
    grid = code.parse_grid_code(" 330105001002003 ")
    assert str(grid) == "330105001002003"
    assert (grid.division, grid.sequence) == ("330105", "003")
    assert (grid.street_code, grid.community_code) == ("330105001000", "330105001002")


def test_grid_code_may_hold_capital_letters():
    assert code.parse_grid_code("33010500100200A").sequence == "00A"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "length"),
        ("33010500100200", "length"),
        ("3301050010020033", "length"),
        ("33010500100200a", "characters"),
        ("33010500100200-", "characters"),
        ("33010500100200３", "characters"),
        ("33010500100\n003", "characters"),
    ],
)
def test_bad_grid_codes(text, reason):
    with pytest.raises(BadCode) as caught:
        code.parse_grid_code(text)
    assert caught.value.reason == reason


def test_the_next_grid_code_follows_the_largest_and_fills_no_gap():
    taken = ["330105001002001", "330105001002007", "330105001003050", "33010500100200A"]
    assert str(code.next_grid_code("330105001002", taken)) == "330105001002008"
    assert str(code.next_grid_code("330105001009", taken)) == "330105001009001"


def test_the_next_grid_code_ends_at_999():
    with pytest.raises(BadCode) as caught:
        code.next_grid_code("330105001002", ["330105001002999"])
    assert caught.value.reason == "sequence-full"
    with pytest.raises(BadCode):
        code.next_grid_code("330105", [])


@pytest.mark.parametrize(
    ("text", "level", "parent"),
    [
        ("330000000000", "province", None),
        ("330100000000", "city", "330000000000"),
        ("330105000000", "district", "330100000000"),
        ("330105001000", "street", "330105000000"),
        ("330105001002", "community", "330105001000"),
        ("330105", "district", "330100000000"),
        ("330105001", "street", "330105000000"),
        ("469001000000", "district", "469000000000"),
    ],
)
def test_area_levels_and_parents(text, level, parent):
    area = code.parse_area_code(text)
    assert area.level == level
    assert (None if area.parent is None else str(area.parent)) == parent
    if area.parent is not None:
        assert area.parent.contains(area)
        assert not area.contains(area.parent)


def test_ancestors_run_up_to_the_province():
    area = code.parse_area_code("330105001002")
    assert [a.level for a in area.ancestors] == ["street", "district", "city", "province"]
    assert all(a.contains(code.parse_grid_code("330105001002003")) for a in (area, *area.ancestors))
    assert not area.contains(code.parse_grid_code("330105001003003"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("3301", "length"),
        ("33010500100A", "characters"),
        ("３30105001002", "characters"),
        ("330105000002", "hierarchy"),
        ("330005000000", "hierarchy"),
        ("000000000000", "hierarchy"),
    ],
)
def test_bad_area_codes(text, reason):
    with pytest.raises(BadCode) as caught:
        code.parse_area_code(text)
    assert caught.value.reason == reason


def test_camera_code_parts():
    camera = code.parse_camera_code("34020000001320000101")
    assert (camera.centre, camera.industry, camera.type) == ("34020000", "00", "132")
    assert (camera.network, camera.serial) == ("0", "000101")
    assert camera.centre + camera.industry + camera.type + camera.network + camera.serial == str(camera)


def test_part_and_matter_parts():
    part = code.parse_part_id("33010501001000042")
    assert (part.division, part.class_code, part.sequence) == ("330105", "01001", "000042")
    matter = code.parse_matter_code("33010506010")
    assert (matter.division, matter.class_code) == ("330105", "06010")
    assert str(part) == "33010501001000042"
    assert str(matter) == "33010506010"


@pytest.mark.parametrize(
    ("parse", "text", "reason"),
    [
        (code.parse_camera_code, "3402000000132000010", "length"),
        (code.parse_camera_code, "3402000000132000010X", "characters"),
        (code.parse_camera_code, "3402000000132000010²", "characters"),
        (code.parse_part_id, "3301050100100004", "length"),
        (code.parse_part_id, "3301050100100004A", "characters"),
        (code.parse_matter_code, "330105060100", "length"),
        (code.parse_matter_code, "3301050601O", "characters"),
    ],
)
def test_bad_digit_codes(parse, text, reason):
    with pytest.raises(BadCode) as caught:
        parse(text)
    assert caught.value.reason == reason


def test_address_codes_are_opaque_but_namespaced():
    address = code.parse_address_code("sz2017:440304001001000010001A")
    assert (address.namespace, address.code) == ("sz2017", "440304001001000010001A")
    assert str(address) == "sz2017:440304001001000010001A"
    assert code.parse_address_code("osm:way/42").code == "way/42"
    assert code.parse_address_code("a:b:c").code == "b:c"


@pytest.mark.parametrize("text", ["", "440304", ":1", "ns:", "NS:1", "ns:a b", "1ns:1", "ns:a\x00"])
def test_bad_address_codes(text):
    with pytest.raises(BadCode) as caught:
        code.parse_address_code(text)
    assert caught.value.reason == "namespace"
