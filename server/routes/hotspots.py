"""Hot spots: significant and emerging cells of a surface, as outlines."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(tags=["hotspots"])
