"""Tables of told warnings: messages, and CAP that came in."""

from __future__ import annotations
