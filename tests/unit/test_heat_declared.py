"""Surface files: what is shipped holds together; what is wrong is told with file, key and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from onemap.core.errors import SetupError
from onemap.heat import surface
from onemap.heat.hazard import declared
from onemap.layers import BY_NAME
from server.heat_cli import heat

MUD = """
kind = "hazard"
name = "mud"
title = { zh = "泥", en = "Mud" }
unit = { zh = "分", en = "score" }
breaks = [1.0, 2.0]
about = { zh = "泥", en = "Mud" }
[[terms]]
kind = "terrain"
product = "wetness"
weight = 2.0
"""


def _read(folder: Path, **files: str) -> declared.Declared:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return declared.read([declared.SHIPPED, folder])


def test_what_is_shipped_holds_together() -> None:
    told = declared.read([declared.SHIPPED])
    assert [one.name for one in told.surfaces] == ["risk", "debris_flow", "fire", "flood", "landslide", "subsidence"]
    kinds = {kind for one in told.hazards for term in one.terms for kind in getattr(term, "hazards", ())}
    assert kinds == set(declared.HAZARD_KINDS) == {*BY_NAME["hazard"].attribute("kind").values, ""}  # type: ignore[union-attr]
    uses = set(BY_NAME["building"].attribute("use").values)  # type: ignore[union-attr]
    assert set(told.exposure.present) < uses
    teams = set(BY_NAME["team"].attribute("kind").values)  # type: ignore[union-attr]
    sensors = set(BY_NAME["sensor"].attribute("kind").values)  # type: ignore[union-attr]
    for one in told.hazards:
        assert set(one.coping.teams) <= teams and set(one.vulnerability.uses) <= uses
        assert {kind for term in one.terms for kind in getattr(term, "sensors", ())} <= sensors
        assert set(told.layers(one.name)) <= BY_NAME.keys()
    assert told.combined[0].of.keys() == {one.name for one in told.hazards}


def test_surfaces_are_offered_with_their_layers_and_rule() -> None:
    offered = {one.name: one for one in surface.surfaces() if one.kind == "risk"}
    assert list(offered) == ["risk", "debris_flow", "fire", "flood", "landslide", "subsidence"]
    assert "incident" in offered["risk"].made_of and "incident" not in offered["landslide"].made_of
    assert all(one.rule and one.finest == 11 and one.breaks and not one.windows for one in offered.values())


def test_a_data_home_adds_and_overrides(tmp_path: Path) -> None:
    told = _read(tmp_path, mud=MUD, fire=MUD.replace('"mud"', '"fire"'))
    assert told.surface("mud").name == "mud" and told.layers("mud") == ("building",)
    assert [term.kind for term in told.hazards[1].terms] == ["terrain"]
    assert told.digest != declared.read([declared.SHIPPED]).digest
    assert declared.read([declared.SHIPPED, tmp_path / "nowhere"]).digest == declared.read([declared.SHIPPED]).digest


def test_the_command_names_what_a_data_home_declares(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "surfaces").mkdir()
    (tmp_path / "surfaces" / "mud.toml").write_text(MUD, encoding="utf-8")
    monkeypatch.setenv("ONEMAP_HOME", str(tmp_path))
    try:
        assert "Mud" in CliRunner().invoke(heat, ["list"]).output
        (tmp_path / "catalogue.csv").write_text("kind,code\n", encoding="utf-8")
        assert isinstance(CliRunner().invoke(heat, ["list"]).exception, SetupError)
    finally:
        declared.use(None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MUD.replace('"wetness"', '"mood"'), ["terms.0", "product", "'susceptibility' or 'wetness'", "'mood'"]),
        (MUD.replace('"terrain"', '"terrian"'), ["terms.0", "'terrian'", "'points', 'sensors', 'terrain', 'rain'"]),
        (MUD + "colour = 3\n", ["terms.0.terrain.colour", "no such key"]),
        (MUD.replace("weight = 2.0", "weight = -1"), ["terms.0.terrain.weight", "greater than 0", "-1"]),
        (MUD.replace("weight = 2.0", ""), ["terms.0.terrain.weight", "required"]),
        (MUD.replace("[1.0, 2.0]", "[2.0, 1.0]"), ["breaks must rise"]),
        (MUD.replace('"hazard"', '"danger"'), ["kind", "'danger'", "hazard, combined, exposure"]),
        (MUD.replace('"mud"', '"incidents"'), ["name", "another surface"]),
        ("kind = ", ["cannot be read as TOML", "end of document"]),
        (
            MUD.replace('"hazard"', '"combined"').split("[[terms]]")[0] + 'rule = "sum"\nof = { mudd = 1.0 }\n',
            ["of", "mudd", "landslide"],
        ),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(SetupError) as refused:
        _read(tmp_path, mine=text)
    for word in ["mine.toml", *words]:
        assert word in refused.value.message
