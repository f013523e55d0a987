import time

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection, transaction

from core import live
from core.management.commands.defaults import fill_all
from customers.models import Customer
from desk.demo import cast, credentials, story
from staff.models import Team
from tickets.models import Ticket

LOCK = 7_305_001  # of two runs at once the second waits, and then finds everything there


class Command(BaseCommand):
    help = "Fills an installation with a desk at work, once; run again, it only repairs the file of passwords."

    def add_arguments(self, parser):
        parser.add_argument("--scale", type=float, default=1.0, help="0.1 makes a tenth of the customers and tickets.")

    def handle(self, *args, **options):
        begun = time.monotonic()
        with transaction.atomic():
            with connection.cursor() as cursor:
                # A crash loses the whole story, not a part of it; each single step need not reach the disk.
                cursor.execute("SET LOCAL synchronous_commit TO off")
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            fill_all()
            passwords = None if cast.exists() else credentials.chosen()
            if passwords:
                self.stdout.write("Demo: two weeks of a busy desk")
                story.play(scale=options["scale"], passwords=passwords, say=self._say)
        if passwords:
            credentials.write(passwords)
        self._report(credentials.repair(), played=bool(passwords), seconds=time.monotonic() - begun)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _report(self, renewed: list[str], *, played: bool, seconds: float) -> None:
        if played:
            for team in Team.objects.all():
                live.publish("ticket", team_id=team.pk)
            customers, tickets = Customer.objects.count(), Ticket.objects.count()
            self._say(f"Demo: {customers} customers, {tickets} tickets in {seconds:.0f} s")
        else:
            self._say("Demo: present already")
        if renewed:
            self._say(f"Demo: new passwords for {', '.join(renewed)}")
        self._say(f"Demo: users and passwords are in {settings.DATA_DIR / credentials.FILE}")
