"""Incidents: the next step of the closed loop."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from onemap.core import clock
from onemap.core.errors import BadInput, Conflict, Forbidden, NotFound
from onemap.core.policy import Grant, Right, Role
from onemap.core.settings import CaseSettings
from onemap.layers import BY_NAME
from onemap.store import feature
from onemap.store.db import Connection
from onemap.store.feature import FeatureRow
from onemap.store.within import keys_within
from server.answer import Json
from server.auth import require
from server.models import IncidentState, StatusChange
from server.state import state_of

router = APIRouter(prefix="/incidents", tags=["incidents"])

ORDER = ("reported", "dispatched", "on_site", "resolved", "closed")
_SHOWN = (
    "key", "status", "team_key", "reported_at", "dispatched_at", "on_site_at", "resolved_at", "closed_at",
    "due_on_site_at", "due_resolved_at", "due_followup_at",
)  # fmt: skip


@router.post("/{key:path}/status", responses={200: {"model": IncidentState}})
def status(
    key: str,
    change: StatusChange,
    request: Request,
    grant: Annotated[Grant, Depends(require(Right.INCIDENTS_STATUS))],
) -> Response:
    """Take an incident one step further: reported, dispatched, on_site, resolved, closed. The same step again: nothing.

    `team_key` comes with `dispatched` alone, from command. A team moves only what was dispatched to it.
    """
    state = state_of(request)
    if grant.role is Role.TEAM and change.team_key is not None:
        raise Forbidden("A team does not send another one: that is command's.", reason="dispatch")
    with state.acting(grant) as conn:
        row = _locked(conn, key, grant)
        changes = step(row, change, clock.now(), state.settings.cases)
        if changes:
            feature.upsert(conn, BY_NAME["incident"], [FeatureRow(key, None, changes)], feed=row["feed"])
        return Json({name: changes.get(name, row[name]) for name in _SHOWN})


def step(row: dict[str, Any], change: StatusChange, now: datetime, cases: CaseSettings) -> dict[str, Any]:
    """The columns that this step changes; none when the incident stands there already. Raises Conflict, BadInput."""
    if change.team_key is not None and change.status != "dispatched":
        raise BadInput("A team is named with the status dispatched alone.", reason="team")
    present = row["status"] or ORDER[0]
    if change.status == present and change.team_key in (None, row["team_key"]):
        return {}
    if change.status != present:
        following = ORDER[min(ORDER.index(present) + 1, len(ORDER) - 1)]
        if change.status != following:
            raise Conflict(
                f"The incident is {present}; from there it goes to {following}, not to {change.status}."
                if following != present
                else f"The incident is {present}: nothing follows.",
                reason="order",
            )
    changes: dict[str, Any] = {"status": change.status, f"{change.status}_at": now}
    if change.status == "dispatched":
        # The clocks of the closed loop run from the dispatch: anew when another team is sent.
        changes["due_on_site_at"] = now + timedelta(seconds=cases.on_site_s)
        changes["due_resolved_at"] = now + timedelta(seconds=cases.resolved_s)
        changes["due_followup_at"] = now + timedelta(seconds=cases.followup_s)
        if change.team_key is not None:
            changes["team_key"] = change.team_key
    return changes


def _locked(conn: Connection, key: str, grant: Grant) -> dict[str, Any]:
    row = feature.find(conn, BY_NAME["incident"], key, lock=True)
    if row is None or not keys_within(conn, BY_NAME["incident"], [key], grant):
        raise NotFound("There is no such incident.", reason="incident")
    if grant.role is Role.TEAM and row["team_key"] != grant.team_key:
        raise Forbidden("This incident is not your team's.", reason="other-team")
    return row
