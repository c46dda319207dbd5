"""A warning's life: claims hold it up, similar causes join it, and each change of it is told, alerted and called out.

A *claim* says: this claimant (a threshold, a rule, a fence, a message, a person) holds that this subject is at this
level. One open warning a subject (real and drill apart) stands at the worst of its claims and ends with the last.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from psycopg.types.json import Jsonb

from onemap.core.clock import now
from onemap.core.settings import CaseSettings
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings import alerting, episodes, place, wording
from onemap.warnings.calling import service as calling
from onemap.warnings.place import Place
from onemap.warnings.sending import ledger as sending
from onemap.warnings.standing import Standing, stand
from onemap.warnings.telling import messages
from onemap.warnings.timeline import record

Source = Literal["threshold", "rule", "fence", "cap", "manual", "drill"]
What = Literal["raised", "joined", "upgraded", "downgraded", "updated", "ended", "nothing"]
EndReason = Literal["fell_back", "ended", "cancelled", "expired"]

ACTOR = "system"
#: A rule that pushes its validity ahead a little at each look is told when the told one runs out; more is told at once.
SLIDE = timedelta(minutes=30)
#: Claimants whose word is news by itself: what they say is told even when the level stays.
SPOKEN = ("cap", "manual")
_PLAIN = re.compile(r"[A-Za-z0-9:._\-]{1,60}")


@dataclass(frozen=True)
class Claim:
    """That a subject is at a level, and why."""

    subject: str  # hazard:h12, grid:500…, sensor:…, feed:iot, fence:…, area:…, cell:…, cap:…
    claimant: str  # threshold:<hazard>, rule:<key>, fence:<key>, cap:<identifier>, manual:<uuid>
    level: int  # 1 is worst
    source: Source
    kind: str  # geohazard, rain, flood, fire, fence, feed, other
    cause: dict[str, Any]  # JSON; has text_zh and text_en: the why in one clause
    at: datetime  # source time of what says so
    since: datetime | None = None
    name: str | None = None  # of the place, for the title; else that of the subject
    geom_wkb: bytes | None = None  # WGS-84 (multi)polygon; else the place of the subject
    hazard_key: str | None = None
    rule_key: str | None = None
    onset_at: datetime | None = None
    valid_until: datetime | None = None
    actions: str | None = None
    drill_key: str | None = None  # a drill's claim never joins a real warning
    join: str | None = None  # claims with the same join key join one warning whatever their subjects
    anew: bool = False  # something happened again: opens what command had ended, at whatever level


@dataclass(frozen=True)
class Outcome:
    """What a claim or its end did."""

    what: What
    warning_key: str | None = None
    alert_ids: list[int] = field(default_factory=list)


def lock(conn: Connection, keys: Iterable[str]) -> None:
    """Take the turn of some subjects until the transaction ends; whoever claims for several takes all at once."""
    conn.execute(sql("claim_lock"), {"keys": sorted(set(keys))})


def claim(conn: Connection, said: Claim, clocks: CaseSettings, *, at: datetime | None = None) -> Outcome:
    """Hold a warning up, in the caller's transaction; the same claim again changes nothing.

    Raises NotFound (reason "place") when the subject is nowhere on the map and no geometry is given.
    """
    at = at or now()
    if said.valid_until is not None and said.valid_until <= at:
        return Outcome("nothing")
    drill = said.drill_key or ""
    if said.geom_wkb is not None:
        said = replace(said, geom_wkb=place.normal(said.geom_wkb))
    lock(conn, [said.subject])
    if said.join:
        lock(conn, [f"join:{said.join}"])
    asked = {"subject": said.subject, "claimant": said.claimant, "drill": drill}
    held = conn.execute(sql("claim_held"), asked).fetchone()
    if held is not None and held["warning_key"] is not None and not _differs(held, said):
        return Outcome("nothing", held["warning_key"])
    ground = _ground(conn, said, held)
    warning = conn.execute(sql("claim_open"), {**asked, "join": said.join}).fetchone()
    if held is not None and held["warning_key"] is None and warning is None:
        # A person ended the warning while this claim stood: falling or staying opens nothing again.
        if not said.anew and said.level >= held["level"]:
            if said.level != held["level"]:
                _write(conn, said, ground, None)
            return Outcome("nothing")
    if warning is None:
        return _raise(conn, said, ground, clocks, at)
    _write(conn, said, ground, warning["key"])
    joined = held is None or held["warning_key"] != warning["key"]
    moved = held is None or bytes(held["wkb"]) != ground.wkb
    told = said.source in SPOKEN
    return _settle(conn, dict(warning), clocks, at, joined=joined, moved=moved, told=told)


def release(
    conn: Connection, subject: str, claimant: str, reason: EndReason, clocks: CaseSettings,
    *, drill_key: str | None = None, at: datetime | None = None, text_zh: str = "", text_en: str = "",
) -> Outcome:  # fmt: skip
    """Let go of a claim: the warning falls to the worst that is left, or ends for this reason. Again: nothing."""
    at = at or now()
    asked = {"subject": subject, "claimant": claimant, "drill": drill_key or ""}
    lock(conn, [subject])
    held = conn.execute(sql("claim_held"), asked).fetchone()
    if held is None:
        return Outcome("nothing")
    if held["join_key"]:
        lock(conn, [f"join:{held['join_key']}"])
    conn.execute(sql("claim_drop"), asked)
    if held["warning_key"] is None:
        return Outcome("nothing")
    warning = conn.execute(sql("claim_warning"), {"key": held["warning_key"]}).fetchone()
    if warning is None or warning["state"] == "ended":
        return Outcome("nothing", held["warning_key"])
    return _settle(
        conn, dict(warning), clocks, at, moved=True, reason=reason, text_zh=text_zh, text_en=text_en,
    )  # fmt: skip


def finish(conn: Connection, key: str, reason: EndReason, at: datetime, actor: str, zh: str, en: str) -> None:
    """End an open warning whatever holds it up: written, told, its deliveries moot, its ladder closed."""
    conn.execute(sql("claim_silence"), {"warning": key})
    conn.execute(sql("warn_state"), {"key": key, "state": "ended", "at": at, "reason": reason})
    kind = reason if reason in ("cancelled", "expired") else "ended"
    record(conn, key, kind, actor, zh, en, at=at)
    messages.issue(conn, key, "expire" if reason == "expired" else "cancel", at, zh)
    ids = [row["id"] for row in alerting.hold(conn, [key])]
    if ids:
        sending.moot(conn, ids, reason)
    calling.closed(conn, key, at)


def expire(conn: Connection, clocks: CaseSettings, at: datetime) -> int:
    """Let go of the claims whose validity is over; returns how many."""
    due = conn.execute(sql("claim_expired"), {"at": at}).fetchall()
    if due:
        lock(conn, [row["subject"] for row in due])
    for row in sorted(due, key=lambda row: str(row["subject"])):  # as a batch of readings goes through its points
        release(conn, row["subject"], row["claimant"], "expired", clocks, drill_key=row["drill_key"] or None, at=at)
    return len(due)


def _ground(conn: Connection, said: Claim, held: Mapping[str, Any] | None) -> Place:
    if said.geom_wkb is not None:
        return Place(said.geom_wkb, said.name or said.subject.partition(":")[2], said.hazard_key)
    if held is not None:
        return Place(bytes(held["wkb"]), said.name or held["name"], said.hazard_key or held["hazard_key"])
    found = place.place_of(conn, said.subject, sensor_key=said.cause.get("sensor_key"))
    return Place(found.wkb, said.name or found.name, said.hazard_key or found.hazard_key, found.households,
                 found.residents)  # fmt: skip


def _differs(held: Mapping[str, Any], said: Claim) -> bool:
    """Whether a claim says something else than the one held; a newer reading of the same is not something else."""
    if (held["level"], held["onset_at"], held["valid_until"], held["actions"], held["join_key"]) != (
        said.level, said.onset_at, said.valid_until, said.actions, said.join,
    ):  # fmt: skip
        return True
    if said.name is not None and said.name != held["name"]:
        return True
    if said.geom_wkb is not None and said.geom_wkb != bytes(held["wkb"]):
        return True
    return said.source in SPOKEN and said.cause != held["cause"]


def _write(conn: Connection, said: Claim, ground: Place, warning_key: str | None) -> None:
    conn.execute(
        sql("claim_write"),
        {
            "subject": said.subject, "claimant": said.claimant, "drill": said.drill_key or "", "warning": warning_key,
            "join": said.join, "level": said.level, "source": said.source, "kind": said.kind,
            "cause": Jsonb(said.cause), "at": said.at, "since": said.since, "name": ground.name, "wkb": ground.wkb,
            "hazard": said.hazard_key or ground.hazard_key, "rule": said.rule_key, "onset_at": said.onset_at,
            "valid_until": said.valid_until, "actions": said.actions,
        },
    )  # fmt: skip


def _key(subject: str, drill: str) -> str:
    stem = subject.removeprefix("hazard:")
    if not _PLAIN.fullmatch(stem):
        stem = f"{subject.partition(':')[0][:20]}-{hashlib.sha256(subject.encode()).hexdigest()[:16]}"
    # The moment of writing, not that of the claim: a subject may be told of twice in one moment of a drill.
    return f"w:{stem}:{now():%Y%m%dT%H%M%S%fZ}{':drill' if drill else ''}"


def _raise(conn: Connection, said: Claim, ground: Place, clocks: CaseSettings, at: datetime) -> Outcome:
    drill = said.drill_key or ""
    key = _key(said.subject, drill)
    _write(conn, said, ground, key)
    attached = conn.execute(
        sql("claim_attach"), {"warning": key, "subject": said.subject, "drill": drill, "at": at}
    ).fetchall()
    claims = conn.execute(sql("claim_all"), {"warning": key}).fetchall() if attached else [_row(said, ground)]
    found = stand(claims, drill=bool(drill))
    wkb = place.union(bytes(one["wkb"]) for one in claims)
    households, residents = ground.households, ground.residents
    if households is None or residents is None:
        inside = place.counts(conn, wkb)
        households = inside[0] if households is None else households
        residents = inside[1] if residents is None else residents
    lon, lat, h3 = place.spot(wkb)
    episode = episodes.near(conn, key=key, kind=said.kind, drill=drill, at=at, wkb=wkb, lon=lon, lat=lat)
    conn.execute(
        sql("warn_raise"),
        {
            "key": key, "wkb": wkb, "h3": h3, "hazard_key": said.hazard_key or ground.hazard_key,
            "subject": said.subject, "kind": said.kind, "source": found.source, "rule_key": found.rule_key,
            "level": found.level, "title": found.title, "cause": Jsonb(found.cause), "at": at,
            "onset_at": found.onset_at, "valid_until": found.valid_until, "actions": found.actions,
            "episode": episode or f"e:{key}", "drill": bool(drill), "drill_key": said.drill_key,
            "households": households, "residents": residents,
        },
    )  # fmt: skip
    zh, en = wording.why_zh(found.cause), wording.why_en(found.cause)
    record(
        conn, key, "raised", ACTOR, f"发布{wording.level_zh(found.level)}预警：{zh}",
        f"Warning raised at {wording.level_en(found.level)}: {en}", at=at,
    )  # fmt: skip
    messages.issue(conn, key, "alert", at, zh)
    ids = _alert(conn, key, clocks, at)
    calling.begin(conn, key, at)
    return Outcome("raised", key, ids)


def _row(said: Claim, ground: Place) -> dict[str, Any]:
    """A claim that was just written, as `claim_all` would give it."""
    return {
        "subject": said.subject, "claimant": said.claimant, "level": said.level, "source": said.source,
        "cause": said.cause, "at": said.at, "name": ground.name, "wkb": ground.wkb, "rule_key": said.rule_key,
        "onset_at": said.onset_at, "valid_until": said.valid_until, "actions": said.actions,
    }  # fmt: skip


def _settle(
    conn: Connection, warning: dict[str, Any], clocks: CaseSettings, at: datetime,
    *, joined: bool = False, moved: bool = False, told: bool = False,
    reason: EndReason = "fell_back", text_zh: str = "", text_en: str = "",
) -> Outcome:  # fmt: skip
    """Bring an open, locked warning to where its claims have it."""
    key = warning["key"]
    claims = conn.execute(sql("claim_all"), {"warning": key}).fetchall()
    if not claims:
        default_zh, default_en = wording.ENDS[reason]
        finish(conn, key, reason, at, ACTOR, text_zh or default_zh, text_en or default_en)
        return Outcome("ended", key)
    found = stand(claims, warning["cause"], drill=bool(warning["drill"]))
    grown = _zone(conn, warning, claims) if moved else False
    what = _change(warning, found, told=told, moved=grown)
    if what is None:
        return Outcome("joined" if joined else "nothing", key)
    conn.execute(sql("warn_change"), _columns(warning, found, what, at))
    if what == "slid":  # told by `messages.retell` before the told validity is over
        return Outcome("joined" if joined else "nothing", key)
    _tell(conn, key, what, found, at, joined=joined, text_zh=text_zh, text_en=text_en)
    ids: list[int] = []
    if what == "upgraded" or grown:
        ids = _alert(conn, key, clocks, at)
    if what in ("upgraded", "downgraded") or grown:
        calling.begin(conn, key, at)
    return Outcome("joined" if joined and what == "updated" else what, key, ids)


def _zone(conn: Connection, warning: dict[str, Any], claims: Iterable[Mapping[str, Any]]) -> bool:
    """Set the union of the claims' zones and the counts in it; returns whether the zone became another."""
    rows = list(claims)
    wkb = place.union(bytes(one["wkb"]) for one in rows)
    if wkb == bytes(warning["wkb"]):
        return False
    warning["wkb"], warning["moved"] = wkb, True
    subjects = {one["subject"] for one in rows}
    own = _own(conn, rows) if len(subjects) == 1 else None
    inside = place.counts(conn, wkb)
    warning["households"] = own[0] if own and own[0] is not None else inside[0]
    warning["residents"] = own[1] if own and own[1] is not None else inside[1]
    return True


