"""Command line: `python -m demo.simulator --url ... --city FOLDER`. Secrets come from the environment."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from demo.simulator.run import Options, Simulator


def options(argv: list[str] | None = None) -> Options:
    """Read the command line, and the secrets from ONEMAP_SIM_API_KEY and ONEMAP_SIM_MQTT_PASSWORD."""
    parser = argparse.ArgumentParser(prog="python -m demo.simulator", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the server answers")
    parser.add_argument("--mqtt-host", default="127.0.0.1")
    parser.add_argument("--mqtt-port", type=int, default=1883)
    parser.add_argument("--mqtt-user", default=None)
    parser.add_argument("--city", type=Path, required=True, help="folder written by demo.city.build")
    parser.add_argument("--scenario", choices=("ordinary", "rainstorm"), default="ordinary")
    parser.add_argument("--speed", type=float, default=1.0, help="how fast the scenario unfolds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--serve-port", type=int, default=0, help="loopback port of /geohazard.json; 0 is off")
    parser.add_argument("--journal", type=Path, default=None, help="append acknowledged records here, JSON lines")
    parser.add_argument(
        "--silent", type=float, default=None,
        help="let teams answer their alerts, but for this share of them; without it nobody answers for any team",
    )  # fmt: skip
    args = parser.parse_args(argv)
    if not 0.01 <= args.speed <= 1000:
        parser.error("--speed must be between 0.01 and 1000")
    if args.silent is not None and not 0 <= args.silent <= 1:
        parser.error("--silent must be between 0 and 1")
    return Options(
        args.url, args.mqtt_host, args.mqtt_port, args.mqtt_user, os.environ.get("ONEMAP_SIM_MQTT_PASSWORD"),
        os.environ.get("ONEMAP_SIM_API_KEY"), args.city, args.scenario, args.speed, args.seed, args.serve_port,
        args.journal, args.silent,
    )  # fmt: skip


def main() -> int:
    """Run until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    chosen = options()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        Simulator(chosen, stop).run()
    except OSError as error:
        logging.getLogger("simulator").error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
