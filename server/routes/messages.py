"""Warnings told to other systems: CAP 1.2, Atom, GeoJSON; CAP that comes in; warnings raised and withdrawn by hand."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Annotated, Any

import shapely
from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from etl.feeds import BY_NAME as FEEDS
from onemap.core.clock import now
from onemap.core.errors import BadInput, NotFound
from onemap.core.geometry import clean_geometry, read_geojson
from onemap.core.policy import Grant, Right
from onemap.layers import BY_NAME
from onemap.store.db import Connection
from onemap.store.policy_sql import view
from onemap.store.sqlfile import sql
from onemap.store.within import keys_within
from onemap.warnings import episodes as storms
from onemap.warnings import lifecycle, picture
from onemap.warnings import service as warnings
from onemap.warnings.lifecycle import Claim
from onemap.warnings.telling import atom as feed
from onemap.warnings.telling import messages as told
from onemap.warnings.telling import reading, signing, words
from onemap.warnings.telling.identity import identity
from onemap.warnings.timeline import record
from server import sight
from server.answer import Json
from server.auth import Signed, require
from server.delivery_models import Cancel, Episode, Imported, Message, Raise
from server.models import Warning
from server.state import State, state_of

router = APIRouter(prefix="/warnings", tags=["warnings"])

Commander = Annotated[Grant, Depends(require(Right.WARNINGS_STEER))]
Pusher = Annotated[Grant, Depends(require(Right.FEEDS_PUSH))]
_LAYER = BY_NAME["warning"]
_BYTES = {"requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}}
FEED_AGE = timedelta(days=30)
FEED_ENTRIES = 500
ZONE_VERTICES = 10_000


@router.post("", responses={201: {"model": Warning}}, status_code=201)
def raised(given: Raise, request: Request, grant: Commander) -> Response:
    """Raise a warning by hand."""
    here = state_of(request)
    with here.acting(grant) as conn:
        at = now()
        done = lifecycle.claim(conn, _claim(given), here.settings.cases, at=at)
        if done.warning_key is None:
            raise BadInput("The warning would be over before it begins.", reason="valid")
        _within(conn, done.warning_key, grant)
        record(
            conn, done.warning_key, "by_hand", grant.subject, f"{grant.subject} 人工发布", f"Raised by {grant.subject}"
        )
        return Json(sight.attributes_of(picture.one(conn, done.warning_key), "warning", grant, 0), 201)


@router.get("/atom", response_class=Response, responses={200: {"content": {"application/atom+xml": {}}}})
def atom(request: Request, grant: Signed) -> Response:
    """Messages of the last 30 days, newest first, as an Atom feed that links the CAP messages."""
    here = state_of(request)
    view(_LAYER, grant)
    with here.reading() as conn:
        found = told.listed(conn, since=now() - FEED_AGE, limit=FEED_ENTRIES)
        seen = keys_within(conn, _LAYER, {one["warning_key"] for one in found}, grant)
    body = feed.document([one for one in found if one["warning_key"] in seen], str(request.base_url), identity().zone)
    return Response(body, media_type="application/atom+xml", headers={"Cache-Control": "no-store"})


@router.get("/geojson", response_class=Response, responses={200: {"content": {"application/geo+json": {}}}})
def geojson(request: Request, grant: Signed) -> Response:
    """Open warnings as GeoJSON features with identifier, level, colour, times."""
    here = state_of(request)
    view(_LAYER, grant)
    with here.reading() as conn:
        rows = conn.execute(sql("warn_geojson")).fetchall()
        seen = keys_within(conn, _LAYER, [row["key"] for row in rows], grant)
    features = [_feature(row, grant, here.settings.small_count_floor) for row in rows if row["key"] in seen]
    answer = Json({"type": "FeatureCollection", "features": features})
    answer.headers["content-type"] = "application/geo+json"
    return answer


@router.get("/episodes", responses={200: {"model": list[Episode]}})
def episodes(request: Request, grant: Signed) -> Response:
    """Open warnings joined by storm: one banner each, worst first."""
    here = state_of(request)
    view(_LAYER, grant)
    with here.reading() as conn:
        rows = storms.rows(conn)
        seen = keys_within(conn, _LAYER, [row["warning"] for row in rows], grant)
    floor = here.settings.small_count_floor
    allowed = [sight.attributes_of(row, "warning", grant, floor) for row in rows if row["warning"] in seen]
    return Json(storms.banners(allowed))


@router.get("/messages", responses={200: {"model": list[Message]}})
def messages(
    request: Request,
    grant: Signed,
    warning: Annotated[str | None, Query(max_length=300)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """What was told, newest first."""
    view(_LAYER, grant)
    with state_of(request).reading() as conn:
        found = told.listed(conn, warning_key=warning, limit=limit)
        seen = keys_within(conn, _LAYER, {one["warning_key"] for one in found}, grant)
    return Json([one for one in found if one["warning_key"] in seen])


@router.get("/certificate", response_class=Response, responses={200: {"content": {"application/x-pem-file": {}}}})
def certificate(request: Request, grant: Signed) -> Response:
    """The certificate that our messages are signed with, as PEM."""
    return Response(signing.certificate_of(identity().home), media_type="application/x-pem-file")


@router.get(
    "/messages/{identifier}", response_class=Response, responses={200: {"content": {"application/cap+xml": {}}}}
)
def message(identifier: str, request: Request, grant: Signed) -> Response:
    """One signed CAP 1.2 message, byte for byte as it was issued."""
    view(_LAYER, grant)
    with state_of(request).reading() as conn:
        found = told.message(conn, identifier)
        if not keys_within(conn, _LAYER, [found["warning_key"]], grant):
            raise NotFound("There is no such message.", reason="message")
    headers = {"ETag": f'"{found["sha256"]}"', "Cache-Control": "private, max-age=86400, immutable"}
    return Response(bytes(found["cap"]), media_type="application/cap+xml", headers=headers)


@router.post("/cap", responses={200: {"model": Imported}}, openapi_extra=_BYTES)
async def received(request: Request, grant: Pusher) -> Response:
    """Take a CAP 1.2 message in. What cannot be taken is refused with its reason, and kept in quarantine."""
    body = await request.body()
    media_type = request.headers.get("content-type", "")[:200]
    return await run_in_threadpool(_receive, state_of(request), body, media_type, grant)


@router.post("/{key:path}/cancel", responses={200: {"model": Warning}})
def cancelled(key: str, given: Cancel, request: Request, grant: Commander) -> Response:
    """Withdraw a warning: it was wrong, or is over; everybody who was told is told so."""
    here = state_of(request)
    with here.acting(grant) as conn:
        _within(conn, key, grant)
        done = warnings.cancel(conn, key, grant.subject, given.reason.strip())
        return Json(sight.attributes_of(done, "warning", grant, 0))


def _within(conn: Connection, key: str, grant: Grant) -> None:
    if not keys_within(conn, _LAYER, [key], grant):
        raise NotFound("There is no such warning.", reason="warning")


def _claim(given: Raise) -> Claim:
    """What a person says as a claim. Raises BadInput unless exactly one place is given."""
    own = f"manual:{uuid.uuid4()}"
    places = [one for one in (given.geometry, given.hazard_key, given.area_code) if one]
    if len(places) != 1:
        raise BadInput("One place is needed: geometry, hazard_key or area_code.", reason="place")
    if given.kind not in words.KINDS:
        raise BadInput(f"{given.kind[:40]!r} is no kind: {', '.join(words.KINDS)}.", reason="kind")
    subject, wkb = own, None
    if given.geometry:
        shape = clean_geometry(read_geojson(given.geometry).geom, "MultiPolygon", max_vertices=ZONE_VERTICES).geom
        wkb = shapely.to_wkb(shape)
    elif given.hazard_key:
        subject = f"hazard:{given.hazard_key}"
    else:
        subject = f"area:{given.area_code}"
    at = now()
    text = given.text.strip() or given.name
    return Claim(
        subject=subject,
        claimant=own,
        level=given.level,
        source="manual",
        kind=given.kind,
        cause={"text_zh": text, "text_en": text},
        at=at,
        name=given.name.strip(),
        geom_wkb=wkb,
        onset_at=given.onset_at,
        valid_until=at + timedelta(hours=given.valid_h),
        actions=given.actions.strip() or None,
        drill_key=own if given.drill else None,
        anew=True,
    )


def _feature(row: dict[str, Any], grant: Grant, floor: int) -> dict[str, Any]:
    shown = sight.attributes_of({name: row[name] for name in row if name != "geometry"}, "warning", grant, floor)
    shown |= {"roman": words.ROMAN[row["level"]], "colour": words.COLOURS[row["level"]][1].lower(),
              "colour_zh": words.COLOURS[row["level"]][0], "colour_hex": words.HEX[row["level"]],
              "status": "Exercise" if row["drill"] else "Actual"}  # fmt: skip
    return {"type": "Feature", "id": row["key"], "geometry": row["geometry"], "properties": shown}


def _receive(state: State, body: bytes, media_type: str, grant: Grant) -> Response:
    source = f"push:{grant.subject}"
    with state.sync_pool.connection() as conn:
        receipt = state.pipeline.receive(
            conn, FEEDS["cap"], body, source=source, media_type=media_type, actor=grant.subject
        )
        with conn.transaction():
            refused = conn.execute(sql("cap_refused"), {"payload": body}).fetchone()
            if refused is not None:
                raise BadInput(refused["message"], reason=refused["reason"])
            found, _ = reading.read(body)
            asked = {"sender": found.sender, "identifier": found.identifier, "sent": found.sent_text}
            row = conn.execute(sql("cap_result"), asked).fetchone()
    if row is None:
        raise NotFound("The message was not kept.", reason="message")
    note = row["note"] if receipt.stored else "The same message came before."
    return Json({"identifier": found.identifier, "status": found.status, "msg_type": found.msg_type,
                 "stored": bool(receipt.stored), "warnings": row["warnings"], "note": note})  # fmt: skip
