"""Words of alerts; which camera sees a zone; how long a team takes."""

from __future__ import annotations

import pytest
from shapely.geometry import box

from onemap.core.geometry import representative
from onemap.warnings import wording
from onemap.warnings.sight import eta_s, sector, sees

ZONE = box(110.401, 29.0995, 110.402, 29.1005)  # 97 to 195 m east of the camera
CAMERA = (110.4, 29.1)
CAUSE = {
    "sensor_name": "雨量计07", "name": "小时雨量", "property": "rain", "unit": "mm", "op": ">=", "enter": 50.0,
    "hold_s": 60.0, "value": 52.25, "level": 2,
}  # fmt: skip


@pytest.mark.parametrize(
    ("heading", "fov", "range_m", "seen"),
    [
        (90.0, 60.0, 150.0, True),
        (90.0, 60.0, 90.0, False),  # too far
        (270.0, 60.0, 150.0, False),  # looks away
        (30.0, 60.0, 150.0, False),  # its edge runs at 60°, the zone begins at 60.2°
        (35.0, 60.0, 150.0, True),
        (350.0, 230.0, 150.0, True),  # a view across north
        (None, None, 150.0, True),  # a dome
        (None, None, None, True),  # 97 m, inside what a camera of unknown range is trusted with
    ],
)
def test_a_camera_sees_what_its_heading_angle_and_range_reach(
    heading: float | None, fov: float | None, range_m: float | None, seen: bool
) -> None:
    assert sees(ZONE, *CAMERA, heading_deg=heading, fov_deg=fov, range_m=range_m) is seen


def test_a_sector_has_its_area() -> None:
    assert sector(77.0, 90.0, 100.0).area == pytest.approx(3.1416 * 100**2 / 4, rel=0.01)
    assert sector(0.0, 360.0, 100.0).area == pytest.approx(3.1416 * 100**2, rel=0.01)
    assert representative(sector(90.0, 40.0, 100.0)).x > 0


def test_times_to_a_zone() -> None:
    assert eta_s(0.0, "fire") == 0
    assert eta_s(1000.0, "fire") == 168  # 1.4 km of street at 30 km/h
    assert eta_s(1000.0, "grid") > eta_s(1000.0, "medical")


def test_an_alert_says_what_where_level_and_what_to_do() -> None:
    text = wording.alert_text(2, "云溪沟3号滑坡", CAUSE, households=12, residents=None)
    assert text == (
        "云溪沟3号滑坡橙色 II 级预警：雨量计07 小时雨量 52.25 mm（≥ 50 mm，持续 60 秒）。威胁 12 户。"
        "到场警戒，组织威胁区人员做好撤离，上报现场情况。"
    )
    assert wording.title(3, "云溪沟3号滑坡") == "黄色 III 级 · 云溪沟3号滑坡"
    assert wording.number(0.00012) == "0.00012" and wording.number(123456.7) == "123457"
