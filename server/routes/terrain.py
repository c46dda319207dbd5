"""Terrain: what the ground is like, as raster tiles and cell by cell."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(tags=["terrain"])
