"""Forecasts, and how good they were."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(tags=["forecast"])
