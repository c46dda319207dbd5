"""Run every bench, print the table, write `bench/results.json`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import (
    alerts,
    fence_alarms,
    fence_durable,
    fence_edit,
    fence_match,
    fence_scale,
    heat_forecast,
    heat_gistar,
    heat_index,
    heat_pyramid,
    heat_query,
    heat_zonal,
    ingest,
    latency,
    planning_edit,
    planning_propose,
    planning_publish,
    planning_screen,
    tiles,
)
from bench.ground import Ground
from bench.row import Row, machine

SUBJECTS = {
    "tiles": tiles.rows,
    "ingest": ingest.rows,
    "latency": latency.rows,
    "alerts": alerts.rows,
    "index": heat_index.rows,
    "pyramid": heat_pyramid.rows,
    "query": heat_query.rows,
    "zonal": heat_zonal.rows,
    "gistar": heat_gistar.rows,
    "forecast": heat_forecast.rows,
    "fences": fence_match.rows,
    "fences-durable": fence_durable.rows,
    "fences-scale": fence_scale.rows,
    "fences-edit": fence_edit.rows,
    "fences-alarms": fence_alarms.rows,
    "planning-edit": planning_edit.rows,
    "planning-publish": planning_publish.rows,
    "planning-screen": planning_screen.rows,
    "planning-propose": planning_propose.rows,
}
#: Subjects measured on the prepared city; the others make what they measure.
ON_THE_CITY = {"tiles", "ingest", "latency", "alerts"}


def main(chosen: list[str]) -> None:
    """Measure the chosen subjects, or all."""
    console = Console(width=160)
    ground = Ground()
    if set(chosen or SUBJECTS) & ON_THE_CITY:
        with console.status("preparing the city"):
            ground.prepare()
    results: list[Row] = []
    failed: list[str] = []
    try:
        for name in chosen or list(SUBJECTS):
            with console.status(name):
                try:
                    results.extend(SUBJECTS[name](ground))
                except Exception:
                    # One subject that fails must not cost the figures of the others.
                    console.print_exception(max_frames=4)
                    failed.append(name)
    finally:
        ground.stop()
    table = Table("name", "ours", "peer", "unit", "ratio", "reach", "", "beside", title=machine())
    for row in results:
        sign = "[green]reached[/]" if row.ratio >= row.reach else "[yellow]short[/]"
        table.add_row(
            row.name, f"{row.ours:,.1f}", f"{row.peer:,.1f}", row.unit, f"{row.ratio:.2f}", f"{row.reach:g}", sign,
            row.peer_name,
        )  # fmt: skip
    console.print(table)
    path = Path(__file__).with_name("results.json")
    kept = (
        []
        if not (chosen and path.exists())
        else [r for r in json.loads(path.read_text()) if r["name"] not in {x.name for x in results}]
    )
    path.write_text(json.dumps([*kept, *(row.as_json() for row in results)], indent=1, ensure_ascii=False) + "\n")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main(sys.argv[1:])