def _own(conn: Connection, rows: list[Mapping[str, Any]]) -> tuple[int | None, int | None] | None:
    hazard = rows[0]["hazard_key"]
    found = conn.execute("SELECT households, residents FROM hazard WHERE key = %s", (hazard,)).fetchone()
    return (found["households"], found["residents"]) if found else None


def _change(
    warning: Mapping[str, Any], found: Standing, *, told: bool, moved: bool
) -> Literal["upgraded", "downgraded", "updated", "slid"] | None:
    if found.level != warning["level"]:
        return "upgraded" if found.level < warning["level"] else "downgraded"
    columns = ("onset_at", "actions", "title", "rule_key", "source")
    other = any(getattr(found, name) != warning[name] for name in columns)
    spoke = found.cause != warning["cause"]
    until, was = found.valid_until, warning["valid_until"]
    if moved or other or (spoke and told):
        return "updated"
    if until == was:
        return "slid" if spoke else None
    if until is None or was is None or until < was or until - was >= SLIDE or told:
        return "updated"
    return "slid"


def _columns(warning: dict[str, Any], found: Standing, what: str, at: datetime) -> dict[str, Any]:
    moved = warning.get("moved", False)
    return {
        "key": warning["key"], "level": found.level, "title": found.title, "cause": Jsonb(found.cause),
        # A confirmation was of the level that was seen: a worse one asks for a new one.
        "state": "active" if what == "upgraded" else warning["state"],
        "at": warning["changed_at"] if what == "slid" else at, "source": found.source, "rule_key": found.rule_key,
        "onset_at": found.onset_at, "valid_until": found.valid_until, "actions": found.actions,
        "households": warning["households"], "residents": warning["residents"],
        "wkb": warning["wkb"] if moved else None, "h3": place.spot(warning["wkb"])[2] if moved else None,
    }  # fmt: skip


