"""Geologic-hazard bulletins and readings, pulled as {"bulletins": […], "readings": […]}."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from etl import fields
from etl.feed import BulletinRecord, Context, FeedSpec, Record
from etl.feeds import iot
from etl.formats import json
from onemap.core.code import parse_area_code
from onemap.core.errors import BadInput
from onemap.store.layer import Text


def piece(record: Mapping[str, Any], context: Context) -> Iterable[Record]:
    """Map a member of one of the two arrays."""
    if record.get("_section") == "readings":
        return iot.reading(record, context)
    return [_bulletin(record, context)]


def _bulletin(record: Mapping[str, Any], context: Context) -> BulletinRecord:
    areas = fields.needed(record, "area_codes")
    if not isinstance(areas, list):
        raise BadInput("area_codes is no array.", reason="text")
    issued = context.time(fields.needed(record, "issued_at"))
    until = fields.present(record, "valid_until")
    valid_until = None if until is None else context.time(until, future=True)
    if valid_until is not None and valid_until <= issued:
        raise BadInput("The bulletin ends before it begins.", reason="order")
    return BulletinRecord(
        key=fields.key(fields.needed(record, "key")),
        level=fields.integer(fields.needed(record, "level"), "level", low=1, high=4),
        area_codes=tuple(str(parse_area_code(fields.text(code, "area_codes"))) for code in areas),
        issued_at=issued,
        valid_until=valid_until,
        text=fields.text(fields.needed(record, "text"), "text"),
    )


FEED = FeedSpec(
    name="geohazard",
    title=Text("地灾气象预警", "Geologic-hazard service"),
    format=json.sections("bulletins", "readings"),
    mapping=piece,
    pulled=True,
    pushed=True,
    expected_every_s=60.0,
    stale_after_s=600.0,
)
