"""Stop the tests' private cluster and remove it: `python -m tests.stop`."""

from __future__ import annotations

import shutil

from onemap.store.cluster import Cluster
from tests.conftest import HOME

if __name__ == "__main__":
    Cluster(HOME).remove()
    shutil.rmtree(HOME, ignore_errors=True)
