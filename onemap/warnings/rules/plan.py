"""A rule that is on: its objects, wires and memory, and whom each new reading concerns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg.types.json import Jsonb

from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings.rules.around import Around
from onemap.warnings.rules.engine import Compiled, Memory, compiled
from onemap.warnings.rules.ground import Subject, subjects_of
from onemap.warnings.rules.machine import LevelState
from onemap.warnings.rules.spec import parse
from onemap.warnings.rules.steps import instant, micros
from onemap.warnings.rules.supply import Supply


@dataclass
class Plan:
    """One rule as the follower runs it."""

    key: str
    version: int
    ready: Compiled
    supply: Supply
    memory: dict[str, Memory]
    subjects: dict[str, Subject]
    by_stream: dict[int, list[str]]
    told_at: dict[str, int] = field(default_factory=dict)  # when a standing claim was last laid, µs
    unknown: dict[str, tuple[str, ...]] = field(default_factory=dict)  # inputs without data

    @classmethod
    def made(cls, conn: Connection, row: Mapping[str, Any], around: Around, now: int) -> Plan:
        """The plan of a stored rule, with what it remembers; a rule that was just switched on begins now."""
        rule = parse(row["spec"])
        subjects = subjects_of(conn, rule, feeds=around.titles)
        supply = Supply.wired(conn, rule, subjects, around)
        start = min(now, micros(row["frontier_at"])) if row["frontier_at"] is not None else now
        memory = {one.key: Memory(start) for one in subjects}
        kept = conn.execute("SELECT * FROM rule_state WHERE rule_key = %s", (rule.key,)).fetchall()
        for state in kept:
            if state["subject"] in memory:
                memory[state["subject"]] = read_memory(state, start)
        by_stream: dict[int, list[str]] = {}
        for subject, wires in supply.wires.items():
            for stream in {i for wire in wires.values() for i in wire.ids}:
                by_stream.setdefault(stream, []).append(subject)
        named = {one.key: one for one in subjects}
        return cls(rule.key, row["version"], compiled(rule), supply, memory, named, by_stream)

    @property
    def clocked(self) -> bool:
        """Whether all inputs go by our own clock, so that nothing can come late."""
        return all(one.kind == "feed" for one in self.ready.rule.inputs)

    @property
    def eventful(self) -> bool:
        """Whether any input is no reading."""
        return any(one.kind != "reading" for one in self.ready.rule.inputs)

    def write(self, conn: Connection, subjects: Iterable[str]) -> None:
        """Keep what is remembered of some subjects."""
        rows = [(subject, self.memory[subject]) for subject in sorted(subjects)]
        if not rows:
            return
        conn.execute(
            sql("rule_state_write"),
            {
                "rule": self.key,
                "subjects": [subject for subject, _ in rows],
                "ats": [instant(memory.at) for _, memory in rows],
                "worst": [memory.level for _, memory in rows],
                "levels": [Jsonb(_written(memory)) for _, memory in rows],
            },
        )


def _written(memory: Memory) -> dict[str, list[Any]]:
    return {str(level): [one.since, one.met, one.raised] for level, one in memory.levels.items()}


def read_memory(row: Mapping[str, Any], start: int) -> Memory:
    """A subject's memory as it was written; it never goes back behind its own instant."""
    levels = {int(level): LevelState(*state) for level, state in row["levels"].items()}
    return Memory(max(start, micros(row["last_at"])), levels)
