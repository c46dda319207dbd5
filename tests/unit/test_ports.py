"""Ports of one start: two starts at once never have the same, and a program that was killed finds its own again."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from server.ports import HeldPort
from tests.running import free_port


def listening(port: int) -> ThreadingHTTPServer:
    return ThreadingHTTPServer(("127.0.0.1", port), BaseHTTPRequestHandler)


def test_two_starts_that_want_the_same_port_have_two_before_anybody_listens() -> None:
    first = HeldPort(free_port())
    second = HeldPort(first.number)
    assert first.number != second.number
    for held in (first, second):
        listening(held.number).server_close()
        listening(held.number).server_close()  # and again, as after a kill
    wanted = first.number
    first.release()
    assert HeldPort(wanted).number == wanted


def test_a_port_somebody_listens_on_or_that_cannot_be_is_not_taken() -> None:
    with listening(0) as other:
        assert HeldPort(other.server_port).number not in (other.server_port, 0)
    assert 0 < HeldPort(65_000 + 1883).number < 65_536


def test_a_port_that_is_being_given_up_is_waited_for() -> None:
    other = listening(0)
    thread = threading.Timer(0.3, other.server_close)
    thread.start()
    assert HeldPort(other.server_port, deadline=time.monotonic() + 30).number == other.server_port
    thread.join()


def test_many_starts_at_once_have_a_port_each() -> None:
    wanted, held = free_port(), []
    threads = [threading.Thread(target=lambda: held.append(HeldPort(wanted))) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.number for one in held}) == 40
