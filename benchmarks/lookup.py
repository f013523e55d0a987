"""`python -m benchmarks.lookup [customers]`: lookup as one types among 1,000,000 customers, p50 and p95 by kind.

Seeds customers with sealed contacts and 300,000 orders with serial numbers by COPY, the same for the same size, in a
database of its own that is dropped afterwards. Server time of the lookup and of the palette, without the network.
"""

import os
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from benchmarks import seeding, words
from benchmarks.ground import empty
from benchmarks.seeding import Table, bare, email_of, has_mail, language_of, phone_of, team_at
from benchmarks.transfer import Clock

CHUNK, ASKED, SEED = 5000, 200, 20261122


def name_of(number: int) -> str:
    chance = random.Random(number)
    if language_of(number) == "en":
        return f"{chance.choice(words.FIRST)} {chance.choice(words.LAST)}"
    return chance.choice(words.SURNAMES) + chance.choice(words.GIVEN) + chance.choice(["", *words.SURNAMES])


def order_of(number: int) -> str:
    return f"SO-{2023 + number % 3}{1 + number % 12:02d}-{number:07d}"


def serial_of(number: int) -> str:
    return f"JS{number * 7919 % 10**8:08d}X"


class Archive:
    """So many customers, three orders for ten of them."""

    def __init__(self, size: int):
        from customers.models import Contact, Customer, CustomField, Order, OrderLine
        from customers.registry import entry_tier

        self.size, self.now = size, datetime.now(UTC)
        self.customers, self.contacts = Table(Customer), Table(Contact)
        self.orders, self.lines = Table(Order), Table(OrderLine)
        self.tables = [self.customers, self.contacts, self.orders, self.lines]
        self.teams = [team.pk for team in seeding.staff()]
        self.tier = entry_tier().pk
        self.initials: dict[str, str] = {}
        CustomField.objects.create(code="contract", name_zh="合同号", name_en="Contract")

    def seed(self) -> None:
        from django.db import connection, transaction

        with bare([table.name for table in self.tables]), connection.cursor() as cursor:
            for start in range(1, self.size + 1, CHUNK):
                for number in range(start, min(start + CHUNK, self.size + 1)):
                    self.customer(number)
                with transaction.atomic():
                    for table in self.tables:
                        table.flush(cursor)
            for table in self.tables:
                table.finish(cursor)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")

    def customer(self, number: int) -> None:
        from customers.registry import initials_of

        name = name_of(number)
        if name not in self.initials:
            self.initials[name] = initials_of(name)
        at = self.now - timedelta(minutes=number % 1_000_000)
        pk = self.customers.add(
            name=name, initials=self.initials[name], team_id=self.teams[team_at(number)], tier_id=self.tier,
            source="import", since=at.date(), created_at=at, language=language_of(number),
            company=words.COMPANIES[number % 6] + str(number % 5000) if number % 4 == 0 else "",
            last_contact_at=at if number % 3 else None,
            attributes={"contract": f"HT-{number}"} if number % 10 == 0 else {},
        )
        self.contact(pk, "phone", phone_of(number))
        if has_mail(number):
            self.contact(pk, "email", email_of(number))
        if number % 10 < 3:
            order = self.orders.add(customer_id=pk, code=order_of(number), state="confirmed", placed_at=at,
                                    confirmed_at=at)
            self.lines.add(order_id=order, product="净水机", serial=serial_of(number))

    def contact(self, pk: int, kind: str, value: str) -> None:
        from core import crypto
        from customers.models import Contact

        index, masked, last4 = Contact.forms_of(kind, value)
        self.contacts.add(customer_id=pk, kind=kind, value=crypto.seal(value.encode()), value_index=index,
                          masked=masked, last4_index=last4, source="import", preferred=kind == "phone")


