"""Nothing stays with somebody who is away (M4): what they have open is handed on at once, told row by row, and undone.

An absence that begins is taken up by `begin_due`; whatever came to an empty chair since, or lies with somebody who has
been offline for long while it falls due, is found by `left_behind`.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import bulk
from customers.models import Task
from desk import belongings, leaving_visits
from followups.models import Callback
from processes.models import Process, Step
from staff import absences, floor, notifications
from staff.floor_models import Absence, Transfer
from staff.models import Presence, Role, User
from staff.sight import visible_teams
from tickets import transfers, workflow
from tickets.models import State, Ticket
from tickets.relation_models import Task as Todo
from visits import standing_in
from visits.models import Visit

OFFLINE_FOR = timedelta(hours=4)
DUE_WITHIN = timedelta(hours=24)
UNDO = timedelta(days=30)
MOST = 300  # rows of the list of what was left


class UndoRefused(Exception):
    """The transfer cannot be taken back; the text says why."""


@dataclass(frozen=True)
class Piece:
    """One thing that somebody has open, and who may not get it."""

    what: str
    pk: int
    team_id: int
    barred: frozenset[int | None] = frozenset()
    roles: frozenset[str] = frozenset()  # who may do it; empty: everybody


@dataclass(frozen=True)
class Work:
    """A kind of work: its name, what of it a person has open, and the table and column where that stands."""

    label: str | Promise
    of: Callable[[User], Iterable[Piece]]
    model: type[models.Model]
    column: str


def _tickets(user: User) -> Iterable[Piece]:
    rows = Ticket.objects.active().filter(owner=user).order_by("pk").values_list("pk", "team_id")
    return [Piece("ticket", pk, team) for pk, team in rows]


def _callbacks(user: User) -> Iterable[Piece]:
    rows = Callback.objects.open().filter(assignee=user).order_by("pk")
    named = rows.values_list("pk", "ticket__team_id", "ticket__handler_id", "resolution__actor_id")
    return [Piece("callback", pk, team, frozenset(who), workflow.CENTRE) for pk, team, *who in named]


def _tasks(user: User) -> Iterable[Piece]:
    rows = Task.objects.filter(assignee=user, done_at=None).order_by("pk").values_list("pk", "customer__team_id")
    return [Piece("task", pk, team) for pk, team in rows]


def _todos(user: User) -> Iterable[Piece]:
    rows = Todo.objects.open().filter(owner=user).exclude(ticket__state=State.ARCHIVED).order_by("pk")
    return [Piece("todo", pk, team) for pk, team in rows.values_list("pk", "ticket__team_id")]


def _steps(user: User) -> Iterable[Piece]:
    """Steps that are not done, those whose turn is still to come too, in processes that have not ended."""
    going = Step.objects.filter(owner=user, done_at=None, process__state__in=GOING)
    rows = going.exclude(process__ticket__state=State.ARCHIVED).order_by("pk")
    return [
        Piece("step", pk, team, roles=frozenset({role, *workflow.HEADS}) if role else frozenset())
        for pk, team, role in rows.values_list("pk", "process__ticket__team_id", "role")
    ]


GOING = (Process.State.RUNNING, Process.State.WAITING)
WORK: dict[str, Work] = {
    "ticket": Work(gettext_lazy("Tickets"), _tickets, Ticket, "owner"),
    "callback": Work(gettext_lazy("Callbacks"), _callbacks, Callback, "assignee"),
    "task": Work(gettext_lazy("Customer tasks"), _tasks, Task, "assignee"),
    "todo": Work(gettext_lazy("Tasks on tickets"), _todos, Todo, "owner"),
    "step": Work(gettext_lazy("Process steps"), _steps, Step, "owner"),
}


def label_of(what: str) -> str | Promise:
    """The name of a kind of work, as a transfer keeps it."""
    return WORK[what].label if what in WORK else gettext_lazy("Visits")


def number_of(what: str, pk: int) -> str:
    """By what number people know a piece of work."""
    return Visit(pk=pk).number if what == leaving_visits.WHAT else str(pk)


def work_of(user: User) -> list[Piece]:
    """Everything that this person has open, of every kind."""
    return [piece for work in WORK.values() for piece in work.of(user)]


# --- Who gets what ----------------------------------------------------------------------------------------


@dataclass
class Chooser:
    """Says for each piece of somebody's work who gets it by a plan; None is the team's queue."""

    user: User
    plan: str
    deputy: User | None
    now: datetime
    _hands: dict[int, list[User]] = field(default_factory=dict)
    _load: Counter = field(default_factory=Counter)
    _sight: dict[int, set[int]] = field(default_factory=dict)

    def __post_init__(self):
        if self.plan == Absence.Plan.DEPUTY and self.deputy is not None:
            self.deputy = floor.stand_in(self.deputy, self.now)
            if self.deputy is not None and self.deputy.pk == self.user.pk:
                self.deputy = None

    def choose(self, piece: Piece) -> User | None:
        if self.plan == Absence.Plan.DEPUTY:
            fit = self.deputy is not None and self._may(self.deputy, piece) and self._sees(self.deputy, piece.team_id)
            return self.deputy if fit else None
        if self.plan == Absence.Plan.QUEUE:
            return None
        able = [user for user in self._at_work(piece.team_id) if self._may(user, piece)]
        if not able:
            return None
        taken = min(able, key=lambda user: (self._load[user.pk], user.pk))
        self._load[taken.pk] += 1
        return taken

    def _may(self, user: User, piece: Piece) -> bool:
        return user.pk not in piece.barred and (not piece.roles or user.role in piece.roles)

    def _sees(self, user: User, team_id: int) -> bool:
        if user.pk not in self._sight:
            self._sight[user.pk] = set(visible_teams(user).values_list("pk", flat=True))
        return team_id in self._sight[user.pk]

    def _at_work(self, team_id: int) -> list[User]:
        """On duty by the roster, or ready where the team keeps none; with what they carry already."""
        if team_id not in self._hands:
            workers = Q(team=team_id) & ~Q(pk=self.user.pk) & ~Q(role__in=[Role.ADMIN, Role.SUPERVISOR])
            found = list(floor.on_duty(team_id, self.now).filter(workers))
            if not found:
                ready = User.objects.filter(workers, is_active=True, presence=Presence.READY)
                found = list(ready.exclude(pk__in=floor.away(self.now)).order_by("pk"))
            self._hands[team_id] = found
            carried = Ticket.objects.active().filter(owner__in=found).order_by().values("owner")
            self._load.update(dict(carried.annotate(n=Count("pk")).values_list("owner", "n")))
        return self._hands[team_id]


@dataclass(frozen=True)
class Share:
    """A line of the preview: who would get how much of what."""

    to: User | None
    counts: list[tuple[str | Promise, int]]
    total: int


def preview(*, user: User, plan: str, deputy: User | None, now: datetime | None = None) -> list[Share]:
    """What a transfer would do, by receiver, the team's queue last; nothing is written."""
    chooser = Chooser(user, plan, deputy, now or timezone.now())
    got: dict[int | None, Counter] = {}
    people: dict[int | None, User | None] = {}
    for piece in work_of(user):
        to = chooser.choose(piece)
        people[to.pk if to else None] = to
        got.setdefault(to.pk if to else None, Counter())[piece.what] += 1
    shares = [
        Share(people[pk], [(WORK[what].label, n) for what, n in counts.items()], counts.total())
        for pk, counts in got.items()
    ]
    return sorted(shares, key=lambda share: (share.to is None, -share.total))


