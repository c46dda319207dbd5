"""The import of files and folders: by their ending, through the same checks and stores as every feed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from psycopg import sql as composed

from etl.feeds import incident
from etl.imports import gpx, osm, table, vector
from etl.imports.city import import_folder
from etl.imports.raster import import_dem, import_landcover
from etl.imports.spec import Found, import_spec
from etl.imports.summary import ImportSummary, LayerCount
from etl.imports.writer import Progress, Writer, land_file
from etl.pipeline import Pipeline
from onemap.core.datum import parse_datum
from onemap.core.errors import BadInput
from onemap.core.settings import Settings
from onemap.layers import BY_NAME
from onemap.store.db import acting, connect, dsn_of
from onemap.store.schema import SCHEMA
from onemap.store.sqlfile import sql

_STATEMENT_S = 600.0
_GDAL = (".gpkg", ".shp", ".zip", ".kml", ".kmz", ".fgb", ".gml", ".geojsonseq")


def import_file(
    dsn: str,
    path: Path,
    *,
    layer: str | None = None,
    datum: str | None = None,
    actor: str = "import",
    zone: str | None = None,
    encoding: str | None = None,
    home: Path | None = None,
    progress: Progress | None = None,
) -> ImportSummary:
    """Take in one file (or a city's folder); the same file again changes nothing.

    `layer`, `datum`, `zone` and `encoding` say what the file does not; a raster holds heights, of the layer "landcover"
    codes. `home` is the data folder, which rasters need.
    Raises BadInput when the file as a whole cannot be used; rows that cannot go into quarantine.
    """
    settings = Settings(database_url=dsn) if home is None else Settings(database_url=dsn, home=home)
    if path.is_dir():
        return import_city(settings, path, progress)
    if datum is not None:
        datum = parse_datum(datum).label
    suffix = path.suffix.lower()
    with connect(dsn, statement_timeout_s=_STATEMENT_S) as conn:
        if suffix in (".tif", ".tiff"):
            if home is None:
                raise BadInput("A raster needs the data folder to be copied into.", reason="missing")
            if layer == "landcover":
                return import_landcover(conn, path, home, actor)
            return import_dem(conn, path, home, actor)
        pipeline = Pipeline(settings)
        total = ImportSummary()
        for found in _found(path, suffix, layer, datum, zone, encoding):
            feed = import_spec(found.datum, zone)
            if found.layer == "incident":
                feed = replace(feed, enrich=incident.enrich)
            raw_id = land_file(conn, feed, path, actor)
            writer = Writer(conn, pipeline, feed, raw_id, path.name, actor, progress)
            total.merge(writer.write(found.rows, found.layer))
            total.ignored += [name for name in found.ignored if name not in total.ignored]
        _analyze(dsn, total)
        return total


def import_city(settings: Settings, folder: Path, progress: Progress | None = None) -> ImportSummary:
    """Take in a city's folder (city.json and one file a layer); again changes nothing. Raises BadInput."""
    dsn = dsn_of(settings)
    with connect(dsn, statement_timeout_s=_STATEMENT_S) as conn:
        total = import_folder(conn, settings, folder, progress)
    _analyze(dsn, total)
    return total


def move_map(dsn: str, summary: ImportSummary, name: str) -> str | None:
    """Open the map at what was imported, where it lies beside the present city or there is none; else leave it.

    `name` is the city's where no imported area has one. Returns the city's name if the map moved.
    """
    if summary.bounds is None:
        return None
    west, south, east, north = summary.bounds
    # The zoom at which a window of about 1,000 by 700 pixels holds the box; tiles are 512 pixels there.
    span = max((east - west) / 1000, (north - south) / 700, 1e-6)
    zoom = round(min(17.0, max(2.0, math.log2(360 / 512 / span))), 1)
    params = {"west": west, "south": south, "east": east, "north": north, "name": name, "zoom": zoom}
    with connect(dsn) as conn, acting(conn, "import"):
        row = conn.execute(sql("ingest_frame"), params).fetchone()
    return None if row is None else str(row["name"])


def _found(
    path: Path, suffix: str, layer: str | None, datum: str | None, zone: str | None, encoding: str | None
) -> Iterable[Found]:
    if not path.is_file():
        raise BadInput(f"There is no file {path}.", reason="missing")
    if suffix in (".pbf", ".osm") or path.name.lower().endswith((".osm.bz2", ".osm.gz")):
        return [osm.read(path)]
    if suffix in (".geojson", ".json", ".geojsonl"):
        return [vector.read_geojson(path, layer, datum, encoding)]
    if suffix in (".csv", ".txt", ".tsv"):
        return [table.read(path, layer, datum, encoding)]
    if suffix == ".gpx":
        return [gpx.read(path, datum, zone)]
    if suffix in _GDAL:
        return vector.read_gdal(path, layer, datum, encoding)
    raise BadInput(
        f"{path.name}: files that can be imported end in .pbf, .osm, .geojson, .csv, .gpx, .gpkg, .shp, .zip, .kml,"
        " .fgb or .tif.",
        reason="format",
    )


def _analyze(dsn: str, summary: ImportSummary) -> None:
    """Tell the planner what the layers hold now: the first tiles are planned on it."""
    names = [name for name, count in summary.layers.items() if name in BY_NAME and count.taken > 1000]
    with connect(dsn, autocommit=True, statement_timeout_s=_STATEMENT_S) as conn:
        for name in names:
            conn.execute(composed.SQL("ANALYZE {}").format(composed.Identifier(SCHEMA, name)))


__all__ = ["ImportSummary", "LayerCount", "import_city", "import_file", "move_map"]
