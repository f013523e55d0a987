"""Two archives of one customer become one, and for 30 days two again: nothing is deleted, all is written down."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import OperationalError, connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import append_only, events, live
from customers import registry
from customers.models import Contact, Customer, DuplicatePair, Merge, Order, TierAssignment
from desk import belongings
from messaging.models import Call
from staff.models import Role, User
from tickets.models import Ticket

UNDO_WITHIN = timedelta(days=30)
MAY_MERGE = frozenset({Role.SPECIALIST, Role.LEAD, Role.SUPERVISOR, Role.ADMIN})
MAY_UNDO = frozenset({Role.LEAD, Role.SUPERVISOR, Role.ADMIN})
CHOSEN = (  # of these one is chosen; where nobody chooses, what is filled in wins
    "name", "kind", "company", "occupation", "industry", "company_size", "language", "birthday", "account_manager",
    "stage", "tier",
)
TRIES = 3


class MergeRefused(Exception):
    """These two cannot be merged, or not be separated again; the text says why."""


@dataclass
class Before:
    """What the merge changed, as it was: enough to put it back."""

    fields: dict[str, list] = field(default_factory=dict)  # column of the winner: [before, after]
    rows: dict[str, dict[str, dict]] = field(default_factory=dict)  # model: {id: {column: before}}
    made: dict[str, list[int]] = field(default_factory=dict)
    spend: str = "0"  # what the loser had spent; taken off again

    def alter(self, row: models.Model, **values) -> None:
        kept = self.rows.setdefault(row._meta.label, {}).setdefault(str(row.pk), {})
        for name, value in values.items():
            kept.setdefault(name, _plain(getattr(row, name)))
            setattr(row, name, value)
        row.save(update_fields=list(values))


def may_merge(user: User) -> bool:
    return user.is_superuser or user.role in MAY_MERGE


def may_undo(user: User) -> bool:
    return user.is_superuser or user.role in MAY_UNDO


def merge(
    *, winner: Customer, loser: Customer, by: User, choices: dict[str, str] | None = None, now: datetime | None = None
) -> Merge:
    """Moves everything of `loser` to `winner`; the loser's row stays, points at the winner and is listed no more.

    `choices` says "winner" or "loser" for fields of `CHOSEN`. Sent twice it merges once. Raises `MergeRefused`.
    """
    return _again_after_deadlock(
        lambda: _merge(winner.pk, loser.pk, by=by, choices=choices or {}, now=now or timezone.now())
    )


def undo(*, merge: Merge, by: User, now: datetime | None = None) -> Merge:
    """Puts back what the merge moved and changed; what came since stays with the winner. Raises `MergeRefused`."""
    return _again_after_deadlock(lambda: _undo(merge.pk, by=by, now=now or timezone.now()))


def undoable_until(merge: Merge) -> datetime:
    return merge.at + UNDO_WITHIN


def default_choice(name: str, winner: Customer, loser: Customer) -> str:
    """Which side counts where nobody chooses: the winner, unless only the loser's is filled in or its tier higher."""
    if name == "tier":
        return "loser" if loser.tier.rank < winner.tier.rank else "winner"
    column = Customer._meta.get_field(name).attname
    return "loser" if not getattr(winner, column) and getattr(loser, column) else "winner"


def _again_after_deadlock(work):
    """Others lock tickets before customers and the other way round; the database then breaks the tie at our cost."""
    for left in reversed(range(TRIES)):
        try:
            return work()
        except OperationalError as error:
            deadlock = getattr(error.__cause__, "sqlstate", "") == "40P01"
            if not deadlock or not left or connection.in_atomic_block:
                raise


# --- Merging ----------------------------------------------------------------------------------------------


@transaction.atomic
def _merge(winner_id: int, loser_id: int, *, by: User, choices: dict[str, str], now: datetime) -> Merge:
    winner, loser = _locked(winner_id, loser_id)
    if loser.merged_into_id == winner.pk:
        return Merge.objects.get(winner=winner, loser=loser, undone_at=None)
    _check(winner, loser)
    before = Before(spend=str(loser.spend))
    _settle_doubles(winner, loser, before, now=now)
    moved = _move_all(winner, loser, by=by, now=now)
    _take_fields(winner, loser, choices, before, by=by, now=now)
    loser.merged_into = winner
    _save(loser, ["merged_into", "external_source", "external_id"], by=by, why="merged")
    row = Merge.objects.create(winner=winner, loser=loser, at=now, by=by, before=vars(before), moved=moved)
    _pair(winner, loser).update(state=DuplicatePair.State.MERGED, decided_at=now, decided_by=by)
    _tell("merged", row, winner, by=by, now=now)
    return row


