"""The demo city: a deterministic, fictional district by the river and the hills, written as plain files."""

from demo.city.assemble import build
from demo.city.plan import DIVISION, EDITION, Plan

__all__ = ["DIVISION", "EDITION", "Plan", "build"]
