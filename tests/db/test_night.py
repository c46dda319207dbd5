"""A disaster night: many hazard points warned over hours, three teams in ten silent, whole chains among them, duties
handed over and worked out anew at eight, a worker that is killed again and again.

At every instant after its chain of deadlines, every grid of every open warning has somebody who answered, or its
warning is in the loudest state; and whatever the map calls answered was answered, by the responders' own log.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shapely.geometry import MultiPolygon, Point, box

from onemap.core.errors import Conflict
from onemap.core.settings import CaseSettings
from onemap.store.db import Connection, connect
from onemap.store.feature import FeatureRow
from onemap.warnings import ledger, lifecycle
from onemap.warnings.calling import desk, service, template
from onemap.warnings.calling.ladder import RUNGS
from onemap.warnings.calling.roster import Duty
from tests.db.call_ground import DISTRICT, LAT, LON, SIDE, T0, put

CLOCKS = CaseSettings()
START = T0 + timedelta(hours=4)
TICK_S = 60
HOURS = 9  # from midnight to 9:00: the day's teams come on at 8:00
STREETS, COMMUNITIES, GRIDS = 3, 3, 3  # of each above
HAZARDS = 32
SILENT, DECLINES, FORGETS = 0.3, 0.05, 0.25
#: Nobody at all answers in one street, nor at the district's desk, in these hours.
DEAD = (START + timedelta(hours=2), START + timedelta(hours=4))
LONGEST_OUTAGE_S = 4 * TICK_S


@dataclass
class Night:
    """The night with what the responders themselves remember of it."""

    dsn: str
    rng: random.Random
    conn: Connection
    at: datetime = START
    said: dict[tuple[str, str, int], datetime] = field(default_factory=dict)  # (warning, team, level) → newest answer
    doing: list[tuple[datetime, str, int]] = field(default_factory=list)  # what responders will do
    asked: set[tuple[int, datetime]] = field(default_factory=set)  # (alert, deadline) they have heard of
    open: dict[str, tuple[str, int]] = field(default_factory=dict)  # hazard → (warning, level)
    handed: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    seen: Counter[str] = field(default_factory=Counter)


def street(n: int) -> str:
    return f"{DISTRICT}{n + 1:03d}"


def codes() -> list[tuple[str, str, str]]:
    """(street, community, grid) of every grid, from west to east."""
    return [
        (street(s), f"{street(s)}{c + 1:03d}", f"{street(s)}{c + 1:03d}{g + 1:03d}")
        for s in range(STREETS)
        for c in range(COMMUNITIES)
        for g in range(GRIDS)
    ]


def build(conn: Connection, rng: random.Random) -> None:
    """The city, its hazard points and its rosters: with and without a second rank, with gaps, with none at all."""
    grids = codes()
    spans: dict[str, list[int]] = defaultdict(list)
    for n, (s, c, _) in enumerate(grids):
        for code in (DISTRICT, s, c):
            spans[code].append(n)
    areas = []
    for code, own in spans.items():
        level = {6: "district", 9: "street", 12: "community"}[len(code)]
        shape = MultiPolygon([box(LON + own[0] * SIDE, LAT, LON + (own[-1] + 1) * SIDE, LAT + SIDE)])
        parent = None if level == "district" else code[:-3]
        areas.append(FeatureRow(code, shape, {"level": level, "code": code, "parent_code": parent, "name": code}))
    put(conn, "area", *areas)
    duties: list[tuple[str, Duty]] = []
    teams: list[str] = []
    for n, (_, community, code) in enumerate(grids):
        night, day, second = f"n{n}", f"d{n}", f"s{n}"
        teams += [night, day, second]
        shape = MultiPolygon([box(LON + n * SIDE, LAT, LON + (n + 1) * SIDE, LAT + SIDE)])
        attributes = {"code": code, "name": f"网格{n}", "community_code": community, "team_key": night}
        put(conn, "grid", FeatureRow(f"g:{code}", shape, attributes))
        if n % 5:  # every fifth has no roster and falls to its own team
            hours = "20-8" if n % 7 else "22-6"  # some have gaps
            duties += [(code, Duty(night, hours=hours)), (code, Duty(day, hours="8-20"))]
            if n % 2:
                duties.append((code, Duty(second, rank=2)))
    for code in spans:
        if code != street(2):  # one street's desk has nobody at all
            teams += [f"w{code}", f"v{code}"]
            duties += [(code, Duty(f"w{code}", hours="20-8")), (code, Duty(f"v{code}", hours="8-20"))]
    put(conn, "team", *(FeatureRow(key, Point(LON, LAT), {"name": key, "kind": "grid"}) for key in teams))
    desk.put(conn, duties)
    for n in range(HAZARDS):
        x, y = LON + rng.uniform(0.1, len(grids) - 0.1) * SIDE, LAT + rng.uniform(0.2, 0.8) * SIDE
        zone = MultiPolygon([Point(x, y).buffer(rng.choice((0.001, 0.004, 0.02)), quad_segs=4)])
        put(conn, "hazard", FeatureRow(f"h{n}", Point(x, y), {"name": f"隐患点{n}", "kind": "landslide"}))
        put(conn, "hazard_zone", FeatureRow(f"z{n}", zone, {"hazard_key": f"h{n}"}))


def silent(night: Night, team: str) -> bool:
    """Whether a team that is called says nothing: by chance, or because its whole street is cut off."""
    if DEAD[0] <= night.at < DEAD[1] and (street(0) in team or DISTRICT == team[1:] or team[1:] in _dead_grids()):
        return True
    return night.rng.random() < SILENT


def _dead_grids() -> set[str]:
    return {str(n) for n, (s, _, _) in enumerate(codes()) if s == street(0)}


def weather(night: Night) -> None:
    """Points are warned, get worse, get better."""
    hazard = f"h{night.rng.randrange(HAZARDS)}"
    known = night.open.get(hazard)
    if known is None:
        level = night.rng.choice((1, 2, 2, 3))
    elif night.rng.random() < 0.25:
        lifecycle.release(night.conn, f"hazard:{hazard}", "manual:night", "fell_back", CLOCKS, at=night.at)
        del night.open[hazard]
        return
    else:
        level = max(1, min(4, known[1] + night.rng.choice((-1, -1, 1))))
    claim = lifecycle.Claim(
        f"hazard:{hazard}", "manual:night", level, "manual", "geohazard",
        {"text_zh": "裂缝扩大", "text_en": "the crack widens"}, night.at, hazard_key=hazard,
    )  # fmt: skip
    done = lifecycle.claim(night.conn, claim, CLOCKS, at=night.at)
    key = done.warning_key or (known[0] if known else "")
    night.seen[done.what] += 1
    night.open[hazard] = (key, level)


def hear(night: Night) -> None:
    """Responders look at their alerts: whoever is asked anew decides what to do about it, and when."""
    rows = night.conn.execute(
        "SELECT a.id, a.team_key, a.answer_due_at, a.acknowledged_at FROM alert a "
        "JOIN warning w ON w.key = a.warning_key "
        "WHERE a.answer_due_at > %s AND w.state <> 'ended'",
        (night.at,),
    ).fetchall()
    for row in rows:
        if (row["id"], row["answer_due_at"]) in night.asked:
            continue
        night.asked.add((row["id"], row["answer_due_at"]))
        if silent(night, row["team_key"]):
            night.seen["silence"] += 1
            continue
        wait = timedelta(seconds=night.rng.uniform(5, 400))  # some answer when they were given up already
        what = "decline" if night.rng.random() < DECLINES else "again" if row["acknowledged_at"] else "here"
        night.doing.append((night.at + wait, what, row["id"]))
        if what == "here" and night.rng.random() > FORGETS:
            night.doing.append((night.at + wait + timedelta(seconds=600), "again", row["id"]))


def act(night: Night) -> None:
    """Responders do what is due, and write it into their own log."""
    due = sorted(one for one in night.doing if one[0] <= night.at)
    night.doing = [one for one in night.doing if one[0] > night.at]
    for _, what, alert in due:
        row = night.conn.execute("SELECT warning_key, team_key, level FROM alert WHERE id = %s", (alert,)).fetchone()
        assert row is not None
        team = row["team_key"]
        try:
            if what == "decline":
                ledger.decline(night.conn, alert, team, team, at=night.at)
                continue
            (ledger.confirm_again if what == "again" else ledger.acknowledge)(
                night.conn, alert, team, team, at=night.at
            )
        except Conflict:
            continue
        night.said[row["warning_key"], team, row["level"]] = night.at
        night.seen[what] += 1


def hand_over(night: Night) -> None:
    """Somewhere a duty goes to another team."""
    code = night.rng.choice([grid for _, _, grid in codes()] + [street(0), street(1), DISTRICT])
    there = desk.organisations(night.conn, night.at, code=code)[0]["on_duty"]
    if there:
        other = f"s{night.rng.randrange(len(codes()))}"
        if other not in {one["team_key"] for one in there}:
            night.seen["handed"] += desk.hand_over(
                night.conn, code, there[0]["team_key"], other, "换班", "night", night.at
            )
            night.handed[code].append(night.at)


def check(night: Night) -> None:
    """The promise, grid by grid, with the responders' log on one side and the map on the other."""
    warnings = {
        row["key"]: row
        for row in night.conn.execute("SELECT key, level, calling FROM warning WHERE state <> 'ended'").fetchall()
    }
    called: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in night.conn.execute("SELECT calling_id, team_key, alert_id, level, rung FROM call").fetchall():
        called[row["calling_id"]].append(row)
    levels = {row["id"]: row["level"] for row in night.conn.execute("SELECT id, level FROM alert").fetchall()}
    grids = night.conn.execute("SELECT * FROM calling WHERE warning_key = ANY(%s)", (list(warnings),)).fetchall()
    assert {row["warning_key"] for row in grids} == {key for key, row in warnings.items()}
    for grid in grids:
        warning = warnings[grid["warning_key"]]
        there = [
            night.said.get((grid["warning_key"], call["team_key"], levels[call["alert_id"]]), T0 - timedelta(days=1))
            for call in called[grid["id"]]
            if call["team_key"] and call["level"] == grid["level"]
        ]
        answered = any(when >= grid["asked_at"] for when in there)
        if grid["state"] in ("answered", "confirmed"):
            assert answered, ("the map says answered and nobody did", grid)
        elif warning["calling"] != "unanswered" and not answered:
            assert night.at <= latest(night, grid), ("nobody answered and the map is quiet", night.at, grid, warning)
        night.seen[grid["state"]] += 1
        night.seen["late answers"] += answered and grid["state"] == "calling"


