"""The embedded Valkey: broker, cache and channel layer; every write is logged, so nothing is lost."""

import signal
import socket

from .servers import Server, runs_program

SETTINGS = """bind 127.0.0.1
port {port}
unixsocket "{sockets}/valkey.sock"
unixsocketperm 700
dir "{data}"
pidfile "{data}/valkey.pid"
requirepass {password}
save ""
appendonly {durable}
appendfsync everysec
maxmemory-policy noeviction
loglevel warning
databases 32
"""


class Valkey(Server):
    name = "valkey"
    stop_signal = signal.SIGTERM

    @property
    def url(self) -> str:
        return f"redis://:{self.secrets['redis_password']}@127.0.0.1:{self.port}/0"

    def initialise(self) -> None:
        """Write the configuration anew; the password stays off the command line."""
        text = SETTINGS.format(
            port=self.port,
            sockets=self.sockets,
            data=self.data,
            password=self.secrets["redis_password"],
            durable="no" if self.throwaway else "yes",
        )
        self.own_file(self.data / "valkey.conf", text)

    def command(self) -> list[str]:
        return [str(self.engine.valkey), str(self.data / "valkey.conf")]

    def answers(self) -> bool:
        """PING by hand: while the log is being replayed the answer is -LOADING."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as link:
                link.sendall(f"AUTH {self.secrets['redis_password']}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2:
                    part = link.recv(256)
                    if not part:
                        return False
                    answer += part
        except OSError:
            return False
        return answer.endswith(b"+PONG\r\n")

    def leftover(self) -> int | None:
        try:
            pid = int((self.data / "valkey.pid").read_text())
        except (OSError, ValueError):
            return None
        return pid if runs_program(pid, "valkey-server", self.data) else None
