"""The sender: many endpoints at once, one letter after the other to each, and nothing lost when it is killed.

A channel is a *lane*. Whoever holds its lease alone takes the oldest letters of it and sends them in order, in a thread
of its own; the step over the database settles what came back, renews leases and takes more lanes. Letters are written
as `sending` before the first byte leaves: a sender that dies in between leaves its lanes to the next one, which sends
again under the same idempotency key.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from onemap.core.clock import now
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings.sending import circuit, outcome
from onemap.warnings.sending.adapter import Adapter, Answer, Letter, Way
from onemap.warnings.sending.channels import BY_KIND
from onemap.warnings.sending.post import Post
from onemap.warnings.timeline import alerts_of

#: A holder that neither settles nor renews for so long is taken for dead.
LEASE_S = 20.0
#: Endpoints in flight at once. Those whose last attempt failed get half of it at most: however many of them hang, the
#: healthy ones find room.
SLOTS = 256
#: Letters that a lane takes at once.
RUN = 16
EXPIRY_EVERY_S = 10.0


@dataclass
class Lane:
    """A channel that this sender holds, and the run of letters on its way."""

    id: int
    way: Way
    failures: int  # in a row, before this run
    letters: list[tuple[int, Letter]]
    until: float  # monotonic: after this somebody else may hold it
    answered: bool = False  # whether a letter of this run was taken
    ids: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Result:
    """What a thread hands back: an attempt of one letter, or (no answer) the end of the run with what it left."""

    lane: Lane
    delivery_id: int = 0
    answer: Answer | None = None
    left: tuple[int, ...] = ()


class Sender:
    """One per process. `step` is not to be called by two threads at once."""

    def __init__(
        self,
        *,
        slots: int = SLOTS,
        run: int = RUN,
        lease_s: float = LEASE_S,
        first_s: float = circuit.FIRST_S,
        post: Post | None = None,
        adapters: Mapping[str, Adapter] = BY_KIND,
        observe: Callable[[str, bool, float], None] | None = None,
    ) -> None:
        """`observe` hears of every attempt: channel kind, whether it was taken, seconds."""
        self.holder = str(uuid4())
        self._slots, self._run, self._lease_s, self._first_s = slots, run, lease_s, first_s
        self._adapters = adapters
        self._observe = observe or (lambda kind, ok, seconds: None)
        self._post = post or Post(connections=slots)
        self._results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self._lanes: dict[int, Lane] = {}
        self._renewed = self._expired = float("-inf")
        self._wake: Callable[[], None] = lambda: None
        self._stopped = False

    def wakes(self, event: threading.Event) -> None:
        """Set this event whenever something came back and wants a step."""
        self._wake = event.set

    def close(self) -> None:
        """Start no more sends; what is on its way ends within its time limits."""
        self._stopped = True

    @property
    def in_flight(self) -> int:
        """Lanes on their way."""
        return len(self._lanes)

    def step(self, conn: Connection) -> int:
        """Settle what came back, release what was held, take what is due; returns how much of it there was.

        Wants an autocommit connection: each part is a short transaction, and none is open while an endpoint is slow.
        """
        done = self._settle(conn)
        done += conn.execute(sql("send_release")).rowcount
        at = time.monotonic()
        if at - self._expired >= EXPIRY_EVERY_S:
            self._expired = at
            late = [row["id"] for row in conn.execute(sql("send_expired")).fetchall()]
            for ids in outcome.by_warning(conn, late):
                with conn.transaction():
                    outcome.hold(conn, ids)
                    # Read again under the locks: somebody may have sent one in between.
                    still = [(row["id"], row["error"]) for row in conn.execute(sql("send_expired")).fetchall()]
                    done += outcome.bury(conn, [one for one in still if one[0] in ids])
        self._renew(conn, at)
        return done + self._take(conn)

    def settle_all(self, conn: Connection, timeout_s: float) -> None:
        """Step until nothing is on its way and nothing is due."""
        until = time.monotonic() + timeout_s
        came = threading.Event()
        self.wakes(came)
        while True:
            came.clear()
            if not self.step(conn) and not self._lanes:
                return
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{self.in_flight} lanes are still on their way")
            if self._lanes:
                came.wait(left)

    # -- in the thread of the step ------------------------------------------------------------------------------------

    def _take(self, conn: Connection) -> int:
        free = self._slots - len(self._lanes)
        suspects = sum(1 for lane in self._lanes.values() if lane.failures)
        began = time.monotonic()
        with conn.transaction():
            claimed = self._claim(conn, free, suspect=False)
            claimed += self._claim(conn, min(free - len(claimed), self._slots // 2 - suspects), suspect=True)
            if not claimed:
                return 0
            taken = conn.execute(
                sql("send_take"),
                {
                    "channels": [row["id"] for row in claimed],
                    # One letter is enough to see whether an endpoint is back.
                    "lengths": [1 if row["failures"] else self._run for row in claimed],
                },
            ).fetchall()
            alerts = {alert["id"]: alert for alert in alerts_of(conn, sorted({row["alert_id"] for row in taken}))}
        letters: dict[int, list[tuple[int, Letter]]] = {}
        for row in sorted(taken, key=lambda row: row["id"]):
            letter = Letter(row["idempotency_key"], alerts[row["alert_id"]])
            letters.setdefault(row["channel_id"], []).append((row["id"], letter))
        for row in claimed:
            way = Way(row["kind"], row["url"], row["secret"])
            lane = Lane(row["id"], way, row["failures"], letters.get(row["id"], []), began + self._lease_s)
            self._lanes[lane.id] = lane
            # Not a pool's thread: one that hangs would hold up the end of the process.
            threading.Thread(target=self._send, args=(lane,), name=f"send {lane.id}", daemon=True).start()
        return len(taken)

    def _claim(self, conn: Connection, limit: int, *, suspect: bool) -> list[dict[str, Any]]:
        if limit <= 0:
            return []
        asked = {"suspect": suspect, "mine": list(self._lanes), "limit": limit}
        asked |= {"holder": self.holder, "lease_s": self._lease_s}
        return conn.execute(sql("send_claim"), asked).fetchall()

    def _renew(self, conn: Connection, at: float) -> None:
        if not self._lanes or at - self._renewed < self._lease_s / 4:
            return
        self._renewed = at
        asked = {"ids": list(self._lanes), "holder": self.holder, "lease_s": self._lease_s}
        for row in conn.execute(sql("send_renew"), asked).fetchall():
            self._lanes[row["id"]].until = at + self._lease_s

    def _settle(self, conn: Connection) -> int:
        results: list[Result] = []
        while True:
            try:
                results.append(self._results.get_nowait())
            except queue.Empty:
                break
        if not results:
            return 0
        try:
            self._write(conn, results)
        except Exception:
            # The database went away: what came back is written when it is here again.
            for result in results:
                self._results.put(result)
            raise
        for result in results:
            if result.answer is None:
                self._lanes.pop(result.lane.id, None)
        return len(results)

    def _write(self, conn: Connection, results: Sequence[Result]) -> None:
        lines: list[tuple[int, str, float | None, str | None]] = []
        lanes: dict[int, tuple[bool, int, float, str | None, bool]] = {}
        refused: dict[int, str] = {}
        for result in results:
            lane, answer = result.lane, result.answer
            ok, failed, wait_s, error, done = lanes.get(lane.id, (False, 0, 0.0, None, False))
            if answer is None:
                lines += [(left, "untried", None, None) for left in result.left]
                done = True
            elif answer.ok:
                lines.append((result.delivery_id, "ok", None, None))
                ok = True
            else:
                error = (answer.error or f"HTTP {answer.status}")[:500]
                refuses = circuit.refuses(answer)
                wait_s = self._wait_s(lane, answer, refuses=refuses)
                failed = 1
                lines.append((result.delivery_id, "failed", None if refuses else wait_s, error))
                if refuses:
                    refused[result.delivery_id] = error
            lanes[lane.id] = (ok, failed, wait_s, error, done)
        for ids in outcome.by_warning(conn, [line[0] for line in lines]):
            with conn.transaction():
                outcome.hold(conn, ids)
                settled = _settled(conn, [line for line in lines if line[0] in ids], self.holder)
                dead = [(row["id"], refused.get(row["id"], row["error"])) for row in settled
                        if row["what"] == "failed" and (row["id"] in refused or row["late"])]  # fmt: skip
                outcome.reached(conn, [(row["alert_id"], row["kind"]) for row in settled if row["what"] == "ok"], now())
                outcome.bury(conn, dead)
        # Last: a lane that is let go is at once somebody else's. A sender that dies before this leaves a lane whose
        # letters are settled; settling them again changes nothing.
        with conn.transaction():
            conn.execute("SELECT id FROM channel WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (list(lanes),))
            _lanes(conn, lanes, self.holder)

    def _wait_s(self, lane: Lane, answer: Answer, *, refuses: bool) -> float:
        """How long the endpoint is left alone after this failure."""
        failures = 1 if lane.answered else lane.failures + 1
        if refuses:
            # A letter that is refused holds nobody up; an endpoint that refuses one after the other is left alone, or
            # a wrong token would kill every letter that waits.
            failures -= circuit.OPEN_AFTER - 1
            if failures <= 0:
                return 0.0
        wait = circuit.wait_s(failures, random.random()) * (self._first_s / circuit.FIRST_S)  # noqa: S311  (spreads load)
        return wait if answer.retry_after_s is None else max(answer.retry_after_s, self._first_s / 2)

    # -- in the threads -----------------------------------------------------------------------------------------------

    def _send(self, lane: Lane) -> None:
        left = list(lane.letters)
        try:
            while left and not self._stopped and time.monotonic() < lane.until:
                delivery_id, letter = left[0]
                answer = self._attempt(lane.way, letter)
                left.pop(0)
                self._results.put(Result(lane, delivery_id, answer))
                if not answer.ok:
                    break
                lane.answered = True
                self._wake()
        finally:
            self._results.put(Result(lane, left=tuple(delivery_id for delivery_id, _ in left)))
            self._wake()

    def _attempt(self, way: Way, letter: Letter) -> Answer:
        began = time.monotonic()
        try:
            answer = self._adapters[way.kind].send(way, letter, self._post)
        except Exception as error:
            # An adapter's own mistake must cost neither the lane nor the letter: it is told and tried again.
            answer = Answer(0, f"{type(error).__name__}: {error}"[:300])
        self._observe(way.kind, answer.ok, time.monotonic() - began)
        return answer


def _settled(
    conn: Connection, lines: Sequence[tuple[int, str, float | None, str | None]], holder: str
) -> list[dict[str, Any]]:
    ordered = sorted(lines)
    asked = {
        "ids": [line[0] for line in ordered], "whats": [line[1] for line in ordered],
        "waits": [line[2] for line in ordered], "errors": [line[3] for line in ordered], "holder": holder,
    }  # fmt: skip
    return conn.execute(sql("send_settle"), asked).fetchall()


def _lanes(conn: Connection, lanes: Mapping[int, tuple[bool, int, float, str | None, bool]], holder: str) -> None:
    ordered = sorted(lanes.items())
    conn.execute(
        sql("send_lanes"),
        {
            "ids": [lane_id for lane_id, _ in ordered], "oks": [lane[0] for _, lane in ordered],
            "faileds": [lane[1] for _, lane in ordered], "waits": [lane[2] for _, lane in ordered],
            "errors": [lane[3] for _, lane in ordered], "dones": [lane[4] for _, lane in ordered], "holder": holder,
        },
    )  # fmt: skip


__all__ = ["LEASE_S", "Lane", "Sender"]
