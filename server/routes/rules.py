"""Rules: declared, checked, tried against the past, switched on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from onemap.core.errors import Unavailable
from onemap.core.policy import Grant, Right
from server.auth import Signed, require
from server.rule_models import DryRun, DryRunAsk, Rule, RuleCheck, RuleSpec, RuleSwitch

router = APIRouter(prefix="/rules", tags=["rules"])

Editor = Annotated[Grant, Depends(require(Right.RULES_EDIT))]


@router.get("", responses={200: {"model": list[Rule]}})
def listed(request: Request, grant: Signed) -> Response:
    """All rules, those that are on first."""
    raise Unavailable("This door is being built.")


@router.post("/check", responses={200: {"model": RuleCheck}})
def check(spec: RuleSpec, request: Request, grant: Editor) -> Response:
    """What is wrong with a declared rule; nothing is stored."""
    raise Unavailable("This door is being built.")


@router.post("/dry-run", responses={200: {"model": DryRun}})
def dry_run(ask: DryRunAsk, request: Request, grant: Editor) -> Response:
    """What a rule would have raised in the past days; nothing is stored, nobody is told."""
    raise Unavailable("This door is being built.")


@router.get("/{key}", responses={200: {"model": Rule}})
def one(key: str, request: Request, grant: Signed) -> Response:
    """One rule."""
    raise Unavailable("This door is being built.")


@router.put("/{key}", responses={200: {"model": Rule}})
def put(key: str, spec: RuleSpec, request: Request, grant: Editor) -> Response:
    """Make or change a rule. A changed rule is off until it is switched on again."""
    raise Unavailable("This door is being built.")


@router.post("/{key}/switch", responses={200: {"model": Rule}})
def switch(key: str, to: RuleSwitch, request: Request, grant: Editor) -> Response:
    """Switch a rule on, once this version was tried against the past, or off: its warnings then end."""
    raise Unavailable("This door is being built.")


@router.delete("/{key}", status_code=204)
def deleted(key: str, request: Request, grant: Editor) -> Response:
    """Take a rule of the page away. One that comes from a file can only be switched off."""
    raise Unavailable("This door is being built.")
