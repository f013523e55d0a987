"""Keys and passwords of an embedded installation, made once and kept beside the data."""

import base64
import fcntl
import json
import secrets
from pathlib import Path

from .errors import LaunchError
from .places import read_json, write_private

FILE = "secrets.json"


def make() -> dict[str, str]:
    """A new set: FIELD_KEY is 32 random bytes in base64, passwords need no quoting in a URL."""
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "database_password": secrets.token_urlsafe(24),
        "superuser_password": secrets.token_urlsafe(24),
        "redis_password": secrets.token_urlsafe(24),
    }


def load(folder: Path) -> dict[str, str]:
    """Read the secrets under `folder`, making them on the first start.

    Raises LaunchError when data exists but its secrets are gone: new ones could not open it.
    """
    path = folder / FILE
    with (folder / "run" / "secrets.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = read_json(path)
        if found.keys() >= make().keys():
            return found
        if found or path.exists() or (folder / "postgres").exists():
            raise LaunchError(
                f"{path} is missing or damaged, and the data beside it cannot be read without it: "
                f"restore it from a backup, or move {folder} away to begin anew."
            )
        fresh = make()
        write_private(path, json.dumps(fresh, indent=2))
        return fresh
