"""An edition whose grids overlap or leave gaps, made plannable: what would be mended is shown, agreed to, and kept.

The live edition is not changed: plans are opened on the mended borders, and publishing one puts them in force. What a
post agreed to is kept with the ground that it gave: every later plan of the edition starts from the same borders.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
import shapely
from psycopg.types.json import Jsonb
from shapely import GeometryCollection, MultiPolygon
from shapely.geometry.base import BaseGeometry

from onemap.core.errors import Conflict
from onemap.core.geometry import clean_geometries
from onemap.core.words import many
from onemap.planning.coverage import Coverage, Face, NotACoverage
from onemap.planning.exchange.look import TOLERANCE_M, bounded_tolerance
from onemap.planning.exchange.mend import mended
from onemap.planning.exchange.spec import Findings, Repair, Shapes
from onemap.planning.exchange.telling import repairs_told, texts_told
from onemap.planning.plane import areas_m2
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

_KEEP = 2
_NO_PARENTS: Shapes = np.empty(0, dtype=object)

_looked: OrderedDict[tuple[str, float], Mend] = OrderedDict()
#: Mending a city fills a core for seconds: whoever asks for the same waits for it.
_lock = Lock()


@dataclass(frozen=True)
class Agreed:
    """What a planner says to the repairs of an edition: the token of those that were shown, or only how wide slivers
    are to be looked at (m)."""

    token: str | None = None
    tolerance_m: float = TOLERANCE_M


@dataclass(frozen=True)
class Mend:
    """What mending an edition would come to. `shapes[i]` is the ground of `ids[i]`; with problems it is no coverage."""

    edition: str
    digest: str  # of the rows that were looked at
    tolerance_m: float
    ids: tuple[str, ...]
    shapes: Shapes = field(repr=False)
    findings: Findings = field(repr=False)

    @property
    def token(self) -> str:
        """Names these repairs and no others."""
        whole = hashlib.sha256(f"{self.edition}\0{self.digest}\0{self.tolerance_m!r}\0".encode())
        whole.update(_ground(self.shapes))
        return whole.hexdigest()[:32]

    def told(self) -> dict[str, Any]:
        """As the doors tell it; see `plan_file_models.EditionRepairs`."""
        drawn = self.shapes[~shapely.is_missing(self.shapes)]
        return {
            "edition": self.edition,
            "token": "" if self.findings.problems else self.token,
            "tolerance_m": self.tolerance_m,
            "grids": len(self.ids),
            "repairs": repairs_told(self.findings.repairs),
            "unlisted": self.findings.unlisted,
            "repaired_m2": round(self.findings.repaired_m2, 4),
            "problems": texts_told(self.findings.problems),
            "notes": texts_told(self.findings.notes),
            "bounds": [round(float(end), 7) for end in shapely.total_bounds(drawn)],
            "accepted_by": None,
            "accepted_at": None,
        }


class Unmended(Conflict):
    """The grids of an edition overlap or leave gaps that could be mended, and nobody has agreed to that yet."""

    def __init__(self, mend: Mend) -> None:
        self.mend = mend
        count, m2 = mend.findings.count, mend.findings.repaired_m2
        super().__init__(
            f"版本 {mend.edition} 的网格有缝隙或重叠，在其上编制方案须先确认修补({count} 处，{m2:.1f} 平方米) · "
            f"The grids of edition {mend.edition} overlap or leave gaps: agree to the repairs ({many(count, 'place')}, "
            f"{m2:.1f} m²) before a plan is drawn on it.",
            reason="not-a-coverage",
        )

    @property
    def members(self) -> dict[str, Any]:
        """What the problem document says besides."""
        return {"mending": self.mend.told()}


class CannotMend(NotACoverage):
    """The grids of an edition overlap or leave gaps that are no slivers: what and where, in both languages."""

    def __init__(self, mend: Mend) -> None:
        problems = mend.findings.problems
        first, more = problems[0], len(problems) - 1
        zh, en = (f"(另有 {more} 处)", f" ({more} more)") if more else ("", "")
        super().__init__("overlap", where=next(iter(mend.findings.places), None))
        self.mend, self.reason = mend, "cannot-mend"
        self.zh = f"版本 {mend.edition} 的网格无法自动修补：{first.zh}{zh}"
        self.en = f"The grids of edition {mend.edition} cannot be mended: {first.en}{en}"
        self.message = f"{self.zh} · {self.en}"
        self.args = (self.message,)

    @property
    def members(self) -> dict[str, Any]:
        """What the problem document says besides."""
        return {"mending": self.mend.told()}


def start(conn: Connection, edition: str, faces: Sequence[Face], shapes: Shapes) -> Coverage:
    """The coverage that plans of an edition start from whose rows are none: on the borders that were agreed to.

    Raises Unmended while nobody has agreed, CannotMend where no post could.
    """
    digest = _digest(faces, shapes)
    kept = conn.execute(sql("edition_repair"), {"edition": edition, "digest": digest}).fetchone()
    if kept is None:
        raise Unmended(look(edition, faces, shapes, TOLERANCE_M, digest=digest))
    first = {face.id: face for face in reversed(faces)}
    ground = shapely.get_parts(shapely.from_wkb(bytes(kept["ground"])))
    return Coverage.from_polygons([first[name] for name in kept["ids"]], ground)


def agree(
    conn: Connection, edition: str, faces: Sequence[Face], shapes: Shapes, agreed: Agreed, by: str
) -> dict[str, Any]:
    """Keep that a post agreed to the repairs that it was shown, once. Returns what is kept, as the doors tell it.

    Raises Unmended with what there is to agree to when the token is of other repairs or none, Conflict (reason
    "repairs") when another post has agreed to others meanwhile, CannotMend.
    """
    digest = _digest(faces, shapes)
    kept = conn.execute(sql("edition_repair"), {"edition": edition, "digest": digest}).fetchone()
    if kept is None:
        found = look(edition, faces, shapes, bounded_tolerance(agreed.tolerance_m), digest=digest)
        if agreed.token != found.token:
            raise Unmended(found)
        told = found.told()
        asked = {
            "edition": edition, "digest": digest, "token": found.token, "tolerance_m": found.tolerance_m, "by": by,
            "told": Jsonb(told), "ids": list(found.ids), "ground": _ground(found.shapes),
        }  # fmt: skip
        conn.execute(sql("edition_repair_add"), asked)
        kept = conn.execute(sql("edition_repair"), {"edition": edition, "digest": digest}).fetchone()
        assert kept is not None  # noqa: S101  (this one, or that of who was quicker)
    if agreed.token is not None and agreed.token != kept["token"]:
        raise Conflict(
            f"版本 {edition} 已由 {kept['accepted_by']} 确认过另一种修补，请重新打开 · {kept['accepted_by']} has "
            f"agreed to other repairs of edition {edition}: open the plan again.",
            reason="repairs",
        )
    return told_of(kept)


def kept_of(conn: Connection, edition: str) -> list[dict[str, Any]]:
    """Which repairs of an edition were agreed to, by whom and when: the newest first."""
    return [told_of(row) for row in conn.execute(sql("edition_repair_list"), {"edition": edition}).fetchall()]


def told_of(row: Any) -> dict[str, Any]:
    """A kept agreement as the doors tell it."""
    return {**row["told"], "accepted_by": row["accepted_by"], "accepted_at": row["accepted_at"]}


def look(edition: str, faces: Sequence[Face], shapes: Shapes, tolerance_m: float, *, digest: str | None = None) -> Mend:
    """What mending these grids would come to: the same every time. Raises CannotMend."""
    name = (digest or _digest(faces, shapes), tolerance_m)
    with _lock:
        found = _looked.get(name)
        if found is None or found.edition != edition:
            found = _looked[name] = _look(edition, name[0], faces, shapes, tolerance_m)
            while len(_looked) > _KEEP:
                _looked.popitem(last=False)
    if found.findings.problems:
        raise CannotMend(found)
    return found


def _look(edition: str, digest: str, faces: Sequence[Face], shapes: Shapes, tolerance_m: float) -> Mend:
    findings = Findings()
    ids, grounds = _one_each(faces, shapes, findings)
    if findings.problems:
        return Mend(edition, digest, tolerance_m, ids, grounds, findings)
    done = mended(grounds, ids, parents=_NO_PARENTS, corners=_NO_PARENTS, tolerance_m=tolerance_m)
    findings.add(done.findings)
    findings.cut()
    found = Mend(edition, digest, tolerance_m, ids, done.shapes, findings)
    if not findings.problems:
        try:
            Coverage.from_polygons([Face(name, {}) for name in ids], done.shapes)
        except NotACoverage as wrong:  # judged by GEOS before: here for what GEOS takes for right and is not
            findings.problem(wrong.zh, wrong.en, where=wrong.where)
    return found


def _one_each(faces: Sequence[Face], shapes: Shapes, findings: Findings) -> tuple[tuple[str, ...], Shapes]:
    """One valid ground for each id: rows of one code and one name are parts of one grid."""
    cleaned, changes, bad = clean_geometries(shapes, "MultiPolygon")
    for number, error in bad.items():
        name = faces[number].id
        findings.problem(
            f"网格 {name} 的图形不能用", f"The shape of grid {name} cannot be used: {error.message}",
            where=shapes[number],
        )  # fmt: skip
    for number, made in enumerate(changes):
        if number not in bad and ("made-valid" in made or "dropped-parts" in made):
            was, now = areas_m2(np.array([shapes[number], cleaned[number]], dtype=object)).tolist()
            name = faces[number].id
            findings.repairs.append(Repair("invalid", abs(was - now), (name,), name, cleaned[number]))
    rows: dict[str, list[int]] = defaultdict(list)
    for number, face in enumerate(faces):
        rows[face.id].append(number)
    made_one: list[BaseGeometry | None] = []
    for name, numbers in rows.items():
        parts = cleaned[numbers]
        if len(numbers) == 1 or shapely.is_missing(parts).any():
            made_one.append(parts[0])
            continue
        called = sorted({str(faces[number].props.get("name") or "") for number in numbers})
        whole = MultiPolygon(shapely.get_parts(shapely.union_all(parts)).tolist())
        if len(called) > 1:
            shown = "、".join(called[:4])
            findings.problem(
                f"编码 {name} 用于几个网格：{shown}", f"The code {name} is used for several grids: {shown}.",
                where=whole,
            )  # fmt: skip
        findings.repairs.append(Repair("joined", float(np.sort(areas_m2(parts))[:-1].sum()), (name,), name, whole))
        made_one.append(whole)
    grounds = np.empty(len(made_one), dtype=object)
    grounds[:] = made_one
    return tuple(rows), grounds


def _ground(shapes: Shapes) -> bytes:
    return bytes(shapely.to_wkb(GeometryCollection(shapes.tolist()), byte_order=1))


def _digest(faces: Sequence[Face], shapes: Shapes) -> str:
    """Names the grounds of an edition's rows; attributes may change without a new agreement."""
    whole = hashlib.sha256()
    for face, wkb in zip(faces, shapely.to_wkb(shapes, byte_order=1), strict=True):
        whole.update(f"{face.id}\0{len(wkb)}\0".encode())
        whole.update(wkb)
    return whole.hexdigest()
