"""Tables of fences: how objects stand to them, and what happened."""

from __future__ import annotations