def latest(night: Night, grid: dict[str, Any]) -> datetime:
    """When the last rung of a grid's chain has run out at the latest, by the rosters and not by the ladder."""
    pace = template.book().pace("631", grid["level"])
    assert pace is not None
    ranks = dict(zip(RUNGS, (2, 1, 1, 1), strict=True))
    chain_s = sum(pace.answer_s[n] * ranks[rung] for n, rung in enumerate(RUNGS))
    eight = T0 + timedelta(hours=12)
    if grid["asked_at"] < eight < grid["asked_at"] + timedelta(seconds=2 * chain_s):
        chain_s += sum(pace.answer_s)  # whoever comes on at eight is asked as well
    orgs = [grid[name] for name in ("grid_code", "community_code", "street_code", "district_code")]
    chain_s += sum(max(pace.answer_s) for org in orgs for when in night.handed.get(org, ()) if when >= grid["asked_at"])
    steps = 6 + sum(ranks.values())
    slack_s = steps * TICK_S + LONGEST_OUTAGE_S * 2
    return grid["asked_at"] + timedelta(seconds=pace.start_s + chain_s + slack_s)


def worker(night: Night) -> None:
    """A step; now and then the worker dies before it has committed, and another one starts."""
    if night.rng.random() < 0.1:
        dying = connect(night.dsn)
        service.step(dying, night.at)
        dying.close()  # nothing was committed
        night.seen["restarts"] += 1
        if night.rng.random() < 0.5:
            return  # and the next one comes with the next tick
    service.step(night.conn, night.at)