# --- Handing on, and back ---------------------------------------------------------------------------------


@transaction.atomic
def transfer(
    *, user: User, plan: str, by: User | None, deputy: User | None = None, absence: Absence | None = None,
    only: Iterable[int] | None = None, now: datetime | None = None,
) -> Transfer:
    """Hands on everything that `user` has open, or the tickets `only`; each row's answer is kept with the transfer.

    Sent again it finds nothing left. A handful of statements for each receiver, however much there is.
    """
    now = now or timezone.now()
    chooser = Chooser(user, plan, deputy, now)
    wanted = None if only is None else set(only)
    pieces = work_of(user) if wanted is None else [piece for piece in _tickets(user) if piece.pk in wanted]
    moves: dict[str, dict[int, transfers.Move]] = {}
    for piece in pieces:
        moves.setdefault(piece.what, {})[piece.pk] = (user.pk, chooser.choose(piece))
    row = Transfer(user=user, absence=absence, plan=plan, by=by, at=now)
    for what, asked in moves.items():
        answers = _hand(what, asked, by=by, reason=_("%(name)s is away") % {"name": user}, now=now)
        row.rows += [
            {"what": what, "id": pk, "why": why} if why else {"what": what, "id": pk, "after": to.pk if to else None}
            for (pk, (_former, to)), why in zip(asked.items(), answers.values(), strict=True)
        ]
    if wanted is None:
        row.rows += leaving_visits.hand_on(user, absence=absence, deputy=chooser.deputy, by=by, now=now)
    row.save()
    if row.done:
        notifications.notify(user, "handed_on", count=len(row.done), now=now)
    return row


