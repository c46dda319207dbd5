"""The reference pages name everything that is there."""

from __future__ import annotations

from etl.feeds import FEEDS
from onemap.core.settings import Settings
from onemap.layers import LAYERS
from server.reference import pages


def test_every_setting_layer_feed_and_error_has_its_row() -> None:
    found = pages()
    assert set(found) == {"settings.md", "layers.md", "feeds.md", "errors.md", "openapi.json"}
    for name in Settings.model_fields:
        assert f"`ONEMAP_{name.upper()}" in found["settings.md"], name
    assert "`ONEMAP_MQTT__PORT`" in found["settings.md"]
    for layer in LAYERS:
        assert f"## {layer.name}:" in found["layers.md"]
    for feed in FEEDS:
        assert f"| `{feed.name}` |" in found["feeds.md"]
    assert "| `forbidden` | 403 |" in found["errors.md"]
