"""Plans in the database: opened, edited, undone and done again, by two at once, rebased and merged."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
import shapely
from shapely import box, intersection

from onemap.core.errors import BadInput, Conflict, NotFound
from onemap.planning import book, log, rebase
from onemap.planning import coverage as ops
from onemap.planning.coverage import Coverage, Refused
from onemap.planning.grounds import coverage_of_edition, packed, unpacked
from onemap.planning.workspace import Workspaces, coverage_at, workspaces
from onemap.store.db import Connection, acting, connect
from tests.db.plans_ground import EAST, EDITION, STREET, WEST, city_anew, grid, grids, in_force, named, split
from tests.unit.plan_ground import LAT, LON, STEP, drawn, judged


@pytest.fixture
def plans(committed: Connection) -> Iterator[Connection]:
    """A connection to the small city; nothing is left of an earlier test."""
    city_anew(committed)
    yield committed


def made(conn: Connection, name: str = "方案", **more: str) -> str:
    with acting(conn, "p1"):
        return str(book.open_plan(conn, name, "p1", **more)["key"])  # type: ignore[arg-type]


def edit(conn: Connection, key: str, version: int, operation: dict[str, object], by: str = "p1") -> book.Done:
    with acting(conn, by):
        done = book.edit(conn, key, version, operation, by)
    return done


def now(conn: Connection, key: str) -> Coverage:
    return coverage_at(conn, key, book.plan(conn, key)["version"])


def whole(conn: Connection) -> shapely.Geometry:
    return shapely.coverage_union_all((cov := coverage_of_edition(conn, EDITION)).polygons(cov.faces))


def test_an_edit_is_saved_with_its_version_and_its_history(plans: Connection) -> None:
    key = made(plans)
    before = drawn(now(plans, key))
    done = edit(plans, key, 0, split(1, 1))
    assert done.workspace.version == 1
    assert done.delta.touched >= {grid(1, 1), "~1"}
    found = book.plan(plans, key)
    assert (found["version"], found["edits"], found["state"], found["base"]) == (1, 1, "draft", EDITION)
    [line] = log.history(plans, key, limit=10)
    assert line["text"] == {"zh": "拆分 g1-1", "en": "Split g1-1"}
    assert (line["by"], line["kind"], line["op"], line["counts"]) == ("p1", "edit", "split", True)
    assert len(now(plans, key).faces) == len(before) + 1
    judged(now(plans, key), whole(plans))
    # Another process reads the same from the log alone.
    assert drawn(Workspaces().get(plans, found).cov) == drawn(done.workspace.cov)


def test_a_refused_edit_changes_nothing(plans: Connection) -> None:
    key = made(plans)
    with pytest.raises(Refused) as refused:
        edit(plans, key, 0, {"op": "split", "grid": grid(1, 1), "line": [[LON - 1, LAT], [LON - 2, LAT]]})
    assert refused.value.reason == "no-cut"
    with pytest.raises(Refused) as refused:
        edit(plans, key, 0, {"op": "merge", "grids": [grid(2, 1), grid(3, 1)]})
    assert refused.value.reason == "border"
    with pytest.raises(BadInput, match="t9"):
        edit(plans, key, 0, {"op": "describe", "grid": grid(1, 1), "team_key": "t9"})
    assert book.plan(plans, key)["version"] == 0


def test_trying_saves_nothing(plans: Connection) -> None:
    key = made(plans)
    done = book.edit(plans, key, 0, split(1, 1), "p1", dry=True)
    assert len(done.workspace.cov.faces) == 25
    assert book.plan(plans, key)["version"] == 0
    assert len(now(plans, key).faces) == 24


def test_undo_and_redo_at_any_depth(plans: Connection) -> None:
    key = made(plans)
    states = [drawn(now(plans, key))]
    for version, operation in enumerate(
        [split(1, 1), {"op": "merge", "grids": ["~1", grid(0, 1)]}, named(1, 1, "甲"), split(3, 2)]
    ):
        edit(plans, key, version, operation)
        states.append(drawn(now(plans, key)))
    version = 4
    for state in reversed(states[:-1]):
        with acting(plans, "p1"):
            version = book.undo(plans, key, version, "p1").workspace.version
        assert drawn(now(plans, key)) == state
    with pytest.raises(NotFound), acting(plans, "p1"):
        book.undo(plans, key, version, "p1")
    assert book.plan(plans, key)["edits"] == 0
    for state in states[1:]:
        with acting(plans, "p1"):
            version = book.redo(plans, key, version, "p1").workspace.version
        assert drawn(now(plans, key)) == state
    with pytest.raises(NotFound), acting(plans, "p1"):
        book.redo(plans, key, version, "p1")
    # Undone once more, a new edit takes the place of what could be done again.
    with acting(plans, "p1"):
        version = book.undo(plans, key, version, "p1").workspace.version
    edit(plans, key, version, named(0, 0, "新"))
    assert book.steps(plans, key, "p1")[1] is None


def test_each_planner_undoes_the_own_edits(plans: Connection) -> None:
    key = made(plans)
    edit(plans, key, 0, split(1, 1), "p1")
    edit(plans, key, 1, split(4, 2), "p2")
    with acting(plans, "p1"):
        done = book.undo(plans, key, 2, "p1")
    assert done.zh == "撤销：拆分 g1-1"
    cov = now(plans, key)
    assert "~1" not in cov.faces
    assert "~2" in cov.faces
    undo, redo = book.steps(plans, key, "p2")
    assert undo is not None
    assert undo.zh == "拆分 g4-2"
    assert redo is None


def test_an_undo_under_anothers_edit_of_the_same_ground_says_who_and_what(plans: Connection) -> None:
    key = made(plans)
    edit(plans, key, 0, split(1, 1), "p1")
    edit(plans, key, 1, {"op": "merge", "grids": ["~1", grid(0, 1)]}, "p2")
    with pytest.raises(Conflict, match=r"p2 .*合并") as clash, acting(plans, "p1"):
        book.undo(plans, key, 2, "p1")
    assert clash.value.reason == "conflict"
    assert book.plan(plans, key)["version"] == 2
    with acting(plans, "p2"):
        book.undo(plans, key, 2, "p2")
    with acting(plans, "p1"):
        book.undo(plans, key, 3, "p1")
    assert drawn(now(plans, key)) == drawn(coverage_of_edition(plans, EDITION))


def test_two_planners_on_one_version_clash_only_over_the_same_ground(plans: Connection) -> None:
    key = made(plans)
    edit(plans, key, 0, split(1, 1), "p1")
    other = edit(plans, key, 0, split(4, 2), "p2")
    # The answer leads from the version that the other saw to the new one.
    assert {face.id for face in other.delta.faces} >= {grid(1, 1), grid(4, 2), "~1", "~2"}
    assert other.behind
    with pytest.raises(Conflict, match=r"p1 .*「拆分 g1-1」"):
        edit(plans, key, 0, split(1, 1, 0.3), "p2")
    # A name and a border of one grid do not disturb one another; nor do far corners of the same one.
    edit(plans, key, 1, named(1, 1, "改名"), "p2")
    assert now(plans, key).faces[grid(1, 1)].props["name"] == "改名"
    judged(now(plans, key), whole(plans))


def test_what_another_locked_since_is_not_changed(plans: Connection) -> None:
    key = made(plans)
    edit(plans, key, 0, {"op": "describe", "grid": grid(1, 1), "locked": True}, "p2")
    with pytest.raises(Conflict, match=r"p2 .*锁定"):
        edit(plans, key, 0, split(1, 1), "p1")
    with pytest.raises(Refused) as refused:
        edit(plans, key, 1, split(1, 1), "p1")
    assert refused.value.reason == "locked"


def test_edits_of_many_at_once_are_each_saved_once(plans: Connection, dsn: str) -> None:
    key = made(plans)
    failed: list[BaseException] = []

    def work(column: int) -> None:
        try:
            with connect(dsn, autocommit=True) as own:
                for row in range(4):
                    edit(own, key, 0, named(column, row, f"n{column}{row}"), f"p{column}")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(column,)) for column in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
    found = book.plan(plans, key)
    assert (found["version"], found["edits"]) == (24, 24)
    names = {face.props["name"] for face in now(plans, key).faces.values()}
    assert names == {f"n{column}{row}" for column in range(6) for row in range(4)}


def test_a_transaction_that_is_rolled_back_leaves_nothing_in_memory(plans: Connection) -> None:
    key = made(plans)
    edit(plans, key, 0, named(0, 0, "一"))
    with pytest.raises(ZeroDivisionError), acting(plans, "p1"):
        done = book.edit(plans, key, 1, named(0, 0, "二"), "p1")
        workspaces.get(plans, book.plan(plans, key))
        assert done.workspace.version == 2
        raise ZeroDivisionError
    edit(plans, key, 1, named(0, 0, "三"))
    found = book.plan(plans, key)
    assert found["version"] == 2
    assert workspaces.get(plans, found).cov.faces[grid(0, 0)].props["name"] == "三"


def test_an_edit_waits_for_another_only_so_long(plans: Connection, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = made(plans)
    monkeypatch.setattr(log, "LOCK_S", 1)
    with connect(dsn) as other:
        other.execute("SELECT FROM plan WHERE key = %s FOR UPDATE", (key,))
        with pytest.raises(psycopg.errors.LockNotAvailable):
            edit(plans, key, 0, split(1, 1))
        other.rollback()
    edit(plans, key, 0, split(1, 1))


def test_since_is_one_difference(plans: Connection) -> None:
    key = made(plans)
    start = now(plans, key)
    for version, operation in enumerate([split(1, 1), named(4, 2, "乙"), {"op": "merge", "grids": [grid(1, 1), "~1"]}]):
        edit(plans, key, version, operation, "p2")
    done = book.since(plans, key, 0)
    start.patch(done.delta)
    assert drawn(start) == drawn(now(plans, key))
    with pytest.raises(Conflict) as reload:
        book.since(plans, key, 4)
    assert reload.value.reason == "reload"


def test_a_scope_is_a_plan_of_its_own_grids_and_the_whole_knows_its_corners(plans: Connection) -> None:
    key = made(plans, scope=WEST)
    cov = now(plans, key)
    assert {face.community for face in cov.faces.values()} == {WEST}
    with pytest.raises(Refused) as refused:
        edit(plans, key, 0, split(4, 2))
    assert refused.value.reason == "no-face"
    # A line that ends on the border of the scope puts a corner there, which the grid beyond has to share.
    edit(plans, key, 0, split(2, 1, 0.3))
    assert drawn(book.coverage_of(plans, key)) == drawn(now(plans, key))
    found = book.whole_of(plans, key)
    judged(found, whole(plans))
    assert len(found.faces) == 25
    assert book.plan(plans, key)["scope_name"] == "区001"


def test_an_area_sees_plans_whose_scope_lies_in_it(plans: Connection) -> None:
    keys = [made(plans), made(plans, scope=WEST), made(plans, scope=EAST)]
    west = coverage_of_edition(plans, EDITION)
    inside = [face.id for face in west.faces.values() if face.community == WEST]
    area = shapely.to_wkb(shapely.multipolygons([shapely.coverage_union_all(west.polygons(inside)).buffer(1e-5)]))
    assert [one["key"] for one in book.listed(plans, area=area)] == [keys[1]]
    for key in (keys[0], keys[2]):
        with pytest.raises(NotFound):
            book.edit(plans, key, 0, split(4, 2), "p1", area=area)
    with pytest.raises(NotFound):
        book.open_plan(plans, "x", "p1", scope=STREET, area=area)
    with pytest.raises(BadInput):
        book.open_plan(plans, "x", "p1", area=area)
    assert book.open_plan(plans, "x", "p1", scope=WEST, area=area)["scope"] == WEST


def test_a_submitted_plan_is_not_edited_and_a_rejected_one_is(plans: Connection) -> None:
    key = made(plans)
    edit(plans, key, 0, split(1, 1))
    with acting(plans, "p1"):
        assert book.set_state(plans, key, "submitted", "p1")["submitted_by"] == "p1"
    for act in (
        lambda: book.edit(plans, key, 1, split(4, 1), "p1"),
        lambda: book.undo(plans, key, 1, "p1"),
        lambda: rebase.rebase(plans, key, 1, "p1"),
        lambda: book.discard(plans, key, "p1"),
    ):
        with pytest.raises(Conflict) as state, acting(plans, "p1"):
            act()
        assert state.value.reason == "state"
    with acting(plans, "c1"):
        found = book.set_state(plans, key, "rejected", "c1")
    assert (found["state"], found["decided_by"]) == ("draft", "c1")
    edit(plans, key, 1, split(4, 1))
    with acting(plans, "p1"):
        assert book.set_state(plans, key, "submitted", "p1")["decided_by"] is None
        with pytest.raises(Conflict):
            book.set_state(plans, key, "published", "p1")


def test_rebasing_replays_every_edit_or_says_which_do_not_fit(plans: Connection) -> None:
    key = made(plans)
    edit(plans, key, 0, split(1, 1))
    edit(plans, key, 1, named(5, 3, "角"))
    edit(plans, key, 2, split(3, 2), "p2")
    newer = coverage_of_edition(plans, EDITION)
    newer.patch(ops.split(newer, grid(3, 2), [[LON + 3.5 * STEP, LAT], [LON + 3.5 * STEP, LAT + 4 * STEP]]))
    renumbered = Coverage.from_polygons(
        [
            face if not face.id.startswith("~") else type(face)(f"{EAST}099", face.props)
            for face in newer.faces.values()
        ],
        newer.polygons(newer.faces),
    )
    with acting(plans, "test"):
        grids(plans, "e2", instead=renumbered)
        in_force(plans, "e2")
    assert book.plan(plans, key)["behind"]
    with acting(plans, "p1"):
        found = rebase.rebase(plans, key, 3, "p1")
    assert found.version is None
    assert [(one.version, one.entry.by, one.reason) for one in found.misfits] == [(3, "p2", "changed")]
    assert found.misfits[0].where is not None
    assert book.plan(plans, key)["base"] == EDITION
    with acting(plans, "p1"):
        found = rebase.rebase(plans, key, 3, "p1", skip=[3])
    assert (found.version, found.applied) == (4, 2)
    after = book.plan(plans, key)
    assert (after["base"], after["behind"], after["edits"]) == ("e2", False, 2)
    lines = {one["version"]: (one["counts"], one["left_out"]) for one in log.history(plans, key, limit=9)}
    assert (lines[2], lines[3]) == ((True, False), (False, True))
    cov = now(plans, key)
    assert {"~1", f"{EAST}099"} <= set(cov.faces)
    assert cov.faces[grid(5, 3)].props["name"] == "角"
    judged(cov, whole(plans))
    with pytest.raises(Conflict) as reload:
        book.since(plans, key, 2)
    assert reload.value.reason == "reload"
    # What was done before can still be undone, and new grids get names of their own.
    edit(plans, key, 4, split(0, 0))
    for _ in range(3):
        with acting(plans, "p1"):
            book.undo(plans, key, book.plan(plans, key)["version"], "p1")
    assert drawn(now(plans, key)) == drawn(coverage_of_edition(plans, "e2"))


def test_an_edit_of_a_grid_that_is_no_more_is_told_who_has_its_ground(plans: Connection) -> None:
    """One grid went whole into its neighbour; another was shared out between two, and a sliver of it to a third."""
    key = made(plans)
    edit(plans, key, 0, split(1, 1))
    edit(plans, key, 1, {"op": "merge", "grids": [grid(1, 1), grid(1, 2)]})
    edit(plans, key, 2, named(4, 2, "旧"))
    newer = coverage_of_edition(plans, EDITION)
    newer.patch(ops.merge(newer, [grid(0, 1), grid(1, 1)]))
    ground = newer.polygon(grid(4, 2))
    west, south, east, north = ground.bounds
    for part, heir in ((0.03, grid(4, 1)), (0.6, grid(3, 2))):
        cut = south + part * (north - south) if heir == grid(4, 1) else west + part * (east - west)
        taken = box(west, south, east, cut) if heir == grid(4, 1) else box(west, south, cut, north)
        newer.patch(ops.reassign(newer, intersection(taken, newer.polygon(grid(4, 2))), heir))
    newer.patch(ops.merge(newer, [grid(5, 2), grid(4, 2)]))
    with acting(plans, "test"):
        grids(plans, "e2", instead=newer)
        in_force(plans, "e2")
    with acting(plans, "p1"):
        found = rebase.rebase(plans, key, 3, "p1")
    lost = {one.version: one for one in found.misfits}
    assert [lost[n].reason for n in (1, 2, 3)] == ["gone"] * 3 and found.version is None
    assert [(one.grid, [(heir.grid, heir.share) for heir in one.into]) for one in lost[1].became] == [
        (grid(1, 1), [(grid(0, 1), 1.0)])
    ]
    (shared,) = lost[3].became
    assert shared.grid == grid(4, 2) and [heir.grid for heir in shared.into] == [grid(3, 2), grid(5, 2)]
    # By what the map itself says of the two editions.
    for heir in shared.into:
        row = plans.execute(
            "SELECT st_area(st_intersection(o.geom, n.geom)::geography) / st_area(o.geom::geography) AS share, n.name "
            "FROM grid o, grid n WHERE o.edition = %s AND o.code = %s AND n.edition = 'e2' AND n.code = %s",
            (EDITION, grid(4, 2), heir.grid),
        ).fetchone()
        assert row is not None and heir.share == pytest.approx(row["share"], abs=1e-4) and heir.name == row["name"]


def test_merging_takes_what_the_other_did_after_they_parted(plans: Connection) -> None:
    key = made(plans)
    edit(plans, key, 0, split(1, 1))
    edit(plans, key, 1, named(0, 0, "旧"))
    with acting(plans, "p2"):
        other = str(book.copy_plan(plans, key, "副本", "p2")["key"])
    edit(plans, other, 2, split(4, 2), "p2")
    edit(plans, other, 3, split(1, 2), "p2")
    edit(plans, key, 2, split(1, 2, 0.3), "p1")
    with acting(plans, "p1"):
        found = rebase.merge(plans, key, 3, other, "p1")
    assert found.version is None
    assert [(one.version, one.entry.zh) for one in found.misfits] == [(4, "拆分 g1-2")]
    with acting(plans, "p1"):
        found = rebase.merge(plans, key, 3, other, "p1", skip=[4])
    assert (found.version, found.applied) == (4, 1)
    cov = now(plans, key)
    judged(cov, whole(plans))
    assert len(cov.faces) == 27
    with acting(plans, "p1"):
        book.undo(plans, key, 4, "p1")
    assert len(now(plans, key).faces) == 26
    with pytest.raises(Conflict), acting(plans, "p1"):
        rebase.merge(plans, key, 4, other, "p1")  # the screen is a version behind


def test_merging_again_takes_what_came_after_the_last_merge(plans: Connection) -> None:
    key = made(plans)
    with acting(plans, "p2"):
        other = str(book.copy_plan(plans, key, "副本", "p2")["key"])
    edit(plans, key, 0, split(4, 2))  # so that what is new there has another name here
    edit(plans, other, 0, split(1, 1), "p2")
    edit(plans, other, 1, split(1, 2), "p2")
    edit(plans, other, 2, named(0, 0, "旧"), "p2")
    with acting(plans, "p1"):
        assert rebase.merge(plans, key, 1, other, "p1", skip=[3]).applied == 2
    edit(plans, other, 3, {"op": "merge", "grids": ["~1", grid(0, 1)]}, "p2")
    with acting(plans, "p2"):
        edit(plans, other, 4, split(5, 0), "p2")
        book.undo(plans, other, 5, "p2")
        book.undo(plans, other, 6, "p2")
    edit(plans, other, 7, {"op": "merge", "grids": ["~2", grid(2, 2)]}, "p2")
    with acting(plans, "p1"):
        found = rebase.merge(plans, key, 2, other, "p1")
    assert (found.applied, found.misfits) == (1, ())
    with pytest.raises(Conflict) as nothing, acting(plans, "p1"):
        rebase.merge(plans, key, 3, other, "p1")
    assert nothing.value.reason == "nothing"
    # The way back: what came from there is not brought there again, and what is new here is known by its name there.
    with acting(plans, "p2"):
        assert rebase.merge(plans, other, 8, key, "p2").applied == 1
    edit(plans, key, 3, {"op": "merge", "grids": ["~2", grid(0, 1)]})  # there it is ~1
    with acting(plans, "p2"):
        found = rebase.merge(plans, other, 9, key, "p2")
    assert (found.applied, found.misfits) == (1, ())
    mine, theirs = now(plans, key), now(plans, other)
    judged(mine, whole(plans))
    grounds = [sorted(ground for ground, _ in drawn(cov).values()) for cov in (mine, theirs)]
    assert grounds[0] == grounds[1]
    names = [cov.faces[grid(0, 0)].props["name"] for cov in (mine, theirs)]
    assert names[0] != names[1] == "旧"  # what was left out stays out


def test_merging_takes_an_undo_of_the_common_past_too(plans: Connection) -> None:
    key = made(plans)
    edit(plans, key, 0, split(1, 1))
    edit(plans, key, 1, named(0, 0, "旧"))
    with acting(plans, "p1"):
        other = str(book.copy_plan(plans, key, "副本", "p1")["key"])
        book.undo(plans, other, 2, "p1")
        book.undo(plans, other, 3, "p1")
        found = rebase.merge(plans, key, 2, other, "p1")
    assert found.applied == 2
    assert drawn(now(plans, key)) == drawn(coverage_of_edition(plans, EDITION))


def test_a_plan_begins_with_an_imported_coverage(plans: Connection) -> None:
    start = coverage_of_edition(plans, EDITION)
    start.patch(ops.merge(start, [grid(0, 0), grid(0, 1)]))
    with acting(plans, "p1"):
        found = book.import_plan(
            plans, "导入", None, list(start.faces.values()), list(start.polygons(start.faces)), "p1"
        )
    assert (found["version"], found["edits"]) == (1, 1)
    assert drawn(now(plans, found["key"])) == drawn(start)
    edit(plans, found["key"], 1, split(4, 2))
    judged(now(plans, found["key"]), whole(plans))


def test_a_long_log_is_read_from_a_ground_not_far_below(plans: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "GROUND_EVERY", 3)
    key = made(plans)
    kept = []
    for version in range(8):
        operation = named(0, 0, f"n{version}") if version % 2 else split(version % 6, 1 + version // 6, 0.4)
        edit(plans, key, version, operation)
        kept.append(book.step(plans))
    assert kept == [0, 0, 1, 0, 0, 1, 0, 0]
    version, raw = log.ground(plans, key, 8)
    assert version == 6
    assert packed(unpacked(raw)) == raw
    assert Workspaces().get(plans, book.plan(plans, key)).cov.next_id() == "~5"


def test_what_a_grid_is_compared_with_the_edition(plans: Connection) -> None:
    key = made(plans)
    done = edit(plans, key, 0, split(1, 1))
    assert done.workspace.changed(done.workspace.cov.faces) == {grid(1, 1), "~1"}
    done = edit(plans, key, 1, {"op": "describe", "grid": grid(0, 0), "locked": True})
    assert grid(0, 0) not in done.workspace.changed([grid(0, 0)])
    done = edit(plans, key, 2, named(0, 0, "新名"))
    assert grid(0, 0) in done.workspace.changed([grid(0, 0)])
