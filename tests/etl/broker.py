"""A real mosquitto on a free loopback port, with a configuration of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Broker:
    """Starts, stops and starts again; with `persistence` it keeps sessions over a restart."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {folder}/\n"
            "autosave_interval 1\nmax_queued_messages 0\nuser root\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self._process = subprocess.Popen([program, "-c", str(self._config)], stderr=subprocess.DEVNULL)
        until(self._answers)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def _answers(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(0.5)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for a condition; fail when it does not come."""
    import threading
    import time

    end, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        assert time.monotonic() < end, "the condition did not come"
        pause.wait(0.01)


@contextmanager
def sender(port: int) -> Iterator[Callable[[str, bytes], None]]:
    """A client that publishes at QoS 1 and waits for the broker's acknowledgement."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:

        def send(topic: str, payload: bytes) -> None:
            client.publish(topic, payload, qos=1).wait_for_publish(10)

        yield send
    finally:
        client.disconnect()
        client.loop_stop()
