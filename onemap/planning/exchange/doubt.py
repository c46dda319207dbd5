"""Was the right datum declared? A file of grids follows borders that we know, and a wrong datum shows in them.

GCJ-02 and BD-09 read as WGS-84 lie some hundred metres off: no reader can see that in the numbers alone, but the
borders of the edition in force can. Nothing is ever corrected here: the file is refused, and the asker says the datum.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree

from onemap.core.datum import Datum, from_wgs84, parse_datum, to_wgs84
from onemap.planning.exchange.ground import Plane
from onemap.planning.exchange.spec import Shapes, refused

Floats = npt.NDArray[np.float64]
#: A corner on a border as known: surveys differ by less, datums by more.
_ON_M = 3.0
_SAMPLE = 4000
#: Most corners of a file read rightly lie on known borders, few of one read wrongly.
_SURE, _TIMES = 0.5, 2.0
_FAR_SHARE = 0.01


def doubted(shapes: Shapes, declared: str, known: Shapes) -> None:
    """Refuse shapes (WGS-84, read as `declared`) that lie elsewhere than the known ones, or fit far better otherwise.

    Raises BadInput: "wrong-datum", "axes-swapped", or "elsewhere" when they do not meet the known ones at all.
    """
    corners = np.unique(shapely.get_coordinates(shapes), axis=0)
    corners = corners[:: max(1, len(corners) // _SAMPLE)]
    plane = Plane(known)
    borders = cKDTree(plane.xy(_dense(known, plane)))
    as_read = _share(corners, borders, plane)
    if as_read < _SURE:
        for label, moved in _others(corners, declared):
            share = _share(moved, borders, plane)
            if share < _SURE or share < _TIMES * as_read:
                continue
            if label == "":
                raise refused(
                    "axes-swapped",
                    "坐标轴颠倒了:应先经度、后纬度",
                    "the axes are swapped: longitude comes first, then latitude",
                )
            raise refused(
                "wrong-datum",
                f"按 {declared} 读与现行网格相差甚远,按 {label} 读则吻合({share:.0%} 的顶点):坐标系可能声明错了",
                f"read as {declared} it lies off the grids in force, read as {label} it fits"
                f" ({share:.0%} of its corners): the datum may be declared wrongly",
            )
    box = shapely.box(*shapely.total_bounds(known))
    met = shapely.contains_xy(box, corners[:, 0], corners[:, 1])
    if float(met.mean()) < _FAR_SHARE:
        lon, lat = np.median(corners, axis=0).tolist()
        raise refused(
            "elsewhere",
            f"文件里的网格在 {lon:.4f}, {lat:.4f} 附近,不在本市范围内:请检查坐标系",
            f"the grids lie about {lon:.4f}, {lat:.4f}, outside this city: check the datum",
        )


def _others(corners: Floats, declared: str) -> list[tuple[str, Floats]]:
    """The same numbers of the file read otherwise: by the other Chinese datums, or with the axes swapped ("")."""
    ref = parse_datum(declared)
    if ref.datum is None:
        return []
    raw_x, raw_y = from_wgs84(corners[:, 0], corners[:, 1], ref, on_bad="nan")
    plain = (Datum.WGS84, Datum.CGCS2000)
    found: list[tuple[str, Floats]] = []
    for datum in (Datum.WGS84, Datum.GCJ02, Datum.BD09):
        if datum is not ref.datum and not (datum in plain and ref.datum in plain):
            lon, lat = to_wgs84(raw_x, raw_y, datum, on_bad="nan")
            found.append((datum.value, np.column_stack([lon, lat])))
    lon, lat = to_wgs84(raw_y, raw_x, ref, on_bad="nan")
    found.append(("", np.column_stack([lon, lat])))
    return [(label, at[np.isfinite(at).all(axis=1)]) for label, at in found]


def _share(corners: Floats, borders: cKDTree, plane: Plane) -> float:
    """The share of corners that lie on known borders."""
    if len(corners) == 0:
        return 0.0
    far, _ = borders.query(plane.xy(corners), distance_upper_bound=_ON_M)
    return float(np.isfinite(far).mean())


def _dense(known: Shapes, plane: Plane) -> Floats:
    """Known borders as positions closer to each other than the tolerance reaches."""
    lines = shapely.segmentize(shapely.boundary(known), _ON_M / float(plane.scale.max()))
    return np.unique(shapely.get_coordinates(lines), axis=0)
