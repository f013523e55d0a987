"""Orders by file: lines of one number, one after the other, are the products of one order (P1)."""

from datetime import datetime, time
from typing import Any

from django.db import transaction
from django.utils import timezone

from core.importing import Tally
from customers import ordering, registry
from customers.models import Customer, ImportRun
from customers.order_book import Line, OrderRefused
from customers.transfer.refusals import BadValue
from customers.transfer.rows import Bad, Row

LINE = ("product", "quantity", "price", "specification", "serial", "warranty_until")
FACTS = ("amount", "address", "state", "planned_on", "need", "payment", "paid_on")


class OrderSaver:
    """Saves batches of rows as orders of customers of the run's team, in the caller's transaction."""

    def __init__(self, run: ImportRun):
        self.run = run

    def check(self, row: Row) -> None:
        """Raises BadValue for a row that names no customer."""
        _ = row.key

    def save(self, batch: list[Row], *, now: datetime, dry: bool = False) -> tuple[Tally, list[Bad]]:
        """Takes in each order of the batch through `customers.ordering`; one that is refused costs only itself."""
        tally, bad = Tally(), []
        for rows in grouped(batch):
            try:
                with transaction.atomic():
                    what = self._take_in(rows, now)
                    if dry:
                        transaction.set_rollback(True)
            except (OrderRefused, BadValue) as refused:
                bad += _refused(rows, refused)
                continue
            tally.made += len(rows) * (what == "made")
            tally.changed += len(rows) * (what == "changed")
            tally.same += len(rows) * (what == "unchanged")
        return tally, bad

    def _take_in(self, rows: list[Row], now: datetime) -> str:
        values = rows[0].values
        facts: dict[str, Any] = {name: values[name] for name in FACTS if name in values}
        if placed := values.get("placed_at"):
            facts["placed_at"] = timezone.make_aware(datetime.combine(placed, time(12)))
        _order, what = ordering.take_in(
            customer=self._customer(values), source=self.run.source, code=values["code"],
            lines=[Line(**{name: row.values[name] for name in LINE if name in row.values}) for row in rows],
            by=self.run.by, now=now, **facts,
        )
        return what

    def _customer(self, values: dict[str, Any]) -> Customer:
        found = None
        if number := values.get("external_id"):
            found = Customer.objects.filter(
                team=self.run.team_id, external_id=number, erased_at=None
            ).order_by("pk").first()
        found = found or registry.find(
            team=self.run.team, phone=values.get("phone", ""), email=values.get("email", "")
        )
        if found is None:
            raise BadValue("nobody")
        return registry.standing(found)


def grouped(batch: list[Row]) -> list[list[Row]]:
    """Rows of one order that follow each other; every customer is a group of their own."""
    groups: list[list[Row]] = []
    for row in batch:
        code = row.values.get("code")
        if code is not None and groups and groups[-1][0].values["code"] == code:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _refused(rows: list[Row], refused: Exception) -> list[Bad]:
    first = rows[0]
    if isinstance(refused, BadValue):
        bad = [Bad(first.line, first.cells, refused.code, refused.detail)]
    else:
        bad = [Bad(first.line, first.cells, "order", str(refused)[:200])]
    return [*bad, *(Bad(row.line, row.cells, "of_group", str(first.line)) for row in rows[1:])]
