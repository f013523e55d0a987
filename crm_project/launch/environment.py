"""Fills the environment that settings.py reads, from what is set already or from the embedded services."""

import os
import socket
import sys

from . import credentials, services
from .errors import LaunchError
from .places import data_path, prepare_data_dir

# These read code, not data: no reason to start a database.
OFFLINE = {
    "help", "version", "check", "collectstatic", "compilemessages", "diffsettings", "findstatic", "makemessages",
    "messages", "startapp", "testserver",
}  # fmt: skip
VARIABLES = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}


def prepare(argv: list[str]) -> None:
    """Complete os.environ for a `manage.py` command, starting embedded services when it needs them.

    Ends the process with one line when they cannot start.
    """
    try:
        fill(start=needs_data(argv))
    except LaunchError as error:
        sys.exit(f"{error}")


def needs_data(argv: list[str]) -> bool:
    """False for commands that touch no database, and for every `--help`."""
    words = argv[1:]
    if not words or {"-h", "--help", "--version"} & set(words):
        return False
    return words[0] not in OFFLINE or "--database" in words


def embedded() -> list[str]:
    """Names of the services that we have to run ourselves."""
    return [name for name, variable in VARIABLES.items() if not os.environ.get(variable)]


def fill(*, start: bool) -> None:
    """Complete os.environ: URLs, keys and the defaults that depend on whose database it is.

    With a DATABASE_URL of one's own no key is invented: settings.py refuses a missing one.
    """
    wanted = embedded()
    os.environ["DATA_DIR"] = str(data_path())
    if wanted:
        prepare_data_dir()
    if "postgres" in wanted:
        _demo_defaults()
    else:
        os.environ.setdefault("DEMO", "0")
        os.environ.setdefault("HTTPS", "1")
    os.environ.setdefault("PORT", "8000")
    # Only this machine's own names, until somebody names the real ones.
    os.environ["ALLOWED_HOSTS"] = os.environ.get("ALLOWED_HOSTS") or ",".join(
        ["localhost", "127.0.0.1", "[::1]", socket.gethostname().lower()]
    )
    urls = services.up(wanted) if start and wanted else {name: services.url(name) for name in wanted}
    for name, address in urls.items():
        os.environ[VARIABLES[name]] = address


def _demo_defaults() -> None:
    secrets = credentials.load(prepare_data_dir())
    for name in ("SECRET_KEY", "FIELD_KEY"):
        os.environ[name] = os.environ.get(name) or secrets[name]
    os.environ["EMBEDDED"] = "1"
    os.environ.setdefault("DEMO", "1")
    os.environ.setdefault("HTTPS", "0")
