"""In which order the queue stands, where a page of it goes on, and under which headings its rows are shown.

By time left (B6): customers whose tier stands first in the queue (`Tier.first_in_queue`, the admin's) come before all
others, even before others' breached tickets; within each of the two segments the most urgent first, so that what is
overdue leads, and what has no deadline ends it. The segments are read one after the other, each along the index by
deadline, and the second only as far as the first left room on the page. Any other order is one sequence.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db.models import F, Q, Value
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.models import Tier
from desk.clocks import SOON
from desk.queue_rows import Row
from tickets.models import Priority, TicketQuerySet

NO_DUE = "none"
EPOCH = datetime.fromtimestamp(0, UTC)
LAST = datetime.max.replace(tzinfo=UTC)  # what has no deadline
DUE = "due"
SORTS: dict[str, str | Promise] = {
    DUE: _("By SLA time left"),
    "updated": _("Last changed first"),
    "opened": _("Newest first"),
    "priority": _("By priority"),
}
# Order → the column it goes by; a minus means downwards.
COLUMNS = {"updated": "-updated_at", "opened": "-opened_at", "priority": "priority"}


class Cursor(NamedTuple):
    """Behind which row a page begins: whether it stood among the first customers, its deadline and its id."""

    first: bool
    due: datetime | None
    pk: int


class Mark(NamedTuple):
    """Behind which row a page of one sequence begins: the sort, the value it goes by and the id."""

    sort: str
    value: datetime | int
    pk: int


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def write_cursor(ticket: Row, sort: str = DUE) -> str:
    """Where the next page starts: the segment or the sort, the value in microseconds and the id of the last row."""
    if sort == DUE:
        due = micros(ticket.due_at) if ticket.due_at else NO_DUE
        return f"{'f' if ticket.first_in_queue else 'r'}{due}.{ticket.pk}"
    value = getattr(ticket, COLUMNS[sort].lstrip("-"))
    return f"{sort[0]}{value if sort == 'priority' else micros(value)}.{ticket.pk}"


def read_cursor(text: str, sort: str = DUE) -> Cursor | Mark | None:
    """The cursor that a text stands for in this order; None for a text that is none."""
    found = re.fullmatch(rf"([fruop])({NO_DUE}|[0-9]{{1,17}})\.([0-9]{{1,18}})", text)
    if not found or not found[0].isascii():
        return None
    kind, value, pk = found.groups()
    if sort == DUE:
        if kind not in "fr":
            return None
        due = None if value == NO_DUE else EPOCH + timedelta(microseconds=int(value))
        return Cursor(kind == "f", due, int(pk))
    if kind != sort[0] or value == NO_DUE:
        return None
    if sort == "priority":
        return Mark(sort, int(value), int(pk)) if int(value) in Priority.values else None
    return Mark(sort, EPOCH + timedelta(microseconds=int(value)), int(pk))


def in_order(tickets: TicketQuerySet, sort: str, after: Cursor | Mark | None, limit: int) -> list[int]:
    """The ids of so many tickets behind the cursor, in this order; one query over the tickets alone."""
    if sort == DUE:
        return _by_due(tickets, after if isinstance(after, Cursor) else None, limit)
    column = COLUMNS[sort]
    name, down = column.lstrip("-"), column.startswith("-")
    if isinstance(after, Mark):
        side = "lt" if down else "gt"
        tickets = tickets.filter(
            Q(**{f"{name}__{side}": after.value}) | Q(**{name: after.value, f"pk__{side}": after.pk}),
            **{f"{name}__{side}e": after.value},  # says where in the index to begin
        )
    return list(tickets.order_by(column, "-pk" if down else "pk").values_list("pk", flat=True)[:limit])


def _by_due(tickets: TicketQuerySet, after: Cursor | None, limit: int) -> list[int]:
    """The first customers' while there are any, then the others'."""
    first = Tier.objects.filter(first_in_queue=True).values("pk")
    segments = {0: tickets.filter(tier__in=first), 1: tickets.exclude(tier__in=first)}
    if after:
        at = 0 if after.first else 1
        segments = {place: rows for place, rows in segments.items() if place >= at}
        segments[at] = _beyond(segments[at], after)
    pages = [
        rows.order_by(F("due_at").asc(nulls_last=True), "pk").values_list(Value(place), "due_at", "pk")[:limit]
        for place, rows in segments.items()
    ]
    found = pages[0].union(*pages[1:], all=True) if pages[1:] else pages[0]
    return [pk for _place, _due, pk in sorted(found, key=_by_place)[:limit]]


def _by_place(row: tuple[int, datetime | None, int]) -> tuple[int, datetime, int]:
    place, due, pk = row
    return place, due or LAST, pk


def _beyond(tickets: TicketQuerySet, after: Cursor) -> TicketQuerySet:
    """The rows of the cursor's segment that stand behind it, where no deadline comes last."""
    if after.due is None:
        return tickets.filter(due_at=None, pk__gt=after.pk)
    return tickets.filter(Q(due_at__gt=after.due) | Q(due_at=after.due, pk__gt=after.pk) | Q(due_at=None))


@dataclass
class Group:
    """Rows that stand together, under a heading that says how urgent they are."""

    code: str
    label: str | Promise
    icon: str
    look: str = ""
    rows: list[Row] = field(default_factory=list)


def grouped(tickets: Iterable[Row], now: datetime, sort: str = DUE) -> list[Group]:
    """First customers, then breached, due within the hour, on time, paused; by another order, under its name."""
    if sort == "priority":
        groups = {str(value): Group(str(value), label, "flag") for value, label in Priority.choices}
        for ticket in tickets:
            groups[str(ticket.priority)].rows.append(ticket)
    elif sort != DUE:
        groups = {sort: Group(sort, SORTS[sort], "sort-down", rows=list(tickets))}
    else:
        groups = {
            group.code: group
            for group in (
                Group("first", _("First in the queue"), "gem"),
                Group("breached", _("Breached"), "exclamation-triangle-fill", "u-red"),
                Group("soon", _("Due within the hour"), "hourglass-split", "u-amber"),
                Group("on_time", _("On time"), "clock"),
                Group("paused", _("Paused, waiting for the customer"), "pause-fill"),
            )
        }
        for ticket in tickets:
            groups[group_of(ticket, now)].rows.append(ticket)
    return [group for group in groups.values() if group.rows]


def group_of(ticket: Row, now: datetime) -> str:
    """The code of the group a ticket belongs to now."""
    if ticket.first_in_queue:
        return "first"
    if ticket.due_at is None:
        return "paused" if ticket.waiting_customer else "on_time"
    if ticket.due_at < now:
        return "breached"
    return "soon" if ticket.due_at - now < SOON else "on_time"
