"""What a shift leaves open for the next one: gathered from the record, each matter with why it is on the list (M4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from followups.models import Callback
from staff import rosters
from staff.floor_models import HandOverLine, Shift
from staff.models import Team, User
from tickets.list_models import Snooze
from tickets.models import Kind, Post, State, Ticket

EACH = 100  # matters of one reason; the list says when there are more
PROMISED_SINCE = timedelta(days=7)
REASONS: dict[str, tuple[str | Promise, str]] = {
    "overdue": (_("Overdue"), "red"),
    "due": (_("Due in the next shift"), "amber"),
    "promised": (_("Answer promised"), "amber"),
    "callback": (_("Callback waiting"), "blue"),
    "escalated": (_("Complaint escalated"), "red"),
    "vip": (_("VIP"), "violet"),
    "snoozed": (_("Put aside until then"), ""),
}


@dataclass(frozen=True)
class Matter:
    """One line of the list."""

    ticket: Ticket
    reasons: list[str]
    promised_at: datetime | None

    @property
    def words(self) -> list[tuple[str | Promise, str]]:
        return words_of(self.reasons)


@dataclass(frozen=True)
class ShiftList:
    """What is handed over: by which shift, what counts as due, and the matters, the earliest first."""

    team: Team
    shift: Shift | None
    ends: datetime
    until: datetime
    matters: list[Matter]
    more: bool


def words_of(reasons: Iterable[str]) -> list[tuple[str | Promise, str]]:
    """(words, colour) of each reason, in the order of the table."""
    known = set(reasons)
    return [words for code, words in REASONS.items() if code in known]


def gather(user: User, team: Team, *, own: bool, now: datetime | None = None) -> ShiftList:
    """The open matters of a team, or of `user` alone, that the next shift has to know of; one query a reason."""
    now = now or timezone.now()
    shift, ends, until = rosters.present(team, now)
    seen = Ticket.objects.visible_to(user).active().filter(team=team)
    if own:
        seen = seen.filter(owner=user)
    reasons: dict[int, list[str]] = {}
    more = False
    for code, rows in _asked(seen, now, until):
        found = list(rows.order_by(F("due_at").asc(nulls_last=True), "pk").values_list("pk", flat=True)[: EACH + 1])
        more = more or len(found) > EACH
        for pk in found[:EACH]:
            reasons.setdefault(pk, []).append(code)
    tickets = Ticket.objects.filter(pk__in=list(reasons)).for_list()
    promises = _promises(list(reasons), now)
    matters = [Matter(ticket, reasons[ticket.pk], promises.get(ticket.pk)) for ticket in tickets]
    far = until + timedelta(days=3650)
    matters.sort(key=lambda one: (one.ticket.due_at or far, one.ticket.pk))
    return ShiftList(team, shift, ends, until, matters, more)


def _asked(seen: QuerySet[Ticket], now: datetime, until: datetime) -> list[tuple[str, QuerySet[Ticket]]]:
    """Which of the tickets in question each reason holds."""
    waiting = Callback.objects.open().filter(ticket=OuterRef("pk"), due_at__lt=until)
    said = Post.objects.filter(ticket=OuterRef("pk"), next_update_at__gt=now - PROMISED_SINCE, next_update_at__lt=until)
    later = Post.objects.filter(ticket=OuterRef("ticket"), pk__gt=OuterRef("pk"), kind__in=_SPOKEN)
    aside = Snooze.objects.filter(ticket=OuterRef("pk"), until__lt=until)
    first = Customer.objects.filter(pk=OuterRef("customer"), tier__rank=1)
    hard = Q(kind=Kind.COMPLAINT, state__in=[State.ESCALATED, State.EXTERNAL_DISPUTE])
    return [
        ("overdue", seen.filter(due_at__lt=now)),
        ("due", seen.filter(due_at__gte=now, due_at__lt=until)),
        ("promised", seen.filter(Exists(said.filter(~Exists(later))))),
        ("callback", seen.filter(Exists(waiting))),
        ("escalated", seen.filter(hard)),
        ("vip", seen.filter(Exists(first))),
        ("snoozed", seen.filter(Exists(aside))),
    ]


_SPOKEN = (Post.Kind.REPLY, Post.Kind.CALL)


def _promises(ticket_ids: list[int], now: datetime) -> dict[int, datetime]:
    """Until when the last word to each customer promised the next one."""
    last = Post.objects.filter(ticket__in=ticket_ids, kind__in=_SPOKEN).order_by("ticket", "-pk").distinct("ticket")
    rows = last.values_list("ticket", "next_update_at")
    return {pk: at for pk, at in rows if at is not None and at > now - PROMISED_SINCE}


def lines(found: ShiftList, remarks: dict[int, str]) -> list[HandOverLine]:
    """The list as it is written down."""
    return [
        HandOverLine(
            ticket_id=matter.ticket.pk, reasons=matter.reasons, due_at=matter.ticket.due_at,
            owner_name=str(matter.ticket.owner) if matter.ticket.owner else "",
            remark=remarks.get(matter.ticket.pk, ""),
        )
        for matter in found.matters
    ]
