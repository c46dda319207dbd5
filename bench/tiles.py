"""Cold vector tiles over HTTP, beside raw ST_AsMVT through pgbench and beside tipg, on one table and tile list."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx

from bench.ground import Ground, free_port
from bench.row import Row, faster, interleaved
from onemap.store.cluster import bin_folder
from onemap.store.db import connect

_SECONDS = 8
_CLIENTS = 4
_TILES = 400
_RAW = """
\\set i random(1, {count})
SELECT st_asmvt(t, 'building', 4096, 'geom', 'id') FROM bench_tile b CROSS JOIN LATERAL (
  SELECT st_asmvtgeom(f.geom_3857, st_tileenvelope(b.z, b.x, b.y), 4096, 64) AS geom, f.id, f.key, f.name, f.floors,
         f.height_m, f.use, f.grid_code
  FROM onemap.building f WHERE f.geom_3857 && st_tileenvelope(b.z, b.x, b.y, margin => 64.0 / 4096)) t
WHERE b.i = :i;
"""
_WRK = """
local paths = {}
for line in io.lines(os.getenv("BENCH_PATHS")) do paths[#paths + 1] = line end
local at = 0
request = function()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
"""


def rows(ground: Ground) -> Iterator[Row]:
    """`tiles.cold` and `tiles.cold_tipg`: tiles a second at zoom 15, no cache, four clients."""
    tiles = _tile_list(ground)
    script = ground.home / "raw.sql"
    script.write_text(_RAW.format(count=len(tiles)))
    with _ours(ground, tiles) as ours, _tipg(ground, tiles) as peer:
        measured = interleaved(5, ours, lambda: _pgbench(ground, script), peer)
    note = f"{len(tiles)} tiles at z15, building layer, {_CLIENTS} clients, tile cache off"
    yield faster("tiles.cold", measured[0], measured[1], "ST_AsMVT through pgbench", "tiles/s", 0.5, note)
    yield faster("tiles.cold_tipg", measured[0], measured[2], "tipg, 2 workers under granian", "tiles/s", 3.0, note)


def _tile_list(ground: Ground) -> list[tuple[int, int, int]]:
    """Tiles at zoom 15 that hold buildings, in a fixed shuffled order; also as table `bench_tile` for pgbench."""
    with connect(ground.cluster.dsn()) as conn:
        found = conn.execute(
            "SELECT DISTINCT floor((st_x(c) + 20037508.342789244) / w)::int AS x, "
            "floor((20037508.342789244 - st_y(c)) / w)::int AS y FROM (SELECT st_centroid(geom_3857) AS c, "
            "40075016.685578488 / (1 << 15) AS w FROM building) f ORDER BY 1, 2"
        ).fetchall()
        tiles = [(15, row["x"], row["y"]) for row in found]
        random.Random(15).shuffle(tiles)
        tiles = tiles[:_TILES]
        conn.execute("DROP TABLE IF EXISTS bench_tile")
        conn.execute("CREATE TABLE bench_tile (i int PRIMARY KEY, z int, x int, y int)")
        with conn.cursor() as cursor, cursor.copy("COPY bench_tile FROM STDIN") as copy:
            for i, (z, x, y) in enumerate(tiles, start=1):
                copy.write_row((i, z, x, y))
        conn.commit()
        conn.autocommit = True
        conn.execute("ANALYZE bench_tile")
    return tiles


def _pgbench(ground: Ground, script: Path) -> float:
    done = subprocess.run(
        [str(bin_folder() / "pgbench"), "-n", "-M", "prepared", "-c", str(_CLIENTS), "-j", "1", "-T", str(_SECONDS),
         "-f", str(script), ground.cluster.dsn()],
        capture_output=True, text=True, check=True, timeout=120,
        env={"PGOPTIONS": "-c jit=off -c search_path=onemap,public"},
    )  # fmt: skip
    return float(re.search(r"tps = ([0-9.]+)", done.stdout).group(1))  # type: ignore[union-attr]


def _wrk(ground: Ground, name: str, url: str, paths: list[str], headers: dict[str, str]) -> float:
    """Requests a second of `wrk` over a list of paths; every answer must be a tile."""
    listing = ground.home / f"{name}.paths"
    listing.write_text("\n".join(paths) + "\n")
    script = ground.home / "paths.lua"
    script.write_text(_WRK)
    command = [shutil.which("wrk") or "wrk", "-t", "1", "-c", str(_CLIENTS), "-d", f"{_SECONDS}s", "-s", str(script)]
    for key, value in headers.items():
        command += ["-H", f"{key}: {value}"]
    done = subprocess.run(
        [*command, url], capture_output=True, text=True, check=True, timeout=120, env={"BENCH_PATHS": str(listing)}
    )
    if "Non-2xx" in done.stdout:
        raise RuntimeError(f"{name}: not every answer was a tile\n{done.stdout}")
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", done.stdout).group(1))  # type: ignore[union-attr]


@contextmanager
def _ours(ground: Ground, tiles: list[tuple[int, int, int]]) -> Iterator[object]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "ONEMAP_HOME": str(ground.home),
        "ONEMAP_PORT": str(port),
        "ONEMAP_TILE_CACHE_MB": "0",
        "PYTHONPATH": ".",
    }
    headers = {"Authorization": f"Bearer {ground.key}", "Accept-Encoding": "gzip"}
    paths = [f"/tiles/building/{z}/{x}/{y}.mvt" for z, x, y in tiles]
    with ground.child([sys.executable, "-m", "server.cli", "serve"], environment, f"{url}/health", "bench-ours"):
        _check_same(url + paths[0], headers)
        yield lambda: _wrk(ground, "ours", url, paths, headers)


@contextmanager
def _tipg(ground: Ground, tiles: list[tuple[int, int, int]]) -> Iterator[object]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    socket = quote(str(ground.cluster.socket), safe="")
    environment = {
        "DATABASE_URL": f"postgresql://onemap@{socket}:5432/onemap",
        "TIPG_DB_SCHEMAS": '["onemap"]',
        "TIPG_DB_SPATIAL_FUNCTIONS": "false",
        "TIPG_DEFAULT_MINZOOM": "0",
    }
    base = "/collections/onemap.building/tiles/WebMercatorQuad"
    paths = [f"{base}/{z}/{x}/{y}?geom-column=geom_3857" for z, x, y in tiles]
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--workers", "2", "--port", str(port)]
    headers = {"Accept-Encoding": "gzip"}
    with ground.child([*command, "tipg.main:app"], environment, f"{url}/healthz", "bench-tipg"):
        _check_same(url + paths[0], headers)
        yield lambda: _wrk(ground, "tipg", url, paths, headers)


def _check_same(url: str, headers: dict[str, str]) -> None:
    """The first tile of the list must be there and hold something, or the figure would flatter."""
    answer = httpx.get(url, headers=headers, timeout=30)
    answer.raise_for_status()
    if len(answer.content) < 1000:
        raise RuntimeError(f"{url}: only {len(answer.content)} bytes")
