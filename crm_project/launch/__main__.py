"""`python -m crm_project.launch run|test|bench|screenshots|lock`, called by the Makefile."""

import subprocess
import sys
from collections.abc import Callable

from . import environment
from .errors import LaunchError
from .places import ROOT

RESOLVE = ["pip", "compile", "--python-version", "3.11", "--no-header", "--no-annotate", "--no-emit-index-url"]


def run(arguments: list[str]) -> int:
    from .supervisor import Supervisor

    Supervisor().run()
    return 0


def test(arguments: list[str]) -> int:
    from .verification import verify

    return verify(arguments)


def bench(arguments: list[str]) -> int:
    environment.fill(start=True)
    return _python("-m", "benchmarks", *arguments)


def screenshots(arguments: list[str]) -> int:
    return _python("-m", "tests.screenshots", *arguments)


def lock(arguments: list[str]) -> int:
    for name in ("requirements", "requirements-dev", "requirements-learn"):
        program = [str(ROOT / ".venv" / "bin" / "uv"), *RESOLVE, "--quiet", f"{name}.in", "-o", f"{name}.txt"]
        done = subprocess.run(program, cwd=ROOT, check=False)
        if done.returncode:
            return done.returncode
    return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "run": run,
    "test": test,
    "bench": bench,
    "screenshots": screenshots,
    "lock": lock,
}


def main() -> None:
    command = COMMANDS.get(sys.argv[1] if len(sys.argv) > 1 else "")
    if command is None:
        sys.exit(f"error: choose one of {', '.join(COMMANDS)}")
    try:
        sys.exit(command(sys.argv[2:]))
    except LaunchError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _python(*words: str) -> int:
    return subprocess.run([sys.executable, *words], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    main()
