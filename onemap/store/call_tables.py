"""Tables of call and confirm: duties, ladders, drills."""

from __future__ import annotations
