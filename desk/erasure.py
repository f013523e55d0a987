"""Erasing a person over every app and history, and letting old records fade (PIPL 19, 47; mission, Retention).

Rows, times and states stay, so that no figure changes; every word, number and address goes. All text is taken out
unless `KEPT` names it, so a column that is added tomorrow is erased without being told.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from core import append_only, events, live
from core.crypto import EncryptedBinaryField, EncryptedJSONField
from core.models import Event
from core.search import Words
from customers import requests
from customers.models import Contact, Customer, DataRequest, ImportPart, ImportRun, LegalHold, Merge, Reveal
from desk.belongings import history_of, plain
from desk.person import Person, collect, group_of, of_tickets
from messaging.models import Outbox
from staff.models import Notification, User
from tickets.models import State, Ticket

GONE = "***"
TICKETS_KEPT = timedelta(days=3 * 365 + 1)
LOGS_KEPT = timedelta(days=184)
FILES_KEPT = timedelta(days=30)
BATCH = 200

# Text that is no person's: codes, keyed indexes and the grounds of the machinery.
KEPT: dict[str, set[str]] = {
    "core.Event": {"kind", "subject_type", "actor_name"},  # who acted is staff
    "customers.Communication": {"channel"},
    "customers.Consent": {"version"},
    "customers.Customer": {"external_source", "external_id"},  # so that no later file brings the person back
    "customers.DataRequest": {"summary"},
    "customers.DuplicatePair": {"grounds"},
    "customers.LifecycleMove": {"was", "now", "signals"},
    "customers.Merge": {"moved"},
    "customers.Order": {"code", "source"},
    "customers.OrderLine": {"product", "specification"},
    "customers.Reveal": {"field"},
    "customers.Task": {"key"},
    "loyalty.PointsEntry": {"key"},
    "messaging.Attachment": {"content_type"},
    "messaging.Call": {"steps"},
    "messaging.Message": {"digest", "message_id"},
    "messaging.Outbox": {"key", "purpose", "from_address", "from_name", "message_id"},
    "staff.HandOverLine": {"reasons", "owner_name"},  # whose it was is staff
    "processes.Confirmation": {"digest"},
    "processes.Process": {"name_zh", "name_en"},
    "processes.Step": {"title_zh", "title_en", "standard_zh", "standard_en"},
    "staff.Notification": {"kind"},
    "tickets.Ticket": {"holds", "due_kind"},
}
SHOWN_AS_GONE = {("customers.Customer", "name"), ("tickets.Ticket", "subject")}
FACTS = (Event, Notification)  # their data are part words, part figures
FIGURES = [  # of these a code or a time is kept
    "from", "to", "metric", "channel", "purpose", "outcome", "state", "kind", "level", "direction", "result", "cause",
    "root_cause", "finding", "ground", "due_at", "field", "source",
]
_KEEP_FIGURES = """
UPDATE {table} SET data = coalesce((
  SELECT jsonb_object_agg(name, value) FROM jsonb_each(data) AS fact(name, value)
  WHERE jsonb_typeof(value) IN ('number', 'boolean') OR (
    name = ANY(%s) AND jsonb_typeof(value) = 'string'
    AND value #>> '{{}}' ~ '^([a-z_]{{1,24}}|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T[0-9:.+Z-]{{5,30}})$'
  )
), '{{}}'::jsonb) WHERE id = ANY(%s)
"""


class EraseRefused(Exception):
    """The person may not be erased now; the text says why."""


def holds(customer: Customer) -> list[LegalHold]:
    """The legal holds in force on the customer or on anybody merged into them."""
    return list(LegalHold.objects.filter(customer__in=group_of(customer), released_at=None).order_by("pk"))


@transaction.atomic
def erase(*, request: DataRequest, by: User, now: datetime | None = None) -> DataRequest:
    """Takes everything that tells of the person out of every table and closes the request with its certificate.

    Sent twice it erases once. Raises `EraseRefused` under a legal hold, and `requests.RequestClosed`.
    """
    now = now or timezone.now()
    request = DataRequest.objects.select_for_update().get(pk=request.pk)
    if request.state == DataRequest.State.DONE and request.kind == DataRequest.Kind.ERASE:
        return request
    if request.kind != DataRequest.Kind.ERASE:
        raise EraseRefused(_("The request does not ask for erasure."))
    list(Customer.objects.filter(pk__in=group_of(request.customer)).order_by("pk").select_for_update())
    if found := holds(request.customer):
        raise EraseRefused(_("Under legal hold: %(reason)s") % {"reason": found[0].reason})
    person = collect(request.customer)
    events.record(
        "erased", request, by=by, customer_id=request.customer_id, team_id=request.customer.team_id, now=now
    )
    with append_only.rewriting(append_only.ERASURE):
        counts = _take_out(person, now=now)
    answer = _("Erased; figures stay without the person.")
    closed = requests.close(
        request=DataRequest.objects.get(pk=request.pk), by=by, answer=answer, summary={"tables": counts}, now=now
    )
    live.publish("customer", team_id=closed.customer.team_id)
    return closed


def _take_out(person: Person, *, now: datetime) -> dict[str, int]:
    """Blanks the rows and their history; returns how many by table."""
    counts: dict[str, int] = {}
    person.of(Outbox).filter(state=Outbox.State.QUEUED).update(state=Outbox.State.CANCELLED)
    counts["admin.LogEntry"] = person.admin_log().update(object_repr="", change_message="")
    counts["customers.ImportPart"] = _empty_files(person)
    for model in _with_words(person):
        former = person.history(model)
        if model is Contact:  # a blank contact says nothing, and twenty of them would clash
            counts[Contact._meta.label] = person.of(Contact).delete()[0]
            counts[former.model._meta.label] = former.delete()[0]  # after, for deleting writes history, too
            continue
        counts[model._meta.label] = _blank(model, person)
        if former is not None:
            counts[former.model._meta.label] = former.update(**_blanks(former.model, model._meta.label))
    Customer.objects.filter(pk__in=person.customer_ids).update(birthday=None, account_manager=None, erased_at=now)
    plain(history_of(Customer)).filter(id__in=person.customer_ids).update(birthday=None, account_manager_id=None)
    _forget_words(person)
    return {label: count for label, count in sorted(counts.items()) if count}


def _with_words(person: Person) -> list[type[models.Model]]:
    """The tables to be blanked; what is searched follows once they are."""
    kept = [model for model in person.rows if not issubclass(model, Words)]
    return sorted(kept, key=lambda model: model._meta.label)


def _forget_words(person: Person) -> None:
    for words in person.rows:
        if issubclass(words, Words):
            words.index_ids(person.rows[words])


def _blank(model: type[models.Model], person: Person) -> int:
    values = _blanks(model, model._meta.label)
    if model in FACTS:
        values.pop("data", None)
        with connection.cursor() as cursor:
            cursor.execute(_KEEP_FIGURES.format(table=model._meta.db_table), [FIGURES, sorted(person.rows[model])])
    rows = person.of(model)
    return rows.update(**values) if values else 0


def _blanks(model: type[models.Model], label: str) -> dict[str, Any]:
    """{column: nothing} for each column that may hold words; `label` names the model whose history it is."""
    values = {}
    for column in model._meta.concrete_fields:
        if column.name in KEPT.get(label, ()) or column.choices or column.primary_key or not _holds_words(column):
            continue
        if (label, column.name) in SHOWN_AS_GONE:
            values[column.name] = GONE
        elif column.null:
            values[column.name] = None
        else:
            values[column.name] = _nothing(column)
    return values


def _holds_words(column: models.Field) -> bool:
    words = (models.CharField, models.TextField, models.JSONField)
    return isinstance(column, words) or column.get_internal_type() == "BinaryField"


def _nothing(column: models.Field) -> Any:
    if column.has_default() and callable(column.default):
        return column.default()
    if isinstance(column, models.JSONField | EncryptedJSONField):
        return {}
    return b"" if isinstance(column, models.BinaryField | EncryptedBinaryField) else ""


def _empty_files(person: Person) -> int:
    """Files that were loaded are needed no more and may hold the person; of bad rows those that name them go."""
    teams = Customer.objects.filter(pk__in=person.customer_ids).values("team")
    done = ImportRun.objects.filter(team__in=teams, state__in=[ImportRun.State.DONE, ImportRun.State.FAILED])
    known = Customer.history.filter(id__in=person.customer_ids).values_list("name", flat=True).distinct()
    current = Customer.objects.filter(pk__in=person.customer_ids).values_list("name", flat=True)
    values = {value for values in person.values.values() for value in values}
    # Files have Chinese numbers without the country.
    needles = {needle for needle in {*known, *current, *values, *(v.removeprefix("+86") for v in values)} if needle}
    parts = ImportPart.objects.filter(run__in=done)
    named = [part.pk for part in parts.filter(of=ImportPart.Of.REJECTS) if _says(bytes(part.content), needles)]
    emptied, _tables = parts.filter(Q(of=ImportPart.Of.FILE) | Q(pk__in=named)).delete()
    for run in done:
        kept = [row for row in run.rejects if not any(needle in str(row) for needle in needles)]
        if len(kept) != len(run.rejects):
            ImportRun.objects.filter(pk=run.pk).update(rejects=kept)
    return emptied


def _says(data: bytes, needles: set[str]) -> bool:
    return any(needle.encode(code, "ignore") in data for needle in needles for code in ("utf-8", "gb18030"))


# --- Retention --------------------------------------------------------------------------------------------


def retain(*, now: datetime | None = None) -> dict[str, int]:
    """The nightly fading: closed tickets after three years, access logs after six months, loaded files after a month.

    A legal hold wins. Works in batches, each of its own transaction; a run that was killed is taken up by the next.
    """
    now = now or timezone.now()
    counts = {"tickets": 0, "reveals": 0, "files": 0, "merges": 0}
    old = _old_tickets(now)
    while ids := list(old[:BATCH]):
        with transaction.atomic(), append_only.rewriting(append_only.ERASURE):
            _take_out_tickets(of_tickets(ids))
        counts["tickets"] += len(ids)
    counts["reveals"] = _fade_logs(now)
    counts["files"] = _fade_files(now)
    # What can be undone no more needs no former fields.
    past = Merge.objects.filter(at__lt=now - timedelta(days=31), at__gte=now - timedelta(days=60))
    counts["merges"] = past.update(before={})
    return counts


def _old_tickets(now: datetime) -> models.QuerySet:
    """Ids of what has been closed for so long and still has its words."""
    held = LegalHold.objects.filter(released_at=None).values("customer")
    old = Ticket.objects.filter(state=State.ARCHIVED, archived_at__lt=now - TICKETS_KEPT)
    return old.exclude(subject=GONE).exclude(customer__in=held).order_by("pk").values_list("pk", flat=True)


def _take_out_tickets(person: Person) -> None:
    for model in _with_words(person):
        _blank(model, person)
        former = person.history(model)
        if former is not None:
            former.update(**_blanks(former.model, model._meta.label))
    _forget_words(person)


def _fade_files(now: datetime) -> int:
    waiting = [ImportRun.State.QUEUED, ImportRun.State.RUNNING]
    old = ImportRun.objects.filter(at__lt=now - FILES_KEPT).exclude(state__in=waiting)
    ImportPart.objects.filter(run__in=old).delete()
    return old.exclude(file_name="").update(rejects=[], file_name="")


def _fade_logs(now: datetime) -> int:
    """That somebody looked stays countable for ever; who, at whom and why for six months."""
    until = now - LOGS_KEPT
    with transaction.atomic(), append_only.rewriting(append_only.ERASURE):
        looks = Event.objects.filter(kind__in=["revealed", "reveal_refused"], at__lt=until)
        looks.filter(Q(actor_id__isnull=False) | Q(customer_id__isnull=False)).update(
            actor_id=None, actor_name="", customer_id=None, data={}
        )
        return Reveal.objects.filter(at__lt=until).delete()[0]
