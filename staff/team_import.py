"""What the commands have in common that import a team's records from a CSV."""

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core import import_maps, importing
from staff.models import Team

EVERY = 1.0  # seconds between two lines of progress


class TeamImportCommand(BaseCommand):
    """`FILE --map MAP --team TEAM`; a subclass names its maps and fields, and what saves the rows."""

    shipped: Path
    fields: Mapping[str, import_maps.Field]
    options_known: Mapping[str, object] = {}

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, help="CSV with the names of the columns in its first line")
        parser.add_argument("--map", required=True, help="mapping file, or the name of a shipped one")
        parser.add_argument("--team", default="", help="name or number of the team whose records they become")
        parser.add_argument(
            "--rejects", type=Path, help="where bad rows go; by default imports/FILE.rejected.csv among the data"
        )

    def saver(self, mapping: import_maps.ImportMap, team: Team) -> importing.Saver:
        raise NotImplementedError

    def handle(self, *args, **options):
        path: Path = options["file"]
        rejects = options["rejects"] or settings.DATA_DIR / "imports" / f"{path.name}.rejected.csv"
        team = team_named(options["team"])
        try:
            mapping = import_maps.load(
                options["map"], shipped=self.shipped, fields=self.fields, options=self.options_known
            )
            tally = importing.run(
                path, mapping, self.saver(mapping, team), rejects=rejects, progress=self._progress()
            )
        except (import_maps.BadMap, importing.BadFile) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{error.filename or rejects}: {error.strerror}") from error
        self.stdout.write(
            f"{tally.read} read: {tally.made} new, {tally.changed} changed, {tally.same} unchanged, "
            f"{tally.rejected} rejected, in {tally.seconds:.1f} s ({tally.read / max(tally.seconds, 0.01):.0f} rows/s)"
        )
        self.finish(team)
        if tally.rejected:
            self.stderr.write(f"Rejected rows with line and reason: {rejects}")

    def finish(self, team: Team) -> None:
        """What follows an import."""

    def _progress(self) -> Callable:
        last = time.monotonic()

        def tell(tally: importing.Tally) -> None:
            nonlocal last
            if time.monotonic() - last >= EVERY:
                last = time.monotonic()
                sys.stderr.write(f"{tally.read} rows, {tally.rejected} rejected, {tally.seconds:.0f} s\n")
                sys.stderr.flush()

        return tell


def team_named(text: str) -> Team:
    """The team with this name or number; with "" the only one there is. Raises CommandError naming the teams."""
    teams = list(Team.objects.order_by("pk"))
    if not text and len(teams) == 1:
        return teams[0]
    for team in teams:
        if text and text in (str(team.pk), team.name):
            return team
    known = ", ".join(f"{team.pk} {team.name}" for team in teams[:20]) or "none yet"
    raise CommandError(f"No team “{text}”. Teams: {known}" if text else f"Say whose records they are, --team: {known}")
