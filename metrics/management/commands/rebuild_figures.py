"""`manage.py rebuild_figures`: counts everything that the dashboards keep anew from the tickets."""

from django.core.management.base import BaseCommand

from metrics import rollups


class Command(BaseCommand):
    help = (
        "Counts the kept figures of past days and of open work anew from the tickets, while the desk is used. Needed "
        "after tickets were changed with triggers switched off, as some restores do."
    )

    def handle(self, **options):
        self.stdout.write(f"{rollups.rebuild():,} days and hours of teams counted")
