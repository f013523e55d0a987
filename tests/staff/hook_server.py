"""A small HTTP server for tests: it keeps what is posted to it and answers as it is told."""

import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DRIPS = 0


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = self.server
        server.received.append((self.path, dict(self.headers), body))
        status = server.answers.pop(0) if server.answers else 204
        if status == DRIPS:
            self.drip()
            return
        self.send_response(status)
        if status == 302:
            self.send_header("Location", f"http://127.0.0.1:{server.server_address[1]}/elsewhere")
        self.send_header("Content-Length", "2" if status == 200 else "0")
        self.end_headers()
        if status == 200:
            self.wfile.write(b"ok")

    def drip(self):
        """An answer whose head never ends, a byte at a time, until the other side has gone."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        with suppress(OSError):
            while not self.server.ended.wait(0.02):
                self.wfile.write(b"x")

    def log_message(self, *args):
        """Says nothing."""


@contextmanager
def hook_server(*answers: int):
    """Runs the server; it gives `answers` (status codes, or DRIPS) in turn, then 204.

    Yields it with `received`, a list of (path, headers, body), and `url`.
    """
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.answers, server.received, server.ended = list(answers), [], threading.Event()
        server.url = f"http://127.0.0.1:{server.server_address[1]}/hook?team=1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.ended.set()
            server.shutdown()
            thread.join()
