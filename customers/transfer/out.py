"""Customers written out as CSV or XLSX: in sight only, masked unless a supervisor gives a reason, always noted."""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import IO, Any

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from core import events, masking, phones
from customers import custom_fields, lookup
from customers.models import Contact, Customer, CustomField, Export, Tier
from staff.models import Role, User

BATCH = 1000
FOUND = 50  # as many as the list shows of a search
MOST = 1_000_000
MOST_XLSX = 100_000  # a workbook is finished before its first byte leaves
FORMATS = ("csv", "xlsx")
KINDS = (Contact.Kind.PHONE, Contact.Kind.EMAIL, Contact.Kind.WECHAT, Contact.Kind.ADDRESS)
RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")


class ExportRefused(Exception):
    """Nothing is written out; the text says why."""


def may_export(user: User) -> bool:
    return user.supervises


def may_unmask(user: User) -> bool:
    """Supervisors and administrators, for a reason."""
    return user.is_admin or user.role == Role.SUPERVISOR


def chosen(user: User, *, q: str = "", tier: str = "", stage: str = "") -> QuerySet[Customer]:
    """The customers that the list shows for the same filters, all of them."""
    rows = Customer.objects.visible_to(user)
    if q:
        try:
            own = custom_fields.search(q)
        except custom_fields.BadValue:
            return rows.none()
        found = [] if own else [match.customer.pk for match in lookup.as_typed(user, q, limit=FOUND)]
        rows = rows.filter(attributes__contains=own) if own else rows.filter(pk__in=found)
    if tier:
        rows = rows.filter(tier=Tier.objects.filter(code=tier).values_list("pk", flat=True).first())
    return rows.filter(stage=stage) if stage else rows


def note(
    *, rows: QuerySet[Customer], by: User, format: str, filters: dict[str, str], unmask: bool = False, reason: str = "",
    now: datetime | None = None,
) -> Export:
    """Writes down an export before anything leaves: who, how many, by which filter, masked or not.

    Raises `ExportRefused`.
    """
    reason = reason.replace("\0", "").strip()[:200]
    if not may_export(by) or (unmask and not may_unmask(by)):
        raise ExportRefused(_("You may not export this."))
    if format not in FORMATS:
        raise ExportRefused(_("Choose CSV or XLSX."))
    if unmask and not reason:
        raise ExportRefused(_("Say why you need the numbers in full."))
    count = rows.count()
    if count > (most := MOST_XLSX if format == "xlsx" else MOST):
        raise ExportRefused(
            _("%(count)s rows are more than one file of this format takes (%(most)s); choose a tier or a stage.")
            % {"count": f"{count:,}", "most": f"{most:,}"}
        )
    with transaction.atomic():
        export = Export.objects.create(
            by=by, what="customers", format=format, filters=filters, rows=count, unmasked=unmask, reason=reason,
            at=now or timezone.now(),
        )
        events.record(
            "exported", export, by=by, team_id=by.team_id, now=now, what="customers", rows=count, format=format,
            filters=filters, unmasked=unmask, reason=reason,
        )
    return export


def written(export: Export, rows: QuerySet[Customer], *, language: str) -> Iterable[bytes]:
    """The file of an export, a piece at a time."""
    lines = _lines(export, rows, language)
    return _as_xlsx(lines) if export.format == "xlsx" else as_csv(lines)


def as_csv(lines: Iterable[list[Any]]) -> Iterator[bytes]:
    """CSV that spreadsheets open in the right encoding, and in which nothing is a formula."""
    buffer = io.StringIO()
    buffer.write("\ufeff")
    writer = csv.writer(buffer)
    for at, line in enumerate(lines, 1):
        writer.writerow([harmless(value) for value in line])
        if at % BATCH == 0:
            yield buffer.getvalue().encode("utf-8", "replace")
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode("utf-8", "replace")


def harmless(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(RISKY) else value


def _as_xlsx(lines: Iterable[list[Any]]) -> Iterator[bytes]:
    with tempfile.TemporaryFile() as file:
        _write_book(lines, file)
        file.seek(0)
        yield from iter(lambda: file.read(1 << 16), b"")


def _write_book(lines: Iterable[list[Any]], file: IO[bytes]) -> None:
    from openpyxl import Workbook  # 6 MB that most processes never need

    book = Workbook(write_only=True)
    sheet = book.create_sheet("customers")
    for line in lines:
        sheet.append([_cell(harmless(value)) for value in line])
    book.save(file)


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return "".join(char for char in value if char >= " " or char in "\n\t")[:32_000]
    return value


def _lines(export: Export, rows: QuerySet[Customer], language: str) -> Iterator[list[Any]]:
    """The headings, then a line for each customer, newest first, read in batches by key."""
    custom = list(CustomField.objects.filter(is_active=True))
    with override(language):
        yield _headings(custom)
    contacts = Contact.objects.filter(kind__in=KINDS).order_by("-preferred", "pk")
    if not export.unmasked:
        contacts = contacts.defer("value")
    rows = rows.select_related("tier", "team", "account_manager").defer("tier_reason").order_by("-pk")
    rows = rows.prefetch_related(Prefetch("contacts", contacts))
    before = None
    while batch := list((rows.filter(pk__lt=before) if before else rows)[:BATCH]):
        with override(language):
            found = [_line(customer, custom, export.unmasked) for customer in batch]
        yield from found
        before = batch[-1].pk


def _headings(custom: list[CustomField]) -> list[str]:
    return [
        _("number"), _("name"), _("kind"), _("company"), _("occupation"), _("industry"), _("company size"),
        _("language"), _("birthday"), _("life cycle"), _("tier"), _("score"), _("team"), _("account manager"),
        _("spent"), _("customer since"), _("last contact"), _("phone"), _("mail"), _("WeChat"), _("address"),
        *(str(field) for field in custom),
    ]  # fmt: skip


def _line(customer: Customer, custom: list[CustomField], unmasked: bool) -> list[Any]:
    held: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for contact in customer.contacts.all():
        held[contact.kind].append(_shown(contact) if unmasked else contact.masked)
    last = customer.last_contact_at
    return [
        customer.number, customer.name, customer.get_kind_display(), customer.company, customer.occupation,
        customer.industry, customer.get_company_size_display(), customer.get_language_display(),
        _birthday(customer, unmasked), customer.get_stage_display(), customer.tier.name, customer.tier_score,
        customer.team.name, str(customer.account_manager or ""), Decimal(customer.spend), customer.since.isoformat(),
        timezone.localtime(last).strftime("%Y-%m-%d %H:%M") if last else "",
        *("; ".join(held[kind]) for kind in KINDS),
        *(masking.free_text(str(customer.attributes.get(field.code, ""))) if not unmasked
          else str(customer.attributes.get(field.code, "")) for field in custom),
    ]  # fmt: skip


def _birthday(customer: Customer, unmasked: bool) -> str:
    if customer.birthday is None:
        return ""
    return customer.birthday.isoformat() if unmasked else customer.birthday.strftime("%m-%d")


def _shown(contact: Contact) -> str:
    return phones.display(contact.value) if contact.kind == Contact.Kind.PHONE else contact.value
