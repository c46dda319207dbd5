"""`onemap plan`: the way of a plan from a file to an edition and back, typed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import shapely
from click.testing import Result
from typer.testing import CliRunner

from onemap.core.policy import Role
from onemap.planning import coverage
from onemap.planning.exchange.read import read_grids
from onemap.planning.grounds import coverage_of_edition
from onemap.store import account
from onemap.store.db import Connection, acting
from server.cli import app
from tests.db.plans_ground import EDITION, WEST, city_anew, grid, grids

Type = Callable[..., Result]
PASSWORD = "a-password-of-no-account"


@pytest.fixture
def typed(committed: Connection, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Type]:
    """Types `onemap plan …` at the small city."""
    city_anew(committed)
    for login, role in (("drawer", Role.PLANNER), ("head", Role.COMMAND), ("screen", Role.VIEWER)):
        if account.grant_of(committed, login) is None:
            account.create_account(committed, login, login, role, PASSWORD)
    committed.commit()
    monkeypatch.setenv("ONEMAP_DATABASE_URL", dsn)
    monkeypatch.setenv("ONEMAP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")

    def typing(*words: str | Path, given: str | None = None) -> Result:
        return CliRunner().invoke(app, ["plan", *map(str, words)], input=given)

    yield typing


def _key(done: Result) -> str:
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output.strip().splitlines()[-1]


def test_a_plan_is_opened_edited_checked_and_listed(typed: Type, committed: Connection, tmp_path: Path) -> None:
    key = _key(typed("open", "试编", "--by", "drawer"))
    assert "试编" in typed("list").output
    cov = coverage_of_edition(committed, EDITION)
    first, second = sorted(cov.faces)[:2]
    operations = tmp_path / "operations.json"
    operations.write_text(
        json.dumps([{"op": "describe", "grid": first, "name": "新名"}, {"op": "merge", "grids": [first, second]}])
    )
    dry = typed("edit", key, operations, "--by", "drawer", "--dry-run")
    assert (dry.exit_code, "nothing was kept" in dry.output) == (0, True), dry.output
    assert "version 0" in typed("show", key).output
    done = typed("edit", key, operations, "--by", "drawer")
    assert done.exit_code == 0, (done.output, done.exception)
    shown = typed("show", key).output
    assert "version 2" in shown
    assert "drawer" in shown
    # One that cannot be done undoes those before it.
    operations.write_text(
        json.dumps([{"op": "describe", "grid": first, "name": "再改"}, {"op": "merge", "grids": [first, "nobody"]}])
    )
    assert typed("edit", key, operations, "--by", "drawer").exception is not None
    assert "version 2" in typed("show", key).output
    checked = typed("check", key)
    assert " error" in checked.output
    assert checked.exit_code in (0, 1)


def test_rights_hold_at_the_command_line_too(typed: Type) -> None:
    assert "screen has not the right" in str(typed("open", "x", "--by", "screen").exception)
    assert "There is no account" in str(typed("open", "x", "--by", "nobody").exception)
    key = _key(typed("open", "x", "--by", "drawer"))
    assert "has not the right" in str(typed("approve", key, "--by", "drawer").exception)
    bad = typed("edit", key, Path(__file__), "--by", "drawer")
    assert "holds no operations" in str(bad.exception)


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".zip"])
def test_files_go_out_and_come_in(typed: Type, committed: Connection, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"grids{suffix}"
    done = typed("export", EDITION, out, "--edition", "--encoding", "gbk")
    assert done.exit_code == 0, (done.output, done.exception)
    key = _key(typed("import", out, "导入", "--by", "drawer"))
    back = tmp_path / f"back{suffix}"
    assert typed("export", key, back).exit_code == 0
    cov = coverage_of_edition(committed, EDITION)
    found = read_grids(back.read_bytes(), back.name)
    for row, shape in zip(found.rows, found.shapes, strict=True):
        assert shapely.equals(shape, cov.polygon(str(row["code"])))
    assert typed("export", key, tmp_path / "a.dwg").exception is not None


def test_repairs_are_asked_for(typed: Type, committed: Connection, tmp_path: Path) -> None:
    cov = coverage_of_edition(committed, EDITION)
    features = [
        {"type": "Feature", "properties": {"code": face},
         "geometry": json.loads(shapely.to_geojson(shapely.buffer(cov.polygon(face), -1e-5, join_style="mitre")))}
        for face in cov.faces
    ]  # fmt: skip
    file = tmp_path / "shrunk.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    no = typed("import", file, "缩", "--by", "drawer", given="n\n")
    assert no.exit_code == 1
    assert "gap" in no.output
    key = _key(typed("import", file, "缩", "--by", "drawer", "--yes"))
    out = tmp_path / "out.gpkg"
    assert typed("export", key, out).exit_code == 0
    shapes = read_grids(out.read_bytes(), "out").shapes
    assert shapely.coverage_is_valid(shapes)
    whole = shapely.union_all(np.array(cov.polygons(list(cov.faces)), dtype=object))
    assert shapely.union_all(shapes).symmetric_difference(whole).area < 1e-9 * whole.area
    wide = typed("import", file, "缩", "--by", "drawer", "--tolerance-m", "0.1")
    assert wide.exit_code == 1
    assert "no sliver" in wide.output


def test_a_plan_is_submitted_approved_published_and_rolled_back(
    typed: Type, committed: Connection, tmp_path: Path
) -> None:
    key = _key(typed("open", "发布", "--by", "drawer"))
    first = sorted(coverage_of_edition(committed, EDITION).faces)[0]
    operations = tmp_path / "operations.json"
    operations.write_text(json.dumps({"op": "describe", "grid": first, "name": "河东网格"}))
    assert typed("edit", key, operations, "--by", "drawer").exit_code == 0
    submitted = typed("submit", key, "--by", "drawer")
    assert "submitted" in submitted.output, (submitted.output, submitted.exception)
    assert "approved" in typed("approve", key, "--by", "head").output
    published = typed("publish", key, "2027a", "--by", "head", "--title", "二〇二七")
    assert "published" in published.output, (published.output, published.exception)
    assert "2027a" in typed("editions").output
    back = typed("rollback", key, "--by", "head", "--note", "x")
    assert "rolled_back" in back.output, (back.output, back.exception)


def test_a_plan_is_merged_rebased_rejected_and_taken_back(typed: Type, committed: Connection, tmp_path: Path) -> None:
    first, second = sorted(coverage_of_edition(committed, EDITION).faces)[:2]
    keys = [_key(typed("open", name, "--by", "drawer")) for name in ("甲", "乙")]
    operations = tmp_path / "operations.json"
    for key, names in zip(keys, (["一", ""], ["二", "另"]), strict=True):
        wanted = [(grid, name) for grid, name in zip((first, second), names, strict=True) if name]
        operations.write_text(json.dumps([{"op": "describe", "grid": grid, "name": name} for grid, name in wanted]))
        assert typed("edit", key, operations, "--by", "drawer").exit_code == 0
    no = typed("merge", *keys, "--by", "drawer")
    assert (no.exit_code, "--skip 1" in no.output) == (1, True), no.output
    assert "version 1" in typed("show", keys[0]).output
    done = typed("merge", *keys, "--by", "drawer", "--skip", "1")
    assert (done.exit_code, "1 edit, version 2" in done.output) == (0, True), done.output
    assert "is drawn from" in str(typed("rebase", keys[0], "--by", "drawer").exception)
    assert typed("submit", keys[0], "--by", "drawer").exit_code == 0
    assert "draft" in typed("withdraw", keys[0], "--by", "drawer").output
    assert typed("submit", keys[0], "--by", "drawer").exit_code == 0
    assert "draft" in typed("reject", keys[0], "--by", "head", "--note", "太碎").output
    # Somebody else's edition comes into force: what is left is carried over to it.
    other = keys[1]
    assert typed("submit", other, "--by", "drawer").exit_code == 0
    assert typed("approve", other, "--by", "head").exit_code == 0
    published = typed("publish", other, "2027b", "--by", "head")
    assert published.exit_code == 0, (published.output, published.exception)
    third = _key(typed("open", "丙", "--by", "drawer", "--base", EDITION))
    assert "version" in typed("rebase", third, "--by", "drawer").output
    assert "base 2027b" in typed("show", third).output
    # An edition without a grid that the plan speaks of: it is said who has its ground.
    kept, gone = sorted(coverage_of_edition(committed, "2027b").faces)[2:4]
    newer = coverage_of_edition(committed, "2027b")
    newer.patch(coverage.merge(newer, [kept, gone]))
    with acting(committed, "test"):
        grids(committed, "2028", instead=newer)
    operations.write_text(json.dumps([{"op": "describe", "grid": gone, "name": "新名"}]))
    assert typed("edit", third, operations, "--by", "drawer").exit_code == 0
    no = typed("rebase", third, "--by", "drawer", "--onto", "2028")
    assert (no.exit_code, f"{gone} → {kept}" in no.output, "(100%)" in no.output) == (1, True, True), no.output


def test_figures_of_a_range_as_a_table_and_a_csv(typed: Type, tmp_path: Path) -> None:
    out = tmp_path / "figures.csv"
    start = "2026-01-01T00:00:00+08:00"
    shown = typed("figures", "--from", start, "--by", "head", "--edition", EDITION, "--limit", "3")
    assert shown.exit_code == 0, (shown.output, shown.exception)
    assert "24 grids" in shown.output and "21 more grids" in shown.output
    done = typed("figures", "--from", start, "--to", "2026-02-01T00:00:00+08:00", "--by", "head",
                 "--edition", EDITION, "--scope", WEST, "--csv", out)  # fmt: skip
    assert done.exit_code == 0, (done.output, done.exception)
    head, *rows = out.read_text("utf-8-sig").splitlines()
    assert head.endswith("as_of_today") and len(rows) == 12 and all("households" in row for row in rows)
    assert "has not the right" in str(typed("figures", "--from", start, "--by", "screen").exception)
    assert "range" in str(typed("figures", "--from", start, "--to", start, "--by", "head").exception)


def test_an_edition_whose_grids_overlap_is_asked_about_first(
    typed: Type, committed: Connection, tmp_path: Path
) -> None:
    out = tmp_path / "grids.geojson"
    assert typed("export", EDITION, out, "--edition").exit_code == 0
    committed.execute("UPDATE grid SET geom = st_translate(geom, 1e-5, 0) WHERE code = %s", (grid(2, 1),))
    no = typed("open", "x", "--by", "drawer", given="n\n")
    assert (no.exit_code, "overlap" in no.output, "gap" in no.output) == (1, True, True), no.output
    assert typed("import", out, "x", "--by", "drawer", given="n\n").exit_code == 1
    key = _key(typed("open", "x", "--by", "drawer", "--accept-repairs"))
    assert "0 errors" in typed("check", key).output
    assert _key(typed("open", "y", "--by", "drawer")) != key
    typed("import", out, "x", "--by", "drawer", "--yes")
