"""Surfaces as files for notebooks and other systems."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(tags=["export"])
