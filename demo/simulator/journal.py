"""What the doors acknowledged, one JSON line a record: a fault test asks whether all of it is still there."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import IO


class Journal:
    """Appends acknowledged records to a file; without a path it only counts."""

    def __init__(self, path: Path | None) -> None:
        """Open the file for appending; a record is in the file before the next one is sent."""
        self._lock = threading.Lock()
        self._file: IO[str] | None = None
        self.count = 0
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8", buffering=1)

    def write(self, kind: str, key: str, at: str, value: float | str | None) -> None:
        """Note one acknowledged record: kind observation, fix or incident."""
        with self._lock:
            self.count += 1
            if self._file is not None and not self._file.closed:
                self._file.write(json.dumps({"kind": kind, "key": key, "at": at, "value": value}) + "\n")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._file is not None:
                self._file.close()