def kinds(size: int) -> dict[str, Callable[[random.Random], str]]:
    """What people type, by kind."""

    def some(chance: random.Random, *, most: int = 1) -> int:
        return chance.randrange(1, size // 10) * 10 + chance.randrange(most)

    def number(chance: random.Random) -> int:
        return chance.randrange(1, size)

    return {
        "phone, complete": lambda c: phone_of(number(c))[3:],
        "phone, nobody's": lambda c: f"199{c.randrange(10**8):08d}",
        "last four digits": lambda c: f"{c.randrange(10**4):04d}",
        "mail, complete": lambda c: email_of(number(c)),
        "name, one sign": lambda c: c.choice(words.SURNAMES),
        "name, two signs": lambda c: name_of(number(c))[:2],
        "name, whole": lambda c: name_of(number(c)),
        "name, nobody's": lambda c: "龘" + c.choice(words.GIVEN),
        "Latin, three letters": lambda c: c.choice(words.FIRST)[:3].lower(),
        "initials, two": lambda c: "".join(c.choice("wlzcy") for _n in range(2)),
        "initials, nobody's": lambda c: "xqv" + c.choice("abc"),
        "company": lambda c: words.COMPANIES[c.randrange(6)][:4],
        "order, exact": lambda c: order_of(some(c, most=3)),
        "order, beginning": lambda c: order_of(some(c, most=3))[:9],
        "serial, exact": lambda c: serial_of(some(c, most=3)),
        "serial, beginning": lambda c: serial_of(some(c, most=3))[:4],
        "customer number": lambda c: f"K-{number(c)}",
        "own field": lambda c: f"HT-{some(c)}",
    }


def measure(size: int) -> None:
    from customers import lookup
    from desk import search
    from staff.models import Role, Team, User

    largest, smallest = Team.objects.order_by("pk").first(), Team.objects.order_by("pk").last()
    users = {
        "agent of 40 %": User.objects.filter(team=largest, role=Role.AGENT).first(),
        "agent of 10 %": User.objects.filter(team=smallest, role=Role.AGENT).first(),
        "supervisor of all": User.objects.filter(role=Role.SUPERVISOR).first(),
    }
    heads = f"{'lookup p50':>10} {'p95':>7} {'palette p50':>11} {'p95':>7} {'lookup CPU':>10}"
    print(f"{'typed':22} {'by':18} {heads} ms, found")
    every: list[float] = []
    for kind, typed in kinds(size).items():
        for who, user in users.items():
            chance = random.Random(SEED)
            texts = [typed(chance) for _n in range(ASKED)]
            with Clock() as clock:
                plain, found = timed(lambda text, user=user: lookup.as_typed(fresh(user), text), texts)
            palette, _found = timed(lambda text, user=user: search.find(text, fresh(user)), texts)
            every += plain
            print(f"{kind:22} {who:18} {cut(plain, 50):10.1f} {cut(plain, 95):7.1f} {cut(palette, 50):11.1f} "
                  f"{cut(palette, 95):7.1f} {clock.each(ASKED):10.1f} {found / ASKED:8.1f}", flush=True)
    print(f"all kinds together: p50 {cut(every, 50):.1f} ms, p95 {cut(every, 95):.1f} ms; "
          f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def fresh(user):
    """The user as a new request has them: nothing remembered of the last one."""
    user.__dict__.pop("_manages_elsewhere", None)
    return user


def timed(ask: Callable[[str], list], texts: list[str]) -> tuple[list[float], int]:
    taken, found = [], 0
    for text in texts:
        begun = time.perf_counter()
        found += len(ask(text))
        taken.append((time.perf_counter() - begun) * 1000)
    return taken, found


def cut(taken: list[float], percent: int) -> float:
    return statistics.quantiles(taken, n=100)[percent - 1]


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with empty("lookup"):
        from core.management.commands.defaults import fill_all

        fill_all()
        begun = time.monotonic()
        Archive(size).seed()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{size:,} customers seeded in {time.monotonic() - begun:.0f} s, peak {peak} MB", flush=True)
        measure(size)


if __name__ == "__main__":
    main()
