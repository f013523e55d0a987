"""The queue of the workbench: saved views, filters, groups by time left, and paging that stays put while rows move.

The order (B6): customers whose tier stands first in the queue (`Tier.first_in_queue`, the admin's) come before all
others, even before others' breached tickets; within each of the two segments the most urgent first, so that what is
overdue leads, and what has no deadline ends it. The segments are read one after the other, each along the index by
deadline, and the second only as far as the first left room on the page.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, F, Prefetch, Q, prefetch_related_objects
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core import redaction
from customers.models import Contact
from desk.clocks import SOON
from messaging.models import Channel
from staff.models import User
from staff.sight import visible_teams
from tickets.models import Kind, Level, State, Ticket, TicketQuerySet

PAGE = 50
CAP = 5000  # counts are exact up to so many open tickets in sight, and "at least" beyond
NO_DUE = "none"
EPOCH = datetime.fromtimestamp(0, UTC)
CONTACTS = Contact.objects.only("customer_id", "kind", "masked", "preferred").order_by("-preferred", "pk")


@dataclass(frozen=True)
class View:
    """One entry of the views column."""

    code: str
    label: str | Promise
    icon: str
    team: bool = False
    red: bool = False


VIEWS = (
    View("mine", _("My queue"), "inbox"),
    View("breached", _("Breached"), "exclamation-circle", red=True),
    View("today", _("Due today"), "hourglass-split"),
    View("unread", _("Unread replies"), "envelope"),
    View("team", _("All open"), "people", team=True),
    View("unassigned", _("Unassigned"), "person-dash", team=True),
    View("special", _("Complaints: special"), "shield-exclamation", team=True),
    View("vip", _("VIP customers"), "gem", team=True),
)
CODES = {view.code: view for view in VIEWS}


def end_of_today(now: datetime) -> datetime:
    """The coming midnight of the reader's day."""
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def theirs(user: User) -> Q:
    """What a person answers for: their own tickets and nobody's; whoever supervises answers for all they see."""
    return Q() if user.supervises else Q(owner=user) | Q(owner=None)


def conditions(user: User, now: datetime) -> dict[str, Q]:
    """Which open tickets each view holds, by its code."""
    return {
        "mine": Q(owner=user),
        "breached": theirs(user) & Q(due_at__lt=now),
        "today": theirs(user) & Q(due_at__lt=end_of_today(now)),
        "unread": theirs(user) & Q(unread=True),
        "team": Q(),
        "unassigned": Q(owner=None),
        "special": Q(kind=Kind.COMPLAINT, level=Level.SPECIAL),
        "vip": Q(customer__tier__rank=1),
    }


def default_view(user: User) -> str:
    return "team" if user.supervises else "mine"


def open_to(user: User) -> TicketQuerySet:
    """The open tickets a user may see, most urgent first; those without a deadline last."""
    return Ticket.objects.visible_to(user).active().order_by(F("due_at").asc(nulls_last=True), "pk")


@dataclass(frozen=True)
class Counts:
    by_view: dict[str, int]
    capped: bool  # there are more open tickets in sight than were looked at


def counts(user: User, now: datetime) -> Counts:
    """How many tickets each view holds, in one query that never reads more than CAP rows."""
    held = {code: Count("pk", filter=condition) for code, condition in conditions(user, now).items() if condition}
    found = open_to(user)[: CAP + 1].aggregate(team=Count("pk"), **held)
    return Counts({code: min(number, CAP) for code, number in found.items()}, found["team"] > CAP)


def closed_today(user: User, now: datetime) -> int:
    """Archived since midnight: by this person, or within sight of whoever supervises."""
    mine = Q() if user.supervises else Q(owner=user)
    start = end_of_today(now) - timedelta(days=1)
    return Ticket.objects.visible_to(user).filter(mine, state=State.ARCHIVED, archived_at__gte=start)[:CAP].count()


def colleagues(user: User) -> list[User]:
    """Those who may own tickets that this user sees, for the filter."""
    return list(User.objects.filter(is_active=True, team__in=visible_teams(user)).order_by("display_name", "pk")[:100])


