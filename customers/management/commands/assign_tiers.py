from django.core.management.base import BaseCommand

from customers import scoring
from staff.team_import import team_named


class Command(BaseCommand):
    help = "Scores every customer and puts them in their tier; tiers set by hand stay."

    def add_arguments(self, parser):
        parser.add_argument("--team", default="", help="name or number of one team; without it all of them")

    def handle(self, *args, **options):
        team = team_named(options["team"]) if options["team"] else None
        self.stdout.write(scoring.told(scoring.assign(team=team)))
