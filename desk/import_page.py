"""What the page of an import shows: columns to choose, first rows as they would be taken, progress, result."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import masking
from customers.models import ImportMapping, ImportPart, ImportRun
from customers.transfer import fields, runs
from customers.transfer.refusals import BadFile, words
from customers.transfer.rows import Bad
from staff.models import User

KINDS = [("customers", gettext_lazy("Customers")), ("orders", gettext_lazy("Orders"))]
MASKS = {
    "phone": masking.phone, "email": masking.email, "address": masking.address, "document": masking.document,
    "wechat": masking.name,
}  # fmt: skip
State = ImportRun.State
OPEN = (State.STORED, State.PREVIEWED, State.FAILED)


def page(run: ImportRun, user: User) -> dict[str, Any]:
    """The context of the page, by how far the import is."""
    columns = {column.code: str(column.label) for column in fields.columns_for(run.what)}
    busy = run.state in (State.QUEUED, State.RUNNING)
    context = {
        "run": run, "busy": busy, "percent": percent(run), "rejects": _worded(run, columns),
        "may_download": run.rejected and (user.pk == run.by_id or user.is_admin),
        "kept": run.parts.filter(of=ImportPart.Of.FILE).exists(),
    }
    if run.state in OPEN and context["kept"]:
        required = {column.code for column in fields.columns_for(run.what) if column.required}
        context["choices"] = [
            (code, label, run.columns.get(code, ""), code in required) for code, label in columns.items()
        ]
        context["mappings"] = ImportMapping.objects.filter(what=run.what).values_list("name", flat=True)
        context |= _preview(run, columns)
    return context


def percent(run: ImportRun) -> int:
    """How far the file has been read, 0 to 100; never 100 before its end."""
    if run.state in (State.DONE, State.PREVIEWED):
        return 100
    return min(99, 100 * run.rows_done // max(run.rows_total, run.rows_done, 1))


def reject_lines(run: ImportRun, found: Iterable[list]) -> Iterator[list[str]]:
    """A CSV of the refused lines: as they were, with line, field and reason before them."""
    columns = {column.code: str(column.label) for column in fields.columns_for(run.what)}
    yield [_("line"), _("field"), _("reason"), *run.header]
    for line, field, code, detail, cells in found:
        yield [line, columns.get(field, field), words(code, detail), *cells]


def _preview(run: ImportRun, columns: dict[str, str]) -> dict[str, Any]:
    shown = [code for code in columns if code in run.columns]
    try:
        found = runs.preview(run)
    except BadFile as bad:
        return {"broken": str(bad)}
    rows = []
    for one in found:
        if isinstance(one, Bad):
            rows.append((one.line, [], _reason(columns, one.field, one.code, one.detail)))
            continue
        known = {**one.values, **{f"attributes.{code}": value for code, value in one.attributes.items()}}
        rows.append((one.line, [_cell(code, known.get(code)) for code in shown], ""))
    return {"preview": rows, "preview_heads": [capfirst(columns[code]) for code in shown]}


def _cell(code: str, value: Any) -> str:
    if value is None:
        return ""
    return MASKS[code](value) if code in MASKS else masking.free_text(str(value))


def _worded(run: ImportRun, columns: dict[str, str]) -> list[tuple[int, str]]:
    return [(line, _reason(columns, field, code, detail)) for line, field, code, detail in run.rejects or []]


def _reason(columns: dict[str, str], field: str, code: str, detail: str) -> str:
    said = masking.free_text(words(code, detail))
    return f"{capfirst(columns.get(field, field))}: {said}" if field else capfirst(said)
