"""In which unit grid of the edition in force things lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from onemap.core.geometry import representatives
from onemap.store.db import Connection
from onemap.store.feature import FeatureRow
from onemap.store.sqlfile import sql


def grids_of(conn: Connection, rows: Sequence[FeatureRow]) -> dict[str, str]:
    """Return key → grid code of rows with a place (WGS-84); those that lie in no grid are left out."""
    if not rows:
        return {}
    lons, lats = representatives(np.array([row.geom for row in rows], dtype=object))
    found = conn.execute(sql("ingest_grid_of"), {"lons": lons.tolist(), "lats": lats.tolist()}).fetchall()
    return {rows[row["n"] - 1].key: row["code"] for row in found}


def parts_in_grids(conn: Connection, rows: Sequence[FeatureRow]) -> list[FeatureRow]:
    """Return the rows of parts, those that name no grid with the one they lie in; what is removed keeps its own."""
    open_ = [row for row in rows if row.geom is not None and row.attributes.get("grid_code") is None]
    grids = grids_of(conn, [row for row in open_ if row.attributes.get("status") != "removed"])
    out: list[FeatureRow] = []
    for row in rows:
        values = dict(row.attributes)
        if values.get("grid_code") is None:
            values.pop("grid_code", None)
        if row.key in grids:
            values["grid_code"] = grids[row.key]
        out.append(FeatureRow(row.key, row.geom, values, row.datum))
    return out
