"""What Django does before the desk opens: schema, translations, static files, demo data.

Runs as a process of its own (`python -m crm_project.launch.preparation`), so that the supervisor
stays small. Every step may run again without harm.
"""

import hashlib
import io
import os
import sys
from pathlib import Path

from .errors import LaunchError
from .places import ROOT, data_path
from .preflight import hide_passwords

# Pages use the icon font; its two thousand pictures, hashed and compressed, would be 8,000 files.
UNUSED_STATIC = ["bootstrap-icons/*.svg"]


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm_project.settings")
    try:
        prepare()
    except LaunchError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(
            f"error: {error.strerror or error} {error.filename or ''}: free the disk or repair it, then run again."
        )


def prepare() -> None:
    """All steps in order. Raises LaunchError."""
    compile_translations()
    set_up_django()
    from core import health  # needs settings

    migrate()
    fill_defaults()
    fill_search_index()
    collect_static()
    load_demo()
    health.forget()


def set_up_django() -> None:
    """Load the settings; a missing or weak one is an error of one line."""
    import django
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise LaunchError(hide_passwords(str(error).splitlines()[0])) from None


def compile_translations(root: Path = ROOT) -> int:
    """Write a `.mo` beside every newer `.po` under locale/; return how many. No gettext needed."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import PoFileError, read_po

    written = 0
    for source in sorted((root / "locale").glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        try:
            with source.open("rb") as file:
                catalogue = read_po(file, abort_invalid=True)
        except (PoFileError, ValueError) as error:
            raise LaunchError(f"{source} cannot be read: {error}") from None
        fresh = target.with_suffix(".new")
        with fresh.open("wb") as file:
            write_mo(file, catalogue)
        fresh.replace(target)
        written += 1
    if written:
        say(f"Translations compiled: {written}")
    return written


def migrate() -> None:
    """Bring the schema up to date; refuse a database that a newer version has migrated."""
    from django.core.management import call_command
    from django.db import DatabaseError, connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    newer = unknown_migrations(set(executor.loader.applied_migrations), set(executor.loader.disk_migrations))
    if newer:
        raise LaunchError(
            f"The database was made by a newer version (it has {', '.join(newer[:3])}, unknown here): "
            f"start that version, or use another DATA_DIR or DATABASE_URL. Nothing was changed."
        )
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if not waiting:
        return
    say(f"Running {waiting} migrations")
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except DatabaseError as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise LaunchError(f"A migration failed and was rolled back: {first}") from error


def fill_defaults() -> None:
    """Standard calendars, policies and texts where there are none yet; without them no timer could start."""
    from django.core.management import call_command

    call_command("defaults", stdout=io.StringIO())


def fill_search_index() -> None:
    """The words of rows that an older version has left; on every later start nothing is to be done."""
    from django.core.management import call_command

    call_command("search_index", stdout=io.StringIO())


def unknown_migrations(applied: set[tuple[str, str]], known: set[tuple[str, str]]) -> list[str]:
    """Applied migrations that come after all that this version has of their app.

    Older unknown ones are no alarm: they were squashed since.
    """
    newest: dict[str, int] = {}
    for app, name in known:
        newest[app] = max(newest.get(app, 0), _number(name))
    return sorted(f"{app}.{name}" for app, name in applied - known if app in newest and _number(name) >= newest[app])


def _number(name: str) -> int:
    head = name.split("_", 1)[0]
    return int(head) if head.isdigit() else 0


def collect_static() -> None:
    """Collect when a file has changed since the last time."""
    from django.conf import settings
    from django.contrib.staticfiles import finders
    from django.core.management import call_command

    digest = hashlib.sha256(settings.STATIC_URL.encode())
    for finder in finders.get_finders():
        for name, storage in sorted(finder.list([]), key=lambda found: found[0]):
            entry = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{entry.st_size}\0{entry.st_mtime_ns}\n".encode())
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    say("Collecting static files")
    call_command("collectstatic", interactive=False, verbosity=0, clear=True, ignore_patterns=UNUSED_STATIC)
    stamp.write_text(digest.hexdigest())


def load_demo() -> None:
    """Fill an installation that asks for it with demo data, once."""
    from django.conf import settings
    from django.core.management import call_command, get_commands

    marker = data_path() / "run" / "demo.done"
    if not settings.DEMO or marker.exists() or "demo" not in get_commands():
        return
    say("Loading demo data")
    call_command("demo")
    marker.touch()


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
