"""A rule's word: the claim that it lays on a warning, with what it read and since when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from onemap.warnings.lifecycle import Claim
from onemap.warnings.rules.engine import Step
from onemap.warnings.rules.ground import Subject
from onemap.warnings.rules.spec import Input, Rule
from onemap.warnings.rules.steps import instant
from onemap.warnings.rules.supply import Supply

#: Sensors named in a cause.
_NAMED = 5


def claim_of(supply: Supply, subject: Subject, step: Step) -> Claim:
    """The claim of a rule that stands at a level since this step."""
    rule = supply.rule
    assert step.level is not None  # noqa: S101  (a step to no level is a release)
    at = instant(step.at)
    return Claim(
        subject=subject.key,
        claimant=f"rule:{rule.key}",
        level=step.level,
        source="rule",
        kind=rule.kind,
        cause=cause_of(supply, subject, step),
        at=at,
        since=instant(step.since) if step.since is not None else None,
        name=_name(rule, subject),
        geom_wkb=subject.geom.wkb if subject.geom is not None and rule.scope == "cell" else None,
        hazard_key=subject.own if rule.scope == "hazard" else None,
        rule_key=rule.key,
        onset_at=at + timedelta(hours=rule.lead_h) if rule.lead_h is not None else None,
        valid_until=at + timedelta(hours=rule.valid_h),
        actions=rule.actions.zh or None,
        join=join_of(rule, subject),
    )


def join_of(rule: Rule, subject: Subject) -> str | None:
    """What the rule's warnings are joined by; None: each subject has its own."""
    if rule.join == "subject":
        return None
    if rule.join == "rule":
        return f"rule:{rule.key}"
    area = subject.attributes.get("community_code") or subject.attributes.get("grid_code")
    return f"rule:{rule.key}:{str(area or subject.own)[:12]}"


def cause_of(supply: Supply, subject: Subject, step: Step) -> dict[str, Any]:
    """Why, as JSON: one clause in both languages, every input with its value, the conditions, since when."""
    rule = supply.rule
    level = next((one for one in rule.levels if one.level == step.level), rule.levels[0])
    inputs = [_input(supply, subject, one, step.values.get(one.name)) for one in rule.inputs]
    found: dict[str, Any] = {
        "text_zh": f"{'，'.join(_said(one, 'zh') for one in inputs)}（规则“{rule.title.zh}”）",
        "text_en": f"{', '.join(_said(one, 'en') for one in inputs)} (rule “{rule.title.en}”)",
        "rule": rule.key,
        "rule_title": {"zh": rule.title.zh, "en": rule.title.en},
        "when": level.when,
        "until": level.until,
        "hold_s": level.hold_s,
        "level": step.level,
        "inputs": inputs,
        "values": dict(step.values),
        "at": instant(step.at).isoformat(),
        "since": instant(step.since).isoformat() if step.since is not None else instant(step.at).isoformat(),
    }
    first = next((one for one in inputs if one["datastreams"]), None)
    if first is not None:  # the reading that pages draw first
        found |= {"datastream_key": first["datastreams"][0], "sensor_key": first["sensor_keys"][0],
                  "sensor_name": first["sensors"][0], "property": first["property"], "name": first["title"]["zh"],
                  "unit": first["unit"], "value": first["value"]}  # fmt: skip
    return found


def _input(supply: Supply, subject: Subject, one: Input, value: float | None) -> dict[str, Any]:
    wire = supply.wires.get(subject.key, {}).get(one.name)
    rows = [supply.sensors[i] for i in (wire.ids if wire else ()) if i in supply.sensors][:_NAMED]
    return {
        "name": one.name,
        "kind": one.kind,
        "title": {"zh": one.title.zh, "en": one.title.en},
        "unit": one.unit,
        "property": one.property,
        "window": one.window,
        "value": value,
        "datastreams": [row["key"] for row in rows],
        "sensor_keys": [row["sensor_key"] for row in rows],
        "sensors": [row["sensor_name"] for row in rows],
    }


def _said(one: dict[str, Any], language: str) -> str:
    if one["value"] is None:
        return f"{one['title'][language]} {'暂无数据' if language == 'zh' else 'not known'}"
    value = one["value"]
    number = f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
    return f"{one['title'][language]} {number}{' ' + one['unit'] if one['unit'] else ''}"


def _name(rule: Rule, subject: Subject) -> str | None:
    if rule.scope == "feed":
        return f"{subject.name}数据"
    return rule.title.zh if rule.scope == "cell" else None
