"""The house itself: arrows, containers, committed files and columns are held by tests."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
import yaml

from onemap.core.settings import Settings
from onemap.layers import LAYERS
from onemap.store import tables
from onemap.store.schema import metadata

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("onemap", "etl", "tiles", "server", "demo")


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--config", "pyproject.toml"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin"},
    )


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("onemap/core/clock.py", "import psycopg"),
        ("onemap/store/db.py", "import onemap.layers"),
        ("onemap/layers/grid.py", "import onemap.layers.area"),
        ("tiles/__init__.py", "import etl"),
        ("etl/__init__.py", "import fastapi"),
        ("demo/__init__.py", "import onemap.store"),
        ("onemap/heat/hotspot/__init__.py", "import onemap.heat.hazard.risk"),
    ],
)
def test_a_planted_bad_import_fails_the_linter(tmp_path: Path, place: str, line: str) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    target = tmp_path / place
    target.write_text(target.read_text() + f"\n{line}\n")
    done = _lint(tmp_path)
    assert done.returncode != 0
    assert "BROKEN" in done.stdout


def test_compose_file_matches_settings_and_commands() -> None:
    from server.cli import app

    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    services = compose["services"]
    assert set(services) == {"db", "migrate", "server", "worker", "mosquitto"}
    assert services["db"]["image"] == "postgis/postgis:17-3.5"
    settings = set(Settings.model_fields)
    group = typer.main.get_command(app)
    for name in ("migrate", "server", "worker"):
        for variable in services[name]["environment"]:
            field = variable.removeprefix("ONEMAP_").lower().split("__")[0]
            assert field in settings or variable in {"ONEMAP_ADMIN_LOGIN", "ONEMAP_ADMIN_PASSWORD"}, variable
        words = services[name]["command"].split()
        assert words[0] == "bin/onemap"
        command = group
        for word in words[1:]:
            command = command.commands[word]  # type: ignore[attr-defined]


def test_dockerfile_runs_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M))
    used = re.findall(r"^RUN make ([a-z-]+)", (ROOT / "Dockerfile").read_text(), flags=re.M)
    assert used
    assert set(used) <= targets


def test_no_registry_address_in_pinned_files() -> None:
    for path in [*ROOT.glob("requirements/*.txt"), ROOT / "webmap/package-lock.json", *ROOT.glob("webmap/.npmrc")]:
        text = path.read_text()
        assert not re.search(r"https?://[^\s\"]*(pypi|pythonhosted|npmjs|registry)", text), path
        assert "--index-url" not in text, path
        assert '"resolved"' not in text, path
    for path in ROOT.glob("requirements/*.txt"):
        pins = re.findall(r"^[a-z0-9][^\s=]*==", path.read_text(), flags=re.M)
        assert len(pins) > 50
        assert path.read_text().count("--hash=sha256:") >= len(pins)


PERSONAL = re.compile(
    r"(^|_)(person|resident_name|first_name|last_name|surname|full_name|phone|mobile|telephone|id_card|identity|passport"
    r"|birth|gender|sex|ethnic|nation|face|plate|wechat|openid|imei|imsi|mac_address|reporter|citizen|owner_name|email)(_|$)"
)


def test_no_column_identifies_a_person() -> None:
    assert tables.account is not None
    found = [
        f"{table.name}.{c.name}" for table in metadata.tables.values() for c in table.columns if PERSONAL.search(c.name)
    ]
    assert found == []
    assert PERSONAL.search("contact_phone")
    assert PERSONAL.search("reporter_name")


def test_layer_names_are_unique_and_documented() -> None:
    assert len({layer.name for layer in LAYERS}) == len(LAYERS)
    for layer in LAYERS:
        assert layer.title.zh
        assert layer.title.en
        assert all(a.title.zh and a.title.en for a in layer.attributes)
