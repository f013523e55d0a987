import json
import signal
import threading

from django.core.management.base import BaseCommand

from tickets import sla_ticking


class Command(BaseCommand):
    help = "Ticks the clocks of all promises: records what is due, warns, escalates. Without --once every two seconds."

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="one tick: batches until nothing is due")
        parser.add_argument("--json", action="store_true", help="one line of JSON a tick")
        parser.add_argument("--batch", type=int, default=sla_ticking.BATCH, help="timers in one transaction (2000)")
        parser.add_argument("--every", type=float, default=2.0, help="seconds between ticks (2)")

    def handle(self, *args, **options):
        if options["once"]:
            self.tell(sla_ticking.tick(batch=options["batch"], count_due=True), options["json"])
            return
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        for report in sla_ticking.run(every=options["every"], stop=stopped.wait, batch=options["batch"]):
            self.tell(report, options["json"])

    def tell(self, report, as_json):
        facts = report.as_dict()
        self.stdout.write(json.dumps(facts) if as_json else "  ".join(f"{name} {n}" for name, n in facts.items()))
        self.stdout.flush()