def test_no_hazard_point_is_without_an_answer_unless_it_is_loud(dsn: str) -> None:
    rng = random.Random(20260701)
    with connect(dsn, autocommit=True) as conn:
        with conn.transaction():
            build(conn, rng)
        night = Night(dsn, rng, conn)
        for tick in range(HOURS * 3600 // TICK_S):
            night.at = START + timedelta(seconds=tick * TICK_S)
            if rng.random() < 0.13:
                with conn.transaction():
                    weather(night)
            if rng.random() < 0.06:
                with conn.transaction():
                    hand_over(night)
            worker(night)
            hear(night)
            act(night)
            if tick % 4 == 0:
                check(night)
        rungs = Counter(row["rung"] for row in conn.execute("SELECT rung FROM call WHERE state = 'silent'").fetchall())
        kinds = Counter(row["kind"] for row in conn.execute("SELECT kind FROM alert_event").fetchall())
    # The night was one: every rung was silent somewhere, some grids were loud, second confirmations were missed.
    assert set(rungs) == set(RUNGS) and night.seen["unanswered"] > 8, (rungs, night.seen)
    assert night.seen["raised"] >= 25 and night.seen["upgraded"] >= 8 and night.seen["restarts"] >= 30, night.seen
    assert kinds["second_missing"] > 5 and kinds["handed_over"] > 3 and kinds["no_duty"] > 2, kinds
    assert night.seen["confirmed"] > 100 and night.seen["silence"] > 100, night.seen
