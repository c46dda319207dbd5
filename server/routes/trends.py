"""Demand trends of grids, and whether a measure helped."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(tags=["trends"])