_VERBS: dict[str, tuple[str, str, messages.Told]] = {
    "upgraded": ("升级为", "Raised to", "upgrade"),
    "downgraded": ("降级为", "Lowered to", "downgrade"),
    "updated": ("更新：", "Updated at", "update"),
}


def _tell(
    conn: Connection, key: str, what: str, found: Standing, at: datetime, *, joined: bool, text_zh: str, text_en: str
) -> None:
    zh, en = text_zh or wording.why_zh(found.cause), text_en or wording.why_en(found.cause)
    verb_zh, verb_en, told = _VERBS[what]
    level_zh, level_en = wording.level_zh(found.level), wording.level_en(found.level)
    if joined and what == "updated":
        verb_zh, verb_en = "并入：", "Joined by another cause at"
    record(conn, key, what, ACTOR, f"{verb_zh}{level_zh}：{zh}", f"{verb_en} {level_en}: {en}", at=at)
    messages.issue(conn, key, told, at, zh)


def _alert(conn: Connection, key: str, clocks: CaseSettings, at: datetime) -> list[int]:
    """One alert for every team whose geofence meets the zone, with its deliveries."""
    teams = alerting.teams_of_zone(conn, key)
    if not teams:
        record(conn, key, "no_team", ACTOR, "没有队伍的责任围栏与威胁区相交，请人工指派",
               "No team's geofence meets the zone: assign one by hand", at=at)  # fmt: skip
        return []
    return sorted(alerting.alert_teams(conn, key, teams, clocks, origin="fence", at=at).values())
