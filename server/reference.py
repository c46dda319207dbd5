"""The reference pages, generated from what runs: settings, layers, feeds, errors, OpenAPI."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

from etl.feeds import FEEDS
from onemap.core.errors import OnemapError
from onemap.core.settings import Settings
from onemap.layers import LAYERS
from server.app import create_app
from server.errors import status_of


def write_reference(folder: Path) -> None:
    """Write every page into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """File name → text of each reference page."""
    document = create_app(Settings()).openapi()
    return {
        "settings.md": settings_page(),
        "layers.md": layers_page(),
        "feeds.md": feeds_page(),
        "errors.md": errors_page(),
        "openapi.json": json.dumps(document, ensure_ascii=False, indent=1) + "\n",
    }


def settings_page() -> str:
    """Every environment variable, its default and what it means."""
    lines = ["# Settings", "", "Environment variables; nothing else configures the application.", ""]
    lines += ["| variable | default | meaning |", "|---|---|---|"]
    lines += [f"| `{name}` | `{default}` | {text} |" for name, default, text in _fields(Settings, "ONEMAP_")]
    return "\n".join(lines) + "\n"


def _fields(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _fields(field.annotation, f"{variable}__")
            continue
        default = "" if field.default in (None, PydanticUndefined) else field.default
        shown = "" if isinstance(default, SecretStr) else str(default)
        yield variable, shown, field.description or ""


def layers_page() -> str:
    """Every layer with its attributes and who may see them."""
    lines = ["# Layers", ""]
    for layer in LAYERS:
        roles = ", ".join(sorted(layer.roles))
        lines += [f"## {layer.name}: {layer.title.zh} / {layer.title.en}", ""]
        lines += [f"{layer.geometry}, zooms {layer.minzoom}-{layer.maxzoom}; seen by {roles}.", ""]
        lines += ["| attribute | title | kind | unit | seen by |", "|---|---|---|---|---|"]
        for a in layer.attributes:
            seen = "all of the layer" if a.roles >= layer.roles else ", ".join(sorted(a.roles))
            lines.append(f"| `{a.name}` | {a.title.zh} / {a.title.en} | {a.kind} | {a.unit} | {seen} |")
        lines.append("")
    return "\n".join(lines)


def feeds_page() -> str:
    """Every feed: how it comes in and when it counts as stale."""
    lines = ["# Feeds", "", "| feed | title | comes in by | expected every | stale after |", "|---|---|---|---|---|"]
    for feed in FEEDS:
        ways = [f"MQTT `{topic}`" for topic in feed.topics]
        ways += [
            word
            for word, on in (("HTTP push", feed.pushed), ("HTTP pull", feed.pulled), ("drop folder", feed.dropped))
            if on
        ]
        lines.append(
            f"| `{feed.name}` | {feed.title.zh} / {feed.title.en} | {', '.join(ways)} "
            f"| {_seconds(feed.expected_every_s)} | {_seconds(feed.stale_after_s)} |"
        )
    return "\n".join(lines) + "\n"


def _seconds(value: float | None) -> str:
    return "when it comes" if value is None else f"{value:g} s"


def errors_page() -> str:
    """Every error code with its status and meaning."""
    lines = ["# Errors", "", "Answers are `application/problem+json` (RFC 9457).", ""]
    lines += ["| code | status | meaning |", "|---|---|---|"]
    for kind in sorted(_subclasses(OnemapError), key=lambda k: k.code):
        meaning = (kind.__doc__ or "").strip().splitlines()[0]
        lines.append(f"| `{kind.code}` | {status_of(kind)[0]} | {meaning} |")
    return "\n".join(lines) + "\n"


def _subclasses(root: type[OnemapError]) -> list[type[OnemapError]]:
    found = []
    for child in root.__subclasses__():
        found += [child, *_subclasses(child)]
    return found
