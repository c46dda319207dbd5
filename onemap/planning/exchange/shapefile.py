"""A Shapefile's shapes looked at before GDAL opens them, which reads half a file without a word: whole, of polygons."""

from __future__ import annotations

import struct
from pathlib import Path

from onemap.planning.exchange.spec import refused

_POLYGONS = {5, 15, 25}
_KINDS = {1: "点 points", 3: "线 lines", 8: "点 points", 11: "点 points", 13: "线 lines", 21: "点 points",
          23: "线 lines", 28: "点 points", 18: "点 points", 31: "多面体 multipatch"}  # fmt: skip
_HEADER = 100


def check_shapes(shp: Path) -> int:
    """Check that the .shp is whole and of polygons; return how many records it holds, without its index.

    Raises BadInput: reason "empty", "broken" (half a file), "not-polygons".
    """
    data = shp.read_bytes()
    if not data:
        raise refused("empty", "文件 .shp 是空的", "the .shp is empty")
    if len(data) < _HEADER or struct.unpack_from(">i", data)[0] != 9994:
        raise refused("broken", "文件 .shp 不是 Shapefile", "the .shp is no Shapefile")
    said = struct.unpack_from(">i", data, 24)[0] * 2
    if said != len(data):
        raise refused(
            "broken",
            f"文件 .shp 不完整:应有 {said} 字节,实有 {len(data)} 字节",
            f"the .shp is not whole: it says {said} bytes and has {len(data)}",
        )
    kind = struct.unpack_from("<i", data, 32)[0]
    if kind not in _POLYGONS:
        shown = _KINDS.get(kind, str(kind))
        raise refused("not-polygons", f"网格须为面,该文件是:{shown}", f"grids are polygons; this file holds {shown}")
    return len(_offsets(data))


def write_index(shp: Path, shx: Path) -> None:
    """Write the index of a Shapefile: it only repeats where the records lie."""
    data = shp.read_bytes()
    records = _offsets(data)
    head = bytearray(data[:_HEADER])
    struct.pack_into(">i", head, 24, (_HEADER + 8 * len(records)) // 2)
    shx.write_bytes(bytes(head) + b"".join(struct.pack(">ii", at // 2, length // 2) for at, length in records))


def _offsets(data: bytes) -> list[tuple[int, int]]:
    """Where each record starts and how long its content is, in bytes. Raises BadInput for a record out of the file."""
    found: list[tuple[int, int]] = []
    at = _HEADER
    while at < len(data):
        if at + 8 > len(data):
            raise refused("broken", "文件 .shp 的最后一条记录不完整", "the last record of the .shp is not whole")
        length = struct.unpack_from(">i", data, at + 4)[0] * 2
        if length < 4 or at + 8 + length > len(data):
            which = len(found) + 1
            raise refused("broken", f"文件 .shp 第 {which} 条记录不完整", f"record {which} of the .shp is not whole")
        found.append((at, length))
        at += 8 + length
    return found