def _locked(*ids: int) -> tuple[Customer, ...]:
    """Both, in the order of their ids, whoever asks; their tickets and calls first, as those who write in them do."""
    for model in (Ticket, Call):
        list(belongings.plain(model).filter(customer__in=ids).order_by("pk").select_for_update().values_list("pk"))
    rows = Customer.objects.select_for_update(of=("self",)).select_related("tier").filter(pk__in=ids).order_by("pk")
    found = {row.pk: row for row in rows}
    return tuple(found[pk] for pk in ids)


def _check(winner: Customer, loser: Customer) -> None:
    if winner.pk == loser.pk:
        raise MergeRefused(_("A customer cannot be merged with itself."))
    if winner.team_id != loser.team_id:
        raise MergeRefused(_("Both must belong to one team."))
    for one in (winner, loser):
        if one.merged_into_id is not None:
            raise MergeRefused(_("%(number)s has been merged already.") % {"number": one.number})
        if one.erased_at is not None:
            raise MergeRefused(_("%(number)s has been erased.") % {"number": one.number})


def _settle_doubles(winner: Customer, loser: Customer, before: Before, *, now: datetime) -> None:
    """What both may have but one may not twice: order numbers, the preferred contact, the tier at present."""
    theirs = set(Order.objects.filter(customer=winner).values_list("source", "code"))
    for order in Order.objects.filter(customer=loser):
        if (order.source, order.code) in theirs:
            suffix = f"/{loser.number}"
            before.alter(order, code=order.code[: 40 - len(suffix)] + suffix)
    preferred = set(winner.contacts.filter(preferred=True).values_list("kind", flat=True))
    for contact in Contact.objects.filter(customer=loser, preferred=True, kind__in=preferred):
        before.alter(contact, preferred=False)
    for assignment in TierAssignment.objects.filter(customer=loser, ended_at=None):
        before.alter(assignment, ended_at=now)


def _move_all(winner: Customer, loser: Customer, *, by: User, now: datetime) -> dict[str, list[int]]:
    """Every row over every app; one that the winner has already (an equal contact) stays where it is."""
    moved = {}
    with append_only.rewriting(append_only.MERGE):
        for link in belongings.movable():
            ids = set(link.rows([loser.pk]).values_list("pk", flat=True))
            ids -= belongings.clashing(link, winner_id=winner.pk, loser_id=loser.pk)
            if ids:
                moved[link.key] = sorted(ids)
                _move(link, moved[link.key], winner.pk, by=by, now=now)
    return moved


def _move(link: belongings.Link, ids: list[int], to: int, *, by: User, now: datetime) -> None:
    rows = belongings.plain(link.model).filter(pk__in=ids)
    rows.update(**{link.field: to})
    history = belongings.history_of(link.model)
    if history is not None:  # a set-based UPDATE writes no history of its own
        link.model.history.bulk_history_create(
            list(rows), update=True, default_user=by, default_change_reason="merge", default_date=now
        )


def _take_fields(
    winner: Customer, loser: Customer, choices: dict[str, str], before: Before, *, by: User, now: datetime
) -> None:
    values: dict[str, Any] = {
        "spend": winner.spend + loser.spend,
        "spend_before": (winner if winner.spend_before_at else loser).spend_before,
        # The later of the two: rather an order too few than one counted twice.
        "spend_before_at": max(filter(None, (winner.spend_before_at, loser.spend_before_at)), default=None),
        "since": min(winner.since, loser.since),
        "last_contact_at": max(filter(None, (winner.last_contact_at, loser.last_contact_at)), default=None),
        "attributes": {**loser.attributes, **winner.attributes},
    }
    for name in CHOSEN:
        if choices.get(name, default_choice(name, winner, loser)) == "loser":
            column = Customer._meta.get_field(name).attname
            values[column] = getattr(loser, column)
    values["initials"] = registry.initials_of(values.get("name", winner.name))
    if loser.external_id and not winner.external_id:  # the next import finds the one that counts
        values |= {"external_source": loser.external_source, "external_id": loser.external_id}
        before.rows.setdefault("customers.Customer", {})[str(loser.pk)] = {
            "external_source": loser.external_source, "external_id": loser.external_id,
        }
        Customer.objects.filter(pk=loser.pk).update(external_source="", external_id="")
        loser.external_source = loser.external_id = ""
    for name, value in values.items():
        if getattr(winner, name) != value:
            if name != "spend":
                before.fields[name] = [_plain(getattr(winner, name)), _plain(value)]
            setattr(winner, name, value)
    if "tier_id" in before.fields:
        _assign_tier(winner, before, now=now)
    _save(winner, None, by=by, why="merge")


