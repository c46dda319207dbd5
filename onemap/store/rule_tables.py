"""Tables of rules: declared, their states, claims on warnings."""

from __future__ import annotations
