"""Every layer of the map. A new one is one file here and one line in LAYERS."""

from __future__ import annotations

from onemap.layers import (
    area,
    building,
    camera,
    contour,
    geofence,
    grid,
    hazard,
    hazard_zone,
    incident,
    landuse,
    mover,
    part,
    place,
    road,
    sensor,
    team,
    track,
    warning,
    water,
)
from onemap.store.layer import LayerSpec

LAYERS: tuple[LayerSpec, ...] = (
    area.LAYER,
    grid.LAYER,
    building.LAYER,
    camera.LAYER,
    part.LAYER,
    hazard.LAYER,
    hazard_zone.LAYER,
    sensor.LAYER,
    incident.LAYER,
    team.LAYER,
    geofence.LAYER,
    mover.LAYER,
    track.LAYER,
    warning.LAYER,
    road.LAYER,
    water.LAYER,
    landuse.LAYER,
    contour.LAYER,
    place.LAYER,
)

BY_NAME: dict[str, LayerSpec] = {layer.name: layer for layer in LAYERS}