def _assign_tier(winner: Customer, before: Before, *, now: datetime) -> None:
    for assignment in TierAssignment.objects.filter(customer=winner, ended_at=None):
        before.alter(assignment, ended_at=now)
    made = TierAssignment.objects.create(
        customer=winner, tier_id=winner.tier_id, at=now, score=winner.tier_score, cause=TierAssignment.Cause.MERGE
    )
    before.made["customers.TierAssignment"] = [made.pk]


# --- Undoing ----------------------------------------------------------------------------------------------


@transaction.atomic
def _undo(merge_id: int, *, by: User, now: datetime) -> Merge:
    known = Merge.objects.get(pk=merge_id)
    winner, loser = _locked(known.winner_id, known.loser_id)
    row = Merge.objects.select_for_update().get(pk=merge_id)
    if row.undone_at is not None:
        return row
    _check_undo(row, winner, loser, now=now)
    before = Before(**row.before)
    by_key = {link.key: link for link in belongings.movable()}
    with append_only.rewriting(append_only.MERGE):
        for key, ids in row.moved.items():
            link = by_key[key]
            back = list(link.rows([winner.pk]).filter(pk__in=ids).values_list("pk", flat=True))
            _move(link, back, loser.pk, by=by, now=now)
    _give_fields_back(winner, before, by=by)
    loser.merged_into = None
    _save(loser, ["merged_into"], by=by, why="merge undone")
    _put_rows_back(before)
    row.undone_at, row.undone_by = now, by
    row.save(update_fields=["undone_at", "undone_by"])
    _pair(winner, loser).update(state=DuplicatePair.State.OPEN, decided_at=None, decided_by=None)
    _tell("merge_undone", row, winner, by=by, now=now)
    return row


def _check_undo(row: Merge, winner: Customer, loser: Customer, *, now: datetime) -> None:
    if now > undoable_until(row):
        raise MergeRefused(_("A merge can be undone within %(n)d days.") % {"n": UNDO_WITHIN.days})
    if winner.merged_into_id is not None:
        raise MergeRefused(_("%(number)s has itself been merged since. Undo that first.") % {"number": winner.number})
    if winner.erased_at is not None or loser.erased_at is not None:
        raise MergeRefused(_("%(number)s has been erased.") % {"number": winner.number})
    if loser.merged_into_id != winner.pk:
        raise MergeRefused(_("These two are not merged any more."))


def _give_fields_back(winner: Customer, before: Before, *, by: User) -> None:
    """A field that somebody has edited since keeps that edit."""
    for name, (was, became) in before.fields.items():
        if _plain(getattr(winner, name)) == became:
            setattr(winner, name, _restored(Customer, name, was))
    winner.spend = max(winner.spend - Decimal(before.spend), Decimal(0))
    _save(winner, None, by=by, why="merge undone")


def _put_rows_back(before: Before) -> None:
    for label, ids in before.made.items():
        belongings.plain(_model(label)).filter(pk__in=ids).delete()
    for label, rows in before.rows.items():
        model = _model(label)
        for row in belongings.plain(model).filter(pk__in=[int(pk) for pk in rows]):
            values = {name: _restored(model, name, value) for name, value in rows[str(row.pk)].items()}
            for name, value in values.items():
                setattr(row, name, value)
            row.save(update_fields=list(values))


# --- What both share --------------------------------------------------------------------------------------


def _model(label: str) -> type[models.Model]:
    return next(m for m in [Customer, Order, Contact, TierAssignment] if m._meta.label == label)


def _pair(one: Customer, other: Customer):
    first, second = sorted((one.pk, other.pk))
    return DuplicatePair.objects.filter(first=first, second=second)


def _save(customer: Customer, columns: list[str] | None, *, by: User, why: str) -> None:
    customer._history_user, customer._change_reason = by, why
    customer.save(update_fields=columns)


def _tell(kind: str, row: Merge, winner: Customer, *, by: User, now: datetime) -> None:
    count = sum(len(ids) for ids in row.moved.values())
    events.record(
        kind, row, by=by, customer_id=winner.pk, team_id=winner.team_id, now=now, loser=row.loser_id, rows=count
    )
    live.publish("customer", team_id=winner.team_id)


def _plain(value: Any) -> Any:
    """As JSON keeps it without loss."""
    if isinstance(value, date):  # a datetime is one, too
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _restored(model: type[models.Model], name: str, value: Any) -> Any:
    field = next(f for f in model._meta.concrete_fields if name in (f.name, f.attname))
    return value if value is None or isinstance(field, models.ForeignKey) else field.to_python(value)
