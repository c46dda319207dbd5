"""Rules: declared, checked, tried against the past, switched on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from threading import BoundedSemaphore
from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Depends, Request, Response

from onemap.core.errors import BadInput, Forbidden, TooManyRequests
from onemap.core.policy import Grant, Right
from onemap.layers import BY_NAME
from onemap.store.db import Connection
from onemap.store.within import keys_within
from onemap.warnings.rules import book
from onemap.warnings.rules.check import problems_of
from onemap.warnings.rules.dryrun import dry_run as tried_against
from onemap.warnings.rules.ground import Subject, subjects_of
from onemap.warnings.rules.spec import parse
from server import sight
from server.answer import Json
from server.auth import Signed, require
from server.rule_models import DryRun, DryRunAsk, Rule, RuleCheck, RuleSpec, RuleSwitch
from server.ruling import around
from server.state import state_of

router = APIRouter(prefix="/rules", tags=["rules"])

#: A dry-run keeps a processor busy for seconds: more than so many at once are told to wait.
_TRYING = BoundedSemaphore(2)

Editor = Annotated[Grant, Depends(require(Right.RULES_EDIT))]


@router.get("", responses={200: {"model": list[Rule]}})
def listed(request: Request, grant: Signed) -> Response:
    """All rules, those that are on first."""
    with state_of(request).reading() as conn:
        return Json([_seen(conn, rule, grant) for rule in book.listed(conn)])


@router.post("/check", responses={200: {"model": RuleCheck}})
def check(spec: RuleSpec, request: Request, grant: Editor) -> Response:
    """What is wrong with a declared rule; nothing is stored."""
    here = state_of(request)
    known = around(here.settings.zone)
    rule = parse(spec.model_dump())
    problems = problems_of(rule, feeds=frozenset(known.feeds), surfaces=known.surfaces)
    subjects = 0
    if not any(problem.where == "where" for problem in problems):
        with here.reading() as conn:
            subjects = sum(_inside(grant)(one) for one in subjects_of(conn, rule, feeds=known.titles))
    return Json({"problems": [asdict(problem) for problem in problems], "subjects": subjects})


@router.post("/dry-run", responses={200: {"model": DryRun}})
def dry_run(ask: DryRunAsk, request: Request, grant: Editor) -> Response:
    """What a rule would have raised in the past days; nobody is told.

    Of a stored rule, by its key or declared just as it is stored, it is noted that this version was tried.
    """
    here = state_of(request)
    if (ask.spec is None) == (ask.key is None):
        raise BadInput("Name a rule by its key, or declare one.", reason="rule")
    if not _TRYING.acquire(blocking=False):
        raise TooManyRequests("Other rules are being tried: try again in a moment.")
    try:
        with here.reading() as conn:
            rule = parse(ask.spec.model_dump()) if ask.spec else book.rule_of(conn, ask.key or "")[0]
            known = around(here.settings.zone)
            found = tried_against(conn, rule, known, days=ask.days, subject=ask.subject, keep=_inside(grant))
            version = book.version_like(conn, rule)
    finally:
        _TRYING.release()
    if version is not None and ask.subject is None and grant.area_wkb is None:
        with here.acting(grant) as conn:
            book.tried(conn, rule.key, version)
    return Json(found)


@router.get("/{key}", responses={200: {"model": Rule}})
def one(key: str, request: Request, grant: Signed) -> Response:
    """One rule."""
    with state_of(request).reading() as conn:
        return Json(_seen(conn, book.one(conn, key), grant))


@router.put("/{key}", responses={200: {"model": Rule}})
def put(key: str, spec: RuleSpec, request: Request, grant: Editor) -> Response:
    """Make or change a rule. A changed rule is off until it is switched on again."""
    if spec.key != key:
        raise BadInput("The rule's key and the address differ.", reason="key")
    _whole_city(grant)
    here = state_of(request)
    with here.acting(grant) as conn:
        return Json(book.put(conn, parse(spec.model_dump()), grant.subject, here.settings.cases))


@router.post("/{key}/switch", responses={200: {"model": Rule}})
def switch(key: str, to: RuleSwitch, request: Request, grant: Editor) -> Response:
    """Switch a rule on, once this version was tried against the past, or off: its warnings then end."""
    _whole_city(grant)
    here = state_of(request)
    with here.acting(grant) as conn:
        return Json(book.switch(conn, key, to.enabled, grant.subject, here.settings.cases))


@router.delete("/{key}", status_code=204)
def deleted(key: str, request: Request, grant: Editor) -> Response:
    """Take a rule of the page away. One that comes from a file can only be switched off."""
    _whole_city(grant)
    here = state_of(request)
    with here.acting(grant) as conn:
        book.delete(conn, key, grant.subject, here.settings.cases)
    return Response(status_code=204)


def _whole_city(grant: Grant) -> None:
    """A rule is the whole city's: who sees a part of it may read and try rules, but not change them."""
    if grant.area_wkb is not None:
        raise Forbidden("Rules are of the whole city, and this account is of a part of it.", reason="area")


def _inside(grant: Grant) -> Callable[[Subject], bool]:
    """Whether an object is the asker's to see; a feed has no place and is everybody's who may edit rules."""
    if grant.area_wkb is None:
        return lambda _: True
    area = shapely.from_wkb(grant.area_wkb)
    shapely.prepare(area)

    def inside(one: Subject) -> bool:
        if one.key.startswith("feed:"):
            return True
        return bool(area.intersects(one.geom if one.geom is not None else shapely.Point(one.lon, one.lat)))

    return inside


def _seen(conn: Connection, rule: dict[str, Any], grant: Grant) -> dict[str, Any]:
    """The rule with the open warnings that the asker may see."""
    if grant.area_wkb is None and sight.sees(grant, "warning"):
        return rule
    keys = book.open_warnings(conn, rule["key"]) if sight.sees(grant, "warning") else []
    return rule | {"open_warnings": len(keys_within(conn, BY_NAME["warning"], keys, grant)) if keys else 0}