@dataclass(frozen=True)
class Filters:
    """What the address asks for; unknown values are left out, never an error."""

    view: str
    kind: str = ""
    state: str = ""
    owner: str = ""
    words: str = ""
    after: "Cursor | None" = None

    @classmethod
    def of(cls, params, user: User) -> "Filters":
        owner = params.get("owner", "")
        return cls(
            view=params.get("view") if params.get("view") in CODES else default_view(user),
            kind=params.get("kind") if params.get("kind") in Kind.values else "",
            state=params.get("state") if params.get("state") in State.values else "",
            owner=owner if owner in ("me", "none") or re.fullmatch(r"[0-9]{1,18}", owner) else "",
            words=params.get("q", "").replace("\0", "").strip()[:100],
            after=read_cursor(params.get("after", "")),
        )

    @property
    def narrowed(self) -> bool:
        return bool(self.kind or self.state or self.owner or self.words)

    def apply(self, tickets: TicketQuerySet, user: User, now: datetime) -> TicketQuerySet:
        tickets = tickets.filter(conditions(user, now)[self.view])
        if self.kind:
            tickets = tickets.filter(kind=self.kind)
        if self.state:
            tickets = tickets.filter(state=self.state)
        if self.owner == "me":
            tickets = tickets.filter(owner=user)
        elif self.owner == "none":
            tickets = tickets.filter(owner=None)
        elif self.owner:
            tickets = tickets.filter(owner=int(self.owner))
        return tickets.filter(subject__icontains=redaction.sought(self.words)) if self.words else tickets


class Cursor(NamedTuple):
    """Behind which row a page begins: whether it stood among the first customers, its deadline and its id."""

    first: bool
    due: datetime | None
    pk: int


def write_cursor(ticket: Ticket) -> str:
    """Where the next page starts: the segment, the deadline in microseconds and the id of the last row shown."""
    due = (ticket.due_at - EPOCH) // timedelta(microseconds=1) if ticket.due_at else NO_DUE
    return f"{'f' if ticket.customer.tier.first_in_queue else 'r'}{due}.{ticket.pk}"


def read_cursor(text: str) -> Cursor | None:
    """The cursor that a text stands for; None for a text that is none."""
    found = re.fullmatch(rf"([fr])({NO_DUE}|[0-9]{{1,17}})\.([0-9]{{1,18}})", text)
    if not found:
        return None
    due = None if found[2] == NO_DUE else EPOCH + timedelta(microseconds=int(found[2]))
    return Cursor(found[1] == "f", due, int(found[3]))


def beyond(tickets: TicketQuerySet, after: Cursor) -> TicketQuerySet:
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
    rows: list[Ticket] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    groups: list[Group]
    next_cursor: str
    size: int


def page(user: User, filters: Filters, now: datetime) -> Page:
    """One page of the queue with everything its rows show, in three queries at most."""
    rows = in_order(filters.apply(open_to(user), user, now).for_list(), filters.after, PAGE + 1)
    shown: list[Any] = rows[:PAGE]  # each is given `reached_at`
    prefetch_related_objects(shown, Prefetch("customer__contacts", CONTACTS.all()))
    for ticket in shown:
        ticket.reached_at = shown_contact(ticket)  # type: ignore[attr-defined]
    return Page(grouped(shown, now), write_cursor(shown[-1]) if len(rows) > PAGE else "", len(shown))


def in_order(tickets: TicketQuerySet, after: Cursor | None, limit: int) -> list[Ticket]:
    """So many tickets behind the cursor: the first customers' while there are any, then the others'."""
    rows: list[Ticket] = []
    for first in (True, False):
        if len(rows) == limit or (after and after.first < first):
            continue
        segment = tickets.filter(customer__tier__first_in_queue=first)
        if after and after.first == first:
            segment = beyond(segment, after)
        rows += segment[: limit - len(rows)]
    return rows


def shown_contact(ticket: Ticket) -> str:
    """The masked contact beside a name: an address where they wrote by mail, a number otherwise."""
    known = list(ticket.customer.contacts.all())
    first = "email" if ticket.channel == Channel.MAIL else "phone"
    ranked = sorted(known, key=lambda contact: (contact.kind != first, contact.kind not in ("phone", "email")))
    return ranked[0].masked if ranked else ""


def grouped(tickets: Iterable[Ticket], now: datetime) -> list[Group]:
    """First customers, then breached, due within the hour, on time, paused; empty groups are left out."""
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


def group_of(ticket: Ticket, now: datetime) -> str:
    """The code of the group a ticket belongs to now."""
    if ticket.customer.tier.first_in_queue:
        return "first"
    if ticket.due_at is None:
        return "paused" if ticket.waiting_customer else "on_time"
    if ticket.due_at < now:
        return "breached"
    return "soon" if ticket.due_at - now < SOON else "on_time"
