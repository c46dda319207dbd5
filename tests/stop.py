"""Stop and remove whatever the tests left running: `python -m tests.stop`."""

from __future__ import annotations

import shutil

from onemap.store.cluster import Cluster
from tests.conftest import HOME

if __name__ == "__main__":
    for folder in sorted(HOME.iterdir()) if HOME.exists() else []:
        if (folder / "cluster").exists():
            Cluster(folder).remove()
    shutil.rmtree(HOME, ignore_errors=True)
