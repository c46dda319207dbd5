"""Real HTTP endpoints on the loopback for the sender's tests: they answer by path and keep what they were sent."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: path → (status, headers, body)
ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/ok": (200, {}, b""),
    "/broken": (500, {}, b""),
    "/gone": (410, {}, b""),
    "/refused": (422, {}, b""),
    "/away": (302, {"Location": "/ok"}, b""),
    "/busy": (429, {"Retry-After": "120"}, b""),
    "/robot": (200, {}, b'{"errcode":0,"errmsg":"ok"}'),
    "/robot-busy": (200, {}, b'{"errcode":130101,"errmsg":"send too fast"}'),
    "/robot-no": (200, {}, '{"errcode":310000,"errmsg":"关键词不匹配"}'.encode()),
    "/feishu": (200, {}, b'{"code":0,"msg":"success","data":{}}'),
    "/feishu-no": (200, {}, b'{"code":19021,"msg":"sign match fail"}'),
}


class Endpoint:
    """Answers by the path's first part; `/silent` never does before it is closed, `/poison` refuses alert 1 alone."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.seen.append((self.path, dict(self.headers), body))
                path = "/" + self.path.partition("?")[0].split("/")[1]
                if path == "/silent":
                    outer.closing.wait()
                    self.close_connection = True
                    return
                status, headers, said = outer.answers.get(path) or (200, {}, b"")
                self.send_response(status)
                for name, value in (headers | {"Content-Length": str(len(said))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 128
            daemon_threads = True

        self.answers = dict(ANSWERS)
        self.server = Server(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def paths(self) -> list[str]:
        """The paths that were asked, in order."""
        return [path for path, _, _ in self.seen]

    def close(self) -> None:
        """Let go of whoever waits, and stop."""
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
