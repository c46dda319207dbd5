"""Random planners on the plans of an edition, through the book: edits on what each saw, undo, redo, branches merged."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import h3
import shapely
from shapely.geometry import mapping

from onemap.core.errors import OnemapError
from onemap.layers import BY_NAME
from onemap.planning import book, log, rebase
from onemap.planning.coverage import Coverage, Delta, FaceId, Refused
from onemap.planning.grounds import database, unpacked
from onemap.planning.log import New
from onemap.planning.workspace import coverage_at, workspaces
from onemap.store import feature
from onemap.store.db import Connection, acting
from onemap.store.feature import FeatureRow
from tests.coverage_play import KINDS, Asked, Draw, Play, performed
from tests.db.plans_ground import in_force


def edition(conn: Connection, name: str, cov: Coverage, streets: Any) -> None:
    """Put a coverage into the database as the edition in force, with streets to snap to."""
    with acting(conn, "test"):
        feature.upsert(conn, BY_NAME["grid"], [
            FeatureRow(f"{name}/{face.id}", cov.polygon(face.id),
                       {"edition": name, "code": face.id, "kind": "unit", "community_code": face.community})
            for face in cov.faces.values()
        ], feed="test")  # fmt: skip
        feature.upsert(conn, BY_NAME["road"], [
            FeatureRow(f"{name}/{n}", shapely.multilinestrings(shapely.get_parts(line)), {"class": "primary"})
            for n, line in enumerate(streets)
        ], feed="test")  # fmt: skip
        in_force(conn, name)


@dataclass
class Screen:
    """What a planner sees of a plan: brought forward by nothing but differences."""

    version: int
    cov: Coverage

    def hear(self, delta: Delta, version: int) -> None:
        """Apply a difference that leads to a version."""
        self.cov.patch(delta)
        self.version = version


@dataclass
class Planners:
    """Planners with a screen each; `draw` gives numbers from 0 to 1. Counts what came of each kind of step."""

    conn: Connection
    draw: Draw
    screens: dict[tuple[str, str], Screen] = field(default_factory=dict)
    count: Counter[tuple[str, str]] = field(default_factory=Counter)

    def open(self, by: str) -> str:
        """A plan on the edition in force."""
        with acting(self.conn, by):
            return str(book.open_plan(self.conn, "p", by)["key"])

    def branch(self, key: str, by: str) -> str:
        """A plan branched off another one."""
        with acting(self.conn, by):
            return str(book.copy_plan(self.conn, key, "b", by)["key"])

    def screen(self, key: str, by: str, *, fresh: bool = True) -> Screen:
        """What a planner sees; `fresh`: after hearing what others did."""
        screen = self.screens.get((key, by))
        if screen is None:
            version = book.plan(self.conn, key)["version"]
            screen = self.screens[key, by] = Screen(version, coverage_at(self.conn, key, version))
        elif fresh:
            for entry in log.entries(self.conn, key, after=screen.version):
                assert entry.delta is not None
                screen.hear(entry.delta, entry.version)
        return screen

    def step(self, key: str, by: str) -> None:
        """Let a planner do something, seen on a screen that is behind now and then."""
        screen = self.screen(key, by, fresh=self.draw() < 0.7)
        play = Play(screen.cov, self.draw)
        name = play.pick([*KINDS, "paint", "undo", "undo", "redo"])
        try:
            with acting(self.conn, by):
                done = self._asked(name, play, key, screen.version, by)
        except OnemapError as error:
            self.count[name, error.reason or error.code] += 1
            return
        workspaces.keep(database(self.conn), done.workspace)
        screen.hear(done.delta, done.workspace.version)
        self.count[name, "done"] += 1

    def write(self, key: str, by: str) -> None:
        """Let the only planner of a plan do something, and write of it what the book writes, without weighing it."""
        screen = self.screen(key, by, fresh=False)
        play = Play(screen.cov, self.draw)
        name = play.pick([*KINDS, "undo", "undo", "redo"])
        try:
            if name in ("undo", "redo"):
                last = (log.undoable if name == "undo" else log.redoable)(self.conn, key, by)
                if last is None:
                    raise Refused("nothing")
                delta = log.delta_of(self.conn, key, last.applied).reversed()
                new = New(by, name, last.zh, last.en, delta, of=last.version)
            else:
                delta = performed(screen.cov, name, KINDS[name](play))
                new = New(by, "edit", name, name, delta, name)
        except Refused as refused:
            self.count[name, refused.reason] += 1
            return
        with self.conn.transaction():
            version, _ = log.add(self.conn, {"key": key, "version": screen.version}, new)
        screen.hear(delta, version)
        self.count[name, "done"] += 1

    def _asked(self, name: str, play: Play, key: str, version: int, by: str) -> book.Done:
        if name == "undo":
            return book.undo(self.conn, key, version, by)
        if name == "redo":
            return book.redo(self.conn, key, version, by)
        asked = dict(_painted(play) if name == "paint" else KINDS[name](play))
        if name == "replace":
            return book.adopt(self.conn, key, version, asked["grids"], asked["parts"], ("重划", "Redrawn"), by)
        if "area" in asked:
            asked["area"] = mapping(asked["area"])
        if name == "snap":
            asked = {**asked, "lines": None, "to": ["roads"]}
        return book.edit(self.conn, key, version, {**asked, "op": "reassign" if name == "paint" else name}, by)

    def merge(self, key: str, other: str, by: str) -> tuple[int, int]:
        """Merge a plan into one, without the edits that do not fit: how many were taken, how many were not."""
        version = self.screen(key, by).version
        with acting(self.conn, by):
            found = rebase.merge(self.conn, key, version, other, by)
        left = [one.version for one in found.misfits]
        if left:
            assert found.version is None and book.plan(self.conn, key)["version"] == version
            with acting(self.conn, by):
                found = rebase.merge(self.conn, key, version, other, by, skip=left)
        assert not found.misfits
        return found.applied, len(left)

    def replayed(self, key: str) -> tuple[Coverage, list[bytes]]:
        """A plan from its beginning, by its log alone, and the differences."""
        start, raw = log.ground(self.conn, key, 0)
        cov, deltas = unpacked(raw), []
        for entry in log.entries(self.conn, key, after=start):
            assert entry.delta is not None
            cov.patch(entry.delta)
            deltas.append(entry.delta.to_bytes())
        return cov, deltas


def _painted(play: Play) -> Asked:
    """Cells beside a border, given to the grid on the other side."""
    face: FaceId = play.face()
    lon, lat = play.near(play.corner(face), face, 0.2)
    cell = h3.latlng_to_cell(lat, lon, play.pick([10, 11, 12]))
    return {"to": play.beside(face), "cells": h3.grid_disk(cell, play.pick([0, 1]))}
