"""The book of rules: what is declared, which version stands, who changed it, and whether it is on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from onemap.core.clock import now
from onemap.core.errors import BadInput, Conflict, NotFound
from onemap.core.settings import CaseSettings
from onemap.store import changelog
from onemap.store.db import Connection, acting
from onemap.store.sqlfile import sql
from onemap.warnings import lifecycle
from onemap.warnings.rules.check import problems_of
from onemap.warnings.rules.declared import Declared
from onemap.warnings.rules.spec import Rule, parse

#: Rules that one map can hold.
MOST_RULES = 500


def listed(conn: Connection) -> list[dict[str, Any]]:
    """All rules as the doors give them, those that are on first."""
    return [_entry(row) for row in conn.execute(sql("rule_list"), {"key": None}).fetchall()]


def one(conn: Connection, key: str) -> dict[str, Any]:
    """One rule as in the list. Raises NotFound."""
    return _entry(_row(conn, key))


def rule_of(conn: Connection, key: str) -> tuple[Rule, int]:
    """The rule that stands under a key, and its version. Raises NotFound."""
    row = _row(conn, key)
    return parse(row["spec"]), row["version"]


def put(conn: Connection, rule: Rule, actor: str, clocks: CaseSettings) -> dict[str, Any]:
    """Make or change a rule of the page: it is off, and its warnings end. The same again changes nothing.

    Raises Conflict for a rule that comes from a file, and when there are too many.
    """
    with acting(conn, actor):
        stands = conn.execute("SELECT origin, spec FROM rule WHERE key = %s FOR UPDATE", (rule.key,)).fetchone()
        if stands is not None and stands["origin"] == "file":
            raise Conflict("This rule comes from a file: copy it under another key.", reason="file-rule")
        if stands is None:
            held = conn.execute("SELECT count(*) AS n FROM rule").fetchone()
            if held is not None and held["n"] >= MOST_RULES:
                raise Conflict(f"There are {MOST_RULES} rules already: delete one first.", reason="many-rules")
        if stands is None or stands["spec"] != _json(rule):
            forget(conn, rule.key, clocks, "规则已修改，待重新启用", "The rule was changed and is off for now")
            _write(conn, rule, "page", actor, enabled=False)
        return one(conn, rule.key)


def sync(conn: Connection, files: Iterable[Declared], clocks: CaseSettings) -> int:
    """Bring the rules of files into the book: new ones as the file says, changed ones stay on or off. Returns changes.

    A file that is gone takes its rule along. A rule made on the page under the same key keeps its place.
    """
    done, keys = 0, []
    with acting(conn, "file"):
        conn.execute("SELECT pg_advisory_xact_lock(hashtext('onemap.rules.sync'))")
        for declared in files:
            rule = declared.rule
            keys.append(rule.key)
            stands = conn.execute("SELECT origin, spec, enabled FROM rule WHERE key = %s", (rule.key,)).fetchone()
            if stands is None:
                usable = not problems_of(rule)
                _write(conn, rule, "file", "file", enabled=declared.enabled and usable)
            elif stands["origin"] == "file" and stands["spec"] != _json(rule):
                forget(conn, rule.key, clocks, "规则文件已更新", "The rule's file was changed")
                _write(conn, rule, "file", "file", enabled=stands["enabled"] and not problems_of(rule))
            else:
                continue
            done += 1
        gone = conn.execute("SELECT key FROM rule WHERE origin = 'file' AND NOT key = ANY(%s)", (keys,)).fetchall()
        for row in gone:
            _delete(conn, row["key"], "file", clocks)
    return done + len(gone)


def switch(conn: Connection, key: str, on: bool, actor: str, clocks: CaseSettings) -> dict[str, Any]:
    """Switch a rule on or off; again: the same. Off, its warnings end.

    Raises NotFound; BadInput (reason "rule") while it has problems; Conflict (reason "dry-run") when this version was
    never tried against the past.
    """
    with acting(conn, actor):
        row = conn.execute("SELECT * FROM rule WHERE key = %s FOR UPDATE", (key,)).fetchone()
        if row is None:
            raise _unknown()
        if on and not row["enabled"]:
            problems = problems_of(parse(row["spec"]))
            if problems:
                raise BadInput(f"{problems[0].where}: {problems[0].message}", reason="rule")
            if row["dry_run_at"] is None:
                raise Conflict(
                    "请先用历史数据试运行这一版 · try this version against the past first.", reason="dry-run"
                )
        if on != row["enabled"]:
            if not on:
                forget(conn, key, clocks, "规则已停用", "The rule was switched off")
            conn.execute("UPDATE rule SET enabled = %s, frontier_at = NULL WHERE key = %s", (on, key))
            _announce(conn, key, "on" if on else "off", actor)
        return one(conn, key)


def delete(conn: Connection, key: str, actor: str, clocks: CaseSettings) -> None:
    """Take a rule of the page away; its warnings end. Raises NotFound, Conflict for a rule of a file."""
    with acting(conn, actor):
        row = conn.execute("SELECT origin FROM rule WHERE key = %s FOR UPDATE", (key,)).fetchone()
        if row is None:
            raise _unknown()
        if row["origin"] == "file":
            raise Conflict("This rule comes from a file: it can only be switched off.", reason="file-rule")
        _delete(conn, key, actor, clocks)


def tried(conn: Connection, key: str, version: int, at: datetime | None = None) -> None:
    """Note that this version was tried against the past."""
    conn.execute("UPDATE rule SET dry_run_at = %s WHERE key = %s AND version = %s", (at or now(), key, version))


def open_warnings(conn: Connection, key: str) -> list[str]:
    """The keys of the warnings that a rule holds open."""
    rows = conn.execute("SELECT key FROM warning WHERE rule_key = %s AND state <> 'ended'", (key,)).fetchall()
    return [row["key"] for row in rows]


def version_like(conn: Connection, rule: Rule) -> int | None:
    """The version that stands under the rule's key, if it says exactly this."""
    row = conn.execute("SELECT version, spec FROM rule WHERE key = %s", (rule.key,)).fetchone()
    return row["version"] if row is not None and row["spec"] == _json(rule) else None


