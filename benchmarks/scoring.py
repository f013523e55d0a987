"""`python -m benchmarks.scoring --customers 1000000`: seed customers with orders by COPY, score three nights, print.

The first night places everybody and is the costliest there can be; the second follows a day of trade (one customer in
fifty bought); the third is killed in the middle and taken up again. Works on a database of its own and drops it.
"""

import argparse
import random
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

from benchmarks.ground import empty

CHUNK = 5000
DAY = timedelta(days=1)


def seed(size: int, now: datetime) -> None:
    """Customers of one team with an order each on average: 40 % have none, some have many."""
    from django.contrib.auth.hashers import make_password
    from django.db import connection

    from benchmarks.seeding import Table
    from core.management.commands.defaults import fill_all
    from customers.models import Customer, Order
    from customers.registry import entry_tier
    from staff.models import Department, Role, Team, User

    fill_all()
    teams = [Team.objects.create(name=f"{at}", department=Department.objects.create(name=f"{at}")) for at in range(4)]
    manager = User.objects.create(username="manager", role=Role.AGENT, team=teams[0], password=make_password(None))
    chance, customers, orders = random.Random(7), Table(Customer), Table(Order)
    entry = entry_tier().pk
    for number in range(1, size + 1):
        bought = chance.choices([0, 1, 2, 4, 8], [40, 30, 15, 10, 5])[0]
        amounts = [round(chance.lognormvariate(6.5, 1.2), 2) for _n in range(bought)]
        customers.add(
            name="王小雨", initials="wxy", team_id=teams[number % 4].pk, tier_id=entry, source="import",
            since=(now - DAY * chance.randrange(2500)).date(), spend=round(sum(amounts), 2), created_at=now,
            last_contact_at=now - DAY * chance.randrange(900),
            account_manager_id=manager.pk if number % 50 == 0 else None,
        )
        for amount in amounts:
            at = now - DAY * chance.randrange(1200)
            orders.add(
                customer_id=number, code=f"S{orders.last}", state="after_sale", amount=amount, placed_at=at,
                confirmed_at=at, reconfirmed_at=at, pay_by=(at + 30 * DAY).date(),
                paid_on=(at + DAY * chance.randrange(40)).date(),
            )
        if number % CHUNK == 0 or number == size:
            with connection.cursor() as cursor:
                for table in (customers, orders):
                    table.flush(cursor)
                    table.finish(cursor)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE customers_customer, customers_order")


def trade(now: datetime) -> None:
    """A day of orders, for the night to tell."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_order (customer_id, code, source, state, need, advice, amount, payment, address, "
            "address_masked, placed_at, confirmed_at, reconfirmed_at, version) SELECT id, 'N' || id, 'form', "
            "'confirmed', '', '', 900, '', '', '', %s, %s, %s, 1 FROM customers_customer WHERE id %% 50 = 7",
            [now, now, now],
        )
        cursor.execute("UPDATE customers_customer SET spend = spend + 900 WHERE id %% 50 = 7", [])


def night(now: datetime, label: str) -> None:
    from customers import scoring
    from followups import signals as satisfaction
    from tickets import signals as complaints

    begun = time.monotonic()
    complaints.refresh(now=now)
    satisfaction.refresh(now=now)
    run = scoring.nightly(now=now, lasting=timedelta(hours=1))
    took = time.monotonic() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{label}: {run.scored:,} scored, {run.moved:,} changed tier, {took:.1f} s, peak {peak} MB", flush=True)


def killed(now: datetime) -> None:
    """Kills a night by signal amid its scores, then lets another process finish it."""
    code = (
        "import django; django.setup()\nfrom datetime import datetime, timedelta\nfrom customers import scoring\n"
        f"scoring.nightly(now=datetime.fromisoformat('{now.isoformat()}'), lasting=timedelta(hours=1))"
    )
    from customers.models import ScoringRun

    child, run = subprocess.Popen([sys.executable, "-c", code]), None
    while child.poll() is None and not (run and run.phase == "scores" and run.cursor):
        time.sleep(0.2)
        run = ScoringRun.objects.filter(finished_at=None).first()
    child.kill()
    child.wait()
    run.refresh_from_db()
    print(f"killed by signal in phase {run.phase} at customer {run.cursor:,}", flush=True)
    night(now, "taken up again")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    size, now = parser.parse_args().customers, datetime.now(UTC)
    with empty("scoring"):
        begun = time.monotonic()
        seed(size, now)
        print(f"{size:,} customers seeded in {time.monotonic() - begun:.0f} s", flush=True)
        night(now, "first night")
        trade(now + DAY / 2)
        night(now + DAY, "a night after a day of trade")
        killed(now + 2 * DAY)


if __name__ == "__main__":
    main()
