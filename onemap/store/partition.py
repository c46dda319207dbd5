"""Time partitions made when a row needs one; remembered, so that a batch asks the database once a day or month."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from onemap.store.db import Connection
from onemap.store.migrate import PARTITIONED


class Partitions:
    """Partitions known to exist, for one process."""

    def __init__(self) -> None:
        self._known: set[tuple[str, str]] = set()

    def ensure(self, conn: Connection, table: str, instants: Iterable[datetime]) -> None:
        """Make the partitions of `table` that these instants fall in, in the caller's transaction."""
        step = PARTITIONED[table]
        form = "%Y%m%d" if step == "day" else "%Y%m"
        for label, instant in {at.astimezone(UTC).strftime(form): at for at in instants}.items():
            if (table, label) not in self._known:
                made = conn.execute(
                    "SELECT onemap.ensure_partition(%s, %s, %s) AS made", (table, step, instant)
                ).fetchone()
                # One made here may be rolled back with the caller's transaction: only remember what stood before.
                if made is not None and not made["made"]:
                    self._known.add((table, label))
