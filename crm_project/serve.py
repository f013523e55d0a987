"""The web server: `python -m crm_project.serve --port 8000` answers pages, API and WebSocket on one port."""

import argparse
import os
import socket

from uvicorn import Config, Server
from uvicorn.supervisors import Multiprocess

# What workers inherit: threads share two arenas of memory, and what is freed goes back to the system at once.
MEMORY = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_MMAP_THRESHOLD_": "131072"}


class PromptConfig(Config):
    """uvicorn's, with Nagle's algorithm off: asyncio does that only for sockets that name their protocol, and a
    socket shared by several workers does not. A page's body would wait 40 ms for the acknowledgement of its head."""

    def bind_socket(self) -> socket.socket:
        bound = super().bind_socket()
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # accepted connections inherit it
        return bound


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
    parser.add_argument("--workers", type=int, default=int(os.environ.get("WEB_WORKERS") or "2"))
    options = parser.parse_args()
    config = PromptConfig(
        "crm_project.asgi:application", host=options.host, port=options.port, workers=options.workers,
        lifespan="off", access_log=False, log_level="warning", server_header=False, timeout_graceful_shutdown=3,
        timeout_worker_healthcheck=60,  # a worker that is still importing on a busy machine is not dead
    )
    bound = config.bind_socket()
    if options.workers > 1:
        os.environ.update({name: value for name, value in MEMORY.items() if name not in os.environ})
        Multiprocess(config, sockets=[bound]).run()
    else:
        Server(config).run(sockets=[bound])


if __name__ == "__main__":
    main()
