"""A small SMTP server for tests: it speaks the protocol over a real socket and answers as it is told."""

import socketserver
import threading
from contextlib import contextmanager


class _Session(socketserver.StreamRequestHandler):
    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        answers = self.server.answers
        self.say(answers.get("CONNECT", "220 test.example ESMTP"))
        while line := self.rfile.readline():
            verb = line.split(b" ")[0].split(b":")[0].strip().upper().decode("ascii", "replace")
            if verb in answers:
                self.say(answers[verb])
                if answers[verb].startswith("421"):
                    return
            elif verb == "EHLO":
                self.wfile.write(b"250-test.example\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 10240000\r\n")
            elif verb == "DATA":
                self.say("354 go on")
                if not self.take_mail():
                    return
            elif verb == "QUIT":
                self.say("221 2.0.0 bye")
                return
            else:
                self.say("250 2.1.0 ok")

    def take_mail(self) -> bool:
        """Reads the mail and answers; False when told to hang up instead."""
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        answer = self.server.answers.get("MESSAGE", "250 2.0.0 queued")
        if answer == "hang up":
            return False
        if answer.startswith("250"):
            self.server.received.append(b"".join(lines))
        self.say(answer)
        return True


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def smtp_server(**answers: str):
    """Runs the server; `answers` maps a verb, CONNECT or MESSAGE (after the data) to a reply line.

    Yields it with `received`, the raw mails it took, and `server_address`.
    """
    with _Server(("127.0.0.1", 0), _Session) as server:
        server.answers, server.received = answers, []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
