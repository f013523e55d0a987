"""From a bare Python 3.11 to the launcher: virtual environment, pinned requirements, then hand over.

Runs on the system's Python with its standard library alone, and makes do with what a small
Debian lacks: python3-venv, or pip. Called by the Makefile: `bootstrap.py run|test|bench|…`.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.json"
RUNTIME, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"
UV = "uv==0.13.9"
NEEDS_DEVELOPMENT = {"test", "bench", "lock", "screenshots"}
LEAST_FREE_MB = 700
APT_LINE = "apt-get install -y python3-venv"


class Failure(Exception):
    """One line for a person, then the end."""


def main() -> None:
    """Prepare `.venv` for the named command and become it."""
    command = sys.argv[1] if len(sys.argv) > 1 else "run"
    try:
        need_python()
        os.chdir(ROOT)
        with_lock(prepare, development=command in NEEDS_DEVELOPMENT)
    except Failure as failure:
        sys.exit(f"error: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
    os.execv(PYTHON, [str(PYTHON), "-m", "crm_project.launch", *sys.argv[1:]])  # noqa: S606


def need_python() -> None:
    """Go on with Python 3.11: this one, or another one of that version that is installed."""
    if sys.version_info[:2] == (3, 11):
        return
    for candidate in ("python3.11", "/usr/bin/python3.11", "/usr/local/bin/python3.11"):
        path = shutil.which(candidate)
        if path and run_quietly([path, "-c", "pass"]) == "":
            os.execv(path, [path, *sys.argv])  # noqa: S606
    raise Failure(
        f"Python 3.11 is needed, this is {sys.version_info[0]}.{sys.version_info[1]}: "
        "install it (Debian 12: apt-get install -y python3.11)."
    )


def with_lock(work, **arguments) -> None:
    """Two starts at once must not install into the same folder."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        work(**arguments)
    finally:
        os.close(folder)


def prepare(development: bool) -> None:
    """Bring `.venv` to what the requirements files pin; quick when it is so already."""
    fresh = venv_is_usable()
    installed = read_stamp()
    # The development set contains the runtime set: once installed it stays.
    development = development or DEVELOPMENT in installed or (fresh and (VENV / "bin" / "pytest").exists())
    wanted = {name: digest(name) for name in ([RUNTIME, DEVELOPMENT] if development else [RUNTIME])}
    if fresh and installed == wanted:
        return
    free = shutil.disk_usage(ROOT).free // 2**20
    if free < LEAST_FREE_MB:
        raise Failure(f"Only {free} MB are free on the disk of {ROOT}: free {LEAST_FREE_MB} MB first.")
    if not fresh:
        say("Making the virtual environment .venv")
        make_venv()
    install(DEVELOPMENT if development else RUNTIME)
    STAMP.write_text(json.dumps(wanted))


def venv_is_usable() -> bool:
    """False when it is missing, of another version, or its Python is gone."""
    return PYTHON.exists() and run_quietly([PYTHON, "-c", "import sys; assert sys.version_info[:2] == (3, 11)"]) == ""


def read_stamp() -> dict:
    try:
        return json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}


def digest(name: str) -> str:
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def make_venv() -> None:
    """With pip inside where python3-venv is installed, else bare, to be filled by the system's pip."""
    bare = not has("ensurepip")
    if bare and not has("pip"):
        if os.geteuid() != 0:
            raise Failure("python3-venv is missing; install it with:  sudo " + APT_LINE)
        say("Installing python3-venv")
        apt_install("python3-venv")
        bare = False
    shutil.rmtree(VENV, ignore_errors=True)
    trouble = run_quietly([sys.executable, "-m", "venv", *(["--without-pip"] if bare else []), VENV])
    if trouble:
        raise Failure(f"Cannot make {VENV}: {trouble}")


def has(module: str) -> bool:
    """True when this Python can import the module; Debian ships some in part only."""
    return run_quietly([sys.executable, "-c", "import " + module]) == ""


def apt_install(*packages: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", *packages]):
        trouble = run_quietly(command, environment)
    if trouble:
        raise Failure(f"Cannot install {' '.join(packages)}: {trouble}")


def install(requirements: str) -> None:
    """Exactly what is pinned, with uv; with pip, slower, where uv cannot be had."""
    count = sum(1 for line in (ROOT / requirements).read_text().splitlines() if line and line[0] not in "#- ")
    say(f"Installing {count} pinned packages from {requirements}")
    trouble = ""
    if not (VENV / "bin" / "uv").exists():
        trouble = run_quietly([*pip(), "install", "--quiet", UV])
    if not trouble:
        uv = [VENV / "bin" / "uv", "pip", "sync", "--python", PYTHON, requirements]
        trouble = run_quietly(uv, uv_environment())
        if not trouble:
            return
    say(f"uv is of no help here ({trouble[:120]}); going on with pip, which takes a minute or two")
    trouble = install_with_pip(requirements, count)
    if trouble:
        raise Failure(f"Cannot install the packages: {trouble}. Check network, proxy and free disk, then run it again.")


def install_with_pip(requirements: str, count: int) -> str:
    """Install, telling how far it is; nothing when it went well, else pip's reason."""
    command = [*map(str, pip()), "install", "--progress-bar", "off", "-r", requirements]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    fetched, reason = 0, ""
    for line in process.stdout or ():
        if line.startswith("Collecting "):
            fetched += 1
            if fetched % 10 == 0:
                say(f"Fetched {fetched} of {count}")
        elif line.startswith("Installing collected"):
            say("Unpacking them")
        elif "ERROR" in line:
            reason = reason or line.strip()
    return (reason or "pip ended without a reason") if process.wait() else ""


def uv_environment() -> dict:
    """uv trusts this machine's certificates and uses pip's index, where these are set up."""
    environment = {"UV_NATIVE_TLS": "1", "UV_SYSTEM_CERTS": "1", **os.environ}
    if os.environ.get("PIP_INDEX_URL"):
        environment.setdefault("UV_DEFAULT_INDEX", os.environ["PIP_INDEX_URL"])
    return environment


def pip() -> list:
    """The command of the pip that installs into `.venv`."""
    if run_quietly([PYTHON, "-c", "import pip"]) == "":
        return [PYTHON, "-m", "pip", "--disable-pip-version-check"]
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", PYTHON]


def run_quietly(command: list, environment=None) -> str:
    """Run a command; nothing when it went well, else its last telling line."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        return str(error)
    if done.returncode == 0:
        return ""
    lines = [line.strip() for line in done.stdout.decode(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if "rror" in line or "No space" in line or "E: " in line]
    return (telling or lines or [f"exit code {done.returncode}"])[-1]


def say(line: str) -> None:
    print("setup  | " + line, flush=True)


if __name__ == "__main__":
    main()