def _hand(
    what: str, moves: dict[int, transfers.Move], *, by: User | None, reason: str, now: datetime
) -> dict[int, str]:
    """{row: why not}; tickets by their own verb, what has only an assignee by its column and its history."""
    if what == "ticket":
        return transfers.hand_on(moves, by=by, reason=reason, now=now)
    model, column = WORK[what].model, WORK[what].column
    rows: QuerySet = model._default_manager.select_for_update(of=("self",), no_key=True).filter(pk__in=list(moves))
    holders = dict(rows.order_by("pk").values_list("pk", column))
    answers = {
        pk: "" if pk in holders and holders[pk] == former else _("It has changed since.")
        for pk, (former, _to) in moves.items()
    }
    by_target: dict[int | None, list[int]] = {}
    for pk, (_former, to) in moves.items():
        if not answers[pk]:
            by_target.setdefault(to.pk if to else None, []).append(pk)
    for target, ids in by_target.items():
        model._default_manager.filter(pk__in=ids).update(**{f"{column}_id": target})
        if belongings.history_of(model):
            bulk.remember(model, ids, kind="~", reason=reason, at=now, by=by)
    return answers


@transaction.atomic
def undo(row: Transfer, *, by: User, now: datetime | None = None) -> Transfer:
    """Gives back what nobody else has taken since; twice does it once. Raises `UndoRefused` after thirty days."""
    now = now or timezone.now()
    row = Transfer.objects.select_for_update(of=("self",)).select_related("user").get(pk=row.pk)
    if row.undone_at:
        return row
    if now > row.at + UNDO:
        raise UndoRefused(_("The time to undo it is over."))
    moves: dict[str, dict[int, transfers.Move]] = {}
    visits = [done for done in row.done if done["what"] == leaving_visits.WHAT]
    for done in row.done:
        if done["what"] == leaving_visits.WHAT:
            continue
        moves.setdefault(done["what"], {})[done["id"]] = (done["after"], row.user)
    back = {what: _hand(what, asked, by=by, reason=_("Taken back"), now=now) for what, asked in moves.items()}
    back[leaving_visits.WHAT] = leaving_visits.give_back(visits, user=row.user, by=by, now=now)
    for what, answers in back.items():
        row.kept += [{"what": what, "id": pk, "why": why} for pk, why in answers.items() if why]
    row.undone_at = now
    row.save(update_fields=["undone_at", "kept"])
    return row


