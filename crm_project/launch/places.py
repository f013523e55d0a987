"""Where the data lives, and which account owns the services' share of it."""

import hashlib
import json
import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

from .errors import LaunchError

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = "servicedesk"
STATE_HOME = Path("/var/lib") / PRODUCT


def data_path() -> Path:
    """DATA_DIR as an absolute path; a relative one is relative to the project."""
    return ROOT / (os.environ.get("DATA_DIR") or ".data")


def prepare_data_dir() -> Path:
    """Make DATA_DIR, reachable for the account that runs the services; return it.

    Raises LaunchError when it cannot be made or belongs to somebody else.
    """
    folder = data_path()
    try:
        if os.geteuid() == 0:
            _make_reachable(folder)
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        (folder / "run").mkdir(mode=0o711, exist_ok=True)
        (folder / "log").mkdir(mode=0o711, exist_ok=True)
    except OSError as error:
        raise LaunchError(f"Cannot prepare {folder}: {error.strerror}. Free or repair it, or set DATA_DIR.") from error
    if not os.access(folder, os.W_OK) or not os.access(folder / "run", os.W_OK):
        owner = folder.stat().st_uid
        raise LaunchError(f"{folder} belongs to user {owner}: start as that user, or set DATA_DIR to another folder.")
    return folder.resolve()  # the services' account cannot follow a link out of a private folder


def _make_reachable(folder: Path) -> None:
    """Under private parents (root's home) the data moves to /var/lib and `folder` becomes a link to it."""
    if folder.is_symlink() or _open_to_all(folder.parent):
        if folder.is_dir():
            folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
        return
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    target = STATE_HOME / digest
    STATE_HOME.mkdir(mode=0o711, parents=True, exist_ok=True)
    target.mkdir(mode=0o711, exist_ok=True)
    if folder.is_dir():
        for entry in folder.iterdir():
            shutil.move(entry, target / entry.name)
        folder.rmdir()
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(target)


def _open_to_all(folder: Path) -> bool:
    """True when every existing folder down to this one may be entered by any account."""
    chain = [folder, *folder.parents]
    return all(part.stat().st_mode & stat.S_IXOTH for part in chain if part.exists())


def account() -> pwd.struct_passwd | None:
    """The system account for the services when we are root, else None: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(PRODUCT)
    except KeyError:
        command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", PRODUCT]
    if shutil.which("useradd"):
        subprocess.run(command, check=False, capture_output=True)
    for name in (PRODUCT, "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LaunchError(f"PostgreSQL does not run as root: add a system account `{PRODUCT}`, or start as another user.")


def as_account() -> dict[str, Any]:
    """Arguments for subprocess that drop root's rights for good."""
    owner = account()
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}


def own(path: Path, mode: int) -> None:
    """Give one path to the services' account with this mode."""
    path.chmod(mode)
    owner = account()
    if owner:
        os.chown(path, owner.pw_uid, owner.pw_gid)


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; nobody but its owner may read it."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file; an absent or broken file reads as empty."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