def versions(conn: Connection, key: str) -> list[dict[str, Any]]:
    """Every version of a rule, newest first: who changed it, when, and what it said (nothing: deleted)."""
    return conn.execute(
        "SELECT version, spec, changed_at, changed_by FROM rule_version WHERE key = %s ORDER BY version DESC", (key,)
    ).fetchall()


def forget(conn: Connection, key: str, clocks: CaseSettings, text_zh: str, text_en: str) -> int:
    """Let go of everything the rule holds up, and of what it remembers. Returns how many claims it held."""
    held = conn.execute("DELETE FROM rule_state WHERE rule_key = %s RETURNING subject, level", (key,)).fetchall()
    raised = sorted(row["subject"] for row in held if row["level"] is not None)
    for subject in raised:
        lifecycle.release(conn, subject, f"rule:{key}", "ended", clocks, text_zh=text_zh, text_en=text_en)
    return len(raised)


def _delete(conn: Connection, key: str, actor: str, clocks: CaseSettings) -> None:
    forget(conn, key, clocks, "规则已删除", "The rule was deleted")
    conn.execute(
        "INSERT INTO rule_version (key, version, spec, changed_at, changed_by) "
        "SELECT key, version + 1, NULL, clock_timestamp(), %s FROM rule WHERE key = %s",
        (actor, key),
    )
    conn.execute("DELETE FROM rule WHERE key = %s", (key,))
    _announce(conn, key, "deleted", actor)


def _write(conn: Connection, rule: Rule, origin: str, actor: str, *, enabled: bool) -> None:
    spec = Jsonb(_json(rule))
    written = conn.execute(
        sql("rule_put"), {"key": rule.key, "spec": spec, "origin": origin, "enabled": enabled, "actor": actor}
    ).fetchone()
    assert written is not None  # noqa: S101  (RETURNING gives the row)
    conn.execute(
        "INSERT INTO rule_version (key, version, spec, changed_at, changed_by) "
        "VALUES (%s, %s, %s, clock_timestamp(), %s)",
        (rule.key, written["version"], spec, actor),
    )
    _announce(conn, rule.key, "changed", actor)


def _announce(conn: Connection, key: str, what: str, actor: str) -> None:
    changelog.log_event(conn, "rule", key, {"what": what, "by": actor})


def _row(conn: Connection, key: str) -> Mapping[str, Any]:
    row = conn.execute(sql("rule_list"), {"key": key}).fetchone()
    if row is None:
        raise _unknown()
    return row


def _unknown() -> NotFound:
    return NotFound("There is no such rule.", reason="rule")


def _entry(row: Mapping[str, Any]) -> dict[str, Any]:
    rule = parse(row["spec"])
    standing = {name: value for name, value in row.items() if name not in ("key", "spec")}
    return _json(rule) | standing | {"problems": [asdict(problem) for problem in problems_of(rule)]}


def _json(rule: Rule) -> dict[str, Any]:
    """The rule as it comes back from JSONB: lists for tuples, so that equal rules are equal."""
    return {name: _plain(value) for name, value in rule.plain().items()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return value
