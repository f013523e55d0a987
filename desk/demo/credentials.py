"""The only copy of the demo passwords: `demo-credentials.json` beside the data, for its owner's eyes."""

import json
import secrets
from pathlib import Path

from django.conf import settings

from crm_project.launch.places import write_private
from desk.demo.cast import SIGNING_IN
from staff.models import User

FILE = "demo-credentials.json"


def path() -> Path:
    return Path(settings.DATA_DIR) / FILE


def kept() -> dict[str, str]:
    """The passwords in the file by username; empty where there is no readable file."""
    try:
        entries = json.loads(path().read_text())
        return {entry["username"]: entry["password"] for entry in entries.values()}
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return {}


def chosen() -> dict[str, str]:
    """A password for everybody who signs in: the one in the file, else a new random one."""
    known = kept()
    return {person.username: known.get(person.username) or _new() for person in SIGNING_IN}


def write(passwords: dict[str, str]) -> None:
    """Replaces the file in one step, mode 600."""
    entries = {
        person.username: {
            "username": person.username, "password": passwords[person.username], "role": str(person.role),
            "name": person.name,
        }
        for person in SIGNING_IN
        if person.username in passwords
    }
    write_private(path(), json.dumps(entries, ensure_ascii=False, indent=2) + "\n")


def repair() -> list[str]:
    """Makes file and users agree, and returns whose password is new. A password that fits is never changed."""
    known, users = kept(), {user.username: user for user in User.objects.filter(username__in=_names())}
    renewed = []
    for username, user in users.items():
        if not (known.get(username) and user.check_password(known[username])):
            known[username] = _new()
            user.set_password(known[username])
            user.save(update_fields=["password"])
            renewed.append(username)
    if renewed or set(known) != set(users) or path().stat().st_mode & 0o077:
        write({username: known[username] for username in users})
    return renewed


def _names() -> list[str]:
    return [person.username for person in SIGNING_IN]


def _new() -> str:
    return secrets.token_urlsafe(15)
