"""A surface as one HTML page that opens without a network: folium, with Leaflet inside the file and our own ground."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import branca.element
import folium
import geopandas
import numpy as np

from onemap.core.errors import BadInput, SetupError
from onemap.heat.export import Extract, frame

#: Perceptually even, pale to dark, for the page's light ground: matplotlib's viridis at seven even steps, turned.
RAMP = ("#fde725", "#90d743", "#35b779", "#21918c", "#31688e", "#443983", "#440154")
#: More outlines than this make a page that no browser opens in comfort.
MAX_REPORT_CELLS = 40_000
_DIGITS = 6


@dataclass(frozen=True)
class Ground:
    """One layer of the ground under the surface: its name, its features, how its lines are drawn."""

    name: str
    features: geopandas.GeoDataFrame
    style: Mapping[str, Any] = field(default_factory=dict)


def report(extract: Extract, leaflet: Path, *, breaks: Sequence[float] = (), ground: Sequence[Ground] = ()) -> bytes:
    """The page: hexagons in classes between the breaks (quantiles when there are none), tooltips, legend, ground.

    `leaflet` is the folder that holds leaflet.js and leaflet.css. Raises SetupError when they are not there, BadInput
    (reason "export-empty", "export-size") for a surface with no cell or too many for a page.
    """
    n = len(extract.found.cells)
    if n == 0:
        raise BadInput("The surface has no cell there, so there is nothing to draw.", reason="export-empty")
    if n > MAX_REPORT_CELLS:
        raise BadInput(
            f"{n} cells are too many for a page (at most {MAX_REPORT_CELLS}): ask for a coarser resolution.",
            reason="export-size",
        )
    table = frame(extract)
    table.geometry = table.geometry.set_precision(10.0**-_DIGITS)
    limits = np.unique(np.asarray(breaks or np.quantile(table["value"], np.linspace(0, 1, 8)[1:-1]), np.float64))
    classes = np.searchsorted(limits, table["value"], side="right")
    colours = [RAMP[round(i * (len(RAMP) - 1) / max(1, len(limits)))] for i in range(len(limits) + 1)]
    table["colour"] = [colours[i] for i in classes]
    table["value"] = table["value"].round(4)
    page = folium.Map(tiles=None, control_scale=True, prefer_canvas=True)
    page.default_js, page.default_css = [], []
    _inline(page, leaflet)
    for layer in ground:
        if len(layer.features):
            _ground(layer).add_to(page)
    unit = str(extract.about.get("unit", ""))
    folium.GeoJson(
        json.loads(table[["cell", "value", "colour", "geometry"]].to_json()),
        name=str(extract.about.get("title", extract.about.get("surface", ""))),
        style_function=lambda one: {
            "fillColor": one["properties"]["colour"],
            "fillOpacity": 0.65,
            "color": "#0B1320",
            "weight": 0.4,
        },
        tooltip=folium.GeoJsonTooltip(["value", "cell"], aliases=[f"{html.escape(unit)}:", "H3:"], localize=False),
    ).add_to(page)
    west, south, east, north = table.total_bounds.tolist()
    page.fit_bounds([[south, west], [north, east]])
    folium.LayerControl(collapsed=False).add_to(page)
    _root(page).html.add_child(branca.element.Element(_legend(extract, limits.tolist(), colours)))
    return str(page.get_root().render()).encode()


def _inline(page: folium.Map, leaflet: Path) -> None:
    """Leaflet inside the page, before anything of folium's that calls it."""
    try:
        script = (leaflet / "leaflet.js").read_text(encoding="utf-8")
        style = (leaflet / "leaflet.css").read_text(encoding="utf-8")
    except OSError as error:
        raise SetupError("Leaflet is not built into the web map yet. Type: make setup", reason="no-leaflet") from error
    style = re.sub(r"url\(images/[^)]*\)", "none", style)  # markers and buttons that the page does not have
    script = script.replace("//# sourceMappingURL=leaflet.js.map", "").replace("</script", "<\\/script")
    header = _root(page).header
    # Braces of the library's own text must not be read as a template.
    for name, text in (("leaflet_css", f"<style>{style}</style>"), ("leaflet_js", f"<script>{script}</script>")):
        header.add_child(branca.element.Element("{% raw %}" + text + "{% endraw %}"), name=name)


def _root(page: folium.Map) -> branca.element.Figure:
    root = page.get_root()
    assert isinstance(root, branca.element.Figure)  # noqa: S101  (folium puts every map into one)
    return root


def _ground(layer: Ground) -> folium.GeoJson:
    shapes = layer.features[["geometry"]].copy()
    shapes.geometry = shapes.geometry.set_precision(10.0**-_DIGITS)
    style = {"color": "#7c8ca3", "weight": 0.8, "opacity": 0.8, "fill": False, **layer.style}
    return folium.GeoJson(
        json.loads(shapes[~shapes.geometry.is_empty].to_json()),
        name=layer.name,
        style_function=lambda _: style,
        interactive=False,
    )


def _legend(extract: Extract, limits: list[float], colours: list[str]) -> str:
    about = extract.about
    ends = ["…", *(f"{value:.4g}" for value in limits), "…"]
    rows = "".join(
        f'<div><i style="background:{colour}"></i>{ends[i]} – {ends[i + 1]}</div>' for i, colour in enumerate(colours)
    )
    facts = "".join(
        f"<p>{html.escape(str(name))}: {html.escape(str(value))}</p>"
        for name, value in about.items()
        if name not in ("title", "unit") and value not in (None, "")
    )
    title = html.escape(str(about.get("title", about.get("surface", ""))))
    return (
        "{% raw %}<style>.om-legend{position:fixed;left:12px;bottom:64px;z-index:999;background:#ffffffee;padding:10px "
        "14px;border-radius:6px;font:13px/1.5 'Noto Sans CJK SC','PingFang SC','Microsoft YaHei',system-ui;"
        "color:#152238;max-width:280px}.om-legend h1{font-size:14px;margin:0 0 6px}.om-legend p{margin:2px 0;"
        "color:#54657D;overflow-wrap:anywhere}.om-legend i{display:inline-block;width:22px;height:12px;"
        "margin-right:8px;"
        f"vertical-align:middle}}</style><div class='om-legend'><h1>{title} · {html.escape(str(about.get('unit', '')))}"
        f"</h1>{rows}{facts}</div>{{% endraw %}}"
    )