def begin(absence: Absence, *, now: datetime | None = None) -> bool:
    """The person leaves: shown as gone, their work handed on. Once, however often and by how many it is called."""
    now = now or timezone.now()
    with transaction.atomic():
        waiting = Absence.objects.running(now).filter(pk=absence.pk, begun_at=None)
        locked = waiting.select_for_update(skip_locked=True, of=("self",)).first()
        if locked is None:
            return False
        locked.begun_at = now
        locked.save(update_fields=["begun_at"])
        absences.leave(locked, now=now)
        transfer(
            user=locked.user, plan=locked.plan, deputy=locked.deputy, absence=locked, by=locked.recorded_by, now=now
        )
    return True


def begin_due(*, now: datetime | None = None, limit: int = 50) -> int:
    """One tick: absences that have begun, each a transaction of its own; returns how many."""
    now = now or timezone.now()
    due = Absence.objects.running(now).filter(begun_at=None).order_by("starts_at", "pk")[:limit]
    return sum(begin(absence, now=now) for absence in due)


# --- What was left all the same ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Left:
    """Somebody who is not here, until when or since when, and what lies with them."""

    user: User
    absence: Absence | None
    tickets: list[Ticket]
    visits: list[Visit]

    @property
    def all_of_it(self) -> bool:
        """Whether everything of theirs goes, or only what falls due soon."""
        return self.absence is not None or not self.user.is_active


def left_behind(viewer: User, *, now: datetime | None = None) -> list[Left]:
    """Open tickets in sight whose owner is away or has left, or has long been offline while they fall due soon."""
    now = now or timezone.now()
    absent = {row.user_id: row for row in Absence.objects.running(now).select_related("deputy")}
    quiet = Q(presence=Presence.OFFLINE) & (Q(presence_since=None) | Q(presence_since__lt=now - OFFLINE_FOR))
    gone = User.objects.filter(Q(pk__in=list(absent)) | Q(is_active=False) | quiet & ~Q(pk=viewer.pk)).in_bulk()
    fully = [pk for pk, user in gone.items() if pk in absent or not user.is_active]
    lying = Q(owner__in=fully) | Q(owner__in=[pk for pk in gone if pk not in fully], due_at__lt=now + DUE_WITHIN)
    rows = Ticket.objects.visible_to(viewer).active().filter(lying).for_list().order_by("due_at", "pk")[:MOST]
    held: dict[int, list[Ticket]] = {}
    for ticket in rows:
        held.setdefault(ticket.owner_id or 0, []).append(ticket)
    going = _visits_of(fully, absent, viewer=viewer, now=now)
    return [Left(gone[pk], absent.get(pk), held.get(pk, []), going.get(pk, [])) for pk in {**held, **going}]


def _visits_of(
    people: list[int], absent: dict[int, Absence], *, viewer: User, now: datetime
) -> dict[int, list[Visit]]:
    """{person: the visits in sight that fall into their absence, or all that lie ahead}"""
    rows = Visit.objects.visible_to(viewer).filter(
        technician__user__in=people, state__in=standing_in.MOVABLE, ends_at__gt=now
    )
    found: dict[int, list[Visit]] = {}
    for visit in rows.select_related("technician").order_by("starts_at", "pk")[:MOST]:
        user_id = visit.technician.user_id  # type: ignore[union-attr]
        if user_id not in absent or visit.starts_at < absent[user_id].ends_at:  # type: ignore[operator]
            found.setdefault(user_id, []).append(visit)
    return found


def take_away(*, user: User, plan: str, by: User, now: datetime | None = None) -> Transfer:
    """Transfer at once what `left_behind` shows of one person: all they have, or what falls due soon."""
    now = now or timezone.now()
    found: list[Left] = [left for left in left_behind(by, now=now) if left.user.pk == user.pk]
    left = found[0] if found else None
    absence = left.absence if left else None
    only: Any = None if left and left.all_of_it else [ticket.pk for ticket in (left.tickets if left else [])]
    return transfer(
        user=user, plan=plan, deputy=absence.deputy if absence else None, absence=absence, only=only, by=by, now=now
    )
