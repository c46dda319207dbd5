"""Features of any layer: checked in bulk, enriched by their feed, upserted by key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import shapely

from etl import checks
from etl.feed import FeatureRecord, FeedSpec
from etl.placing import parts_in_grids
from etl.stores.item import Item, Outcome, Reject
from onemap.core.errors import BadInput
from onemap.core.settings import CaseSettings
from onemap.store import feature
from onemap.store.db import Connection
from onemap.store.feature import FeatureRow
from onemap.store.layer import LayerSpec


def store(
    conn: Connection,
    items: Sequence[Item[FeatureRecord]],
    feed: FeedSpec,
    layers: Mapping[str, LayerSpec],
    clocks: CaseSettings,
) -> Outcome:
    """Check and upsert features, layer by layer."""
    outcome = Outcome()
    by_layer: dict[str, list[Item[FeatureRecord]]] = defaultdict(list)
    for item in items:
        by_layer[item.record.layer].append(item)
    for name in sorted(by_layer):
        members = by_layer[name]
        layer = layers.get(name)
        if layer is None:
            error = BadInput(f"There is no layer {name!r}.", reason="unknown-layer")
            outcome.rejects += [Reject(item.raw_id, item.row, error) for item in members]
            continue
        outcome.add(_store_layer(conn, members, layer, feed, clocks))
    return outcome


def _store_layer(
    conn: Connection, items: Sequence[Item[FeatureRecord]], layer: LayerSpec, feed: FeedSpec, clocks: CaseSettings
) -> Outcome:
    outcome = Outcome()
    checked = checks.feature_rows(
        layer, [item.record for item in items], [item.context for item in items], feed.datum_ref
    )
    good: list[FeatureRow] = []
    origin: dict[str, Item[FeatureRecord]] = {}
    for item, found in zip(items, checked, strict=True):
        if isinstance(found, BadInput):
            outcome.rejects.append(Reject(item.raw_id, item.row, found))
            continue
        good.append(found)
        if found.key in origin:
            outcome.unchanged += 1  # the last of several with one key is the one that is kept
        origin[found.key] = item
        outcome.saw(item.record.at)
    rows = list({row.key: row for row in good}.values())
    if feed.enrich is not None and rows:
        rows = list(feed.enrich(conn, rows, clocks))
    if layer.name == "part" and rows:
        rows = parts_in_grids(conn, rows)
    shapes = [row.geom for row in rows if row.geom is not None]
    if shapes:
        west, south, east, north = shapely.total_bounds(shapes).tolist()
        outcome.bounds = (west, south, east, north)
    done = feature.upsert(conn, layer, rows, feed=feed.name)
    outcome.stored += done.stored
    outcome.unchanged += done.unchanged
    for key in done.missing:
        error = BadInput(f"{layer.name} {key!r} is new and has no geometry.", reason="empty")
        outcome.rejects.append(Reject(origin[key].raw_id, origin[key].row, error))
    return outcome
