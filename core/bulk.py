"""Many rows at once: poured in by COPY, changed by one statement, their history copied inside the database."""

import io
import json
import re
from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models
from django.utils import timezone
from simple_history.signals import pre_create_historical_record

from core import crypto, redaction

_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def cell(value: Any) -> str:
    """A value as COPY reads it; bytes are stored as they are, so sealed values come sealed."""
    if isinstance(value, str):
        return value.translate(_ESCAPES) if _SPECIAL.search(value) else value
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"
    if isinstance(value, dict | list):
        return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False).translate(_ESCAPES)
    return str(value)


def next_ids(model: type[models.Model], count: int) -> list[int]:
    """So many ids of the table's own sequence, for rows that others will point to."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [pk for (pk,) in cursor.fetchall()]


class Rows:
    """Rows on their way into a model's table: defaults filled in, secrets sealed, free text redacted."""

    def __init__(self, model: type[models.Model], *, with_ids: bool = False, **always: Any):
        fields = [field for field in model._meta.concrete_fields if with_ids or not field.primary_key]
        self.model, self.columns = model, [field.column for field in fields]
        self._at = {field.attname: place for place, field in enumerate(fields)}
        self._secret: dict[str, Any] = {
            field.attname: field for field in fields if field.get_internal_type() == "BinaryField"
        }
        self._free = frozenset(field.attname for field in redaction.free_fields(model))
        self._blank = [cell(field.get_default()) for field in fields]
        self._put(self._blank, always)
        self._lines: list[str] = []

    def add(self, **values: Any) -> None:
        row = self._blank.copy()
        self._put(row, values if self._free.isdisjoint(values) else redaction.protected(self.model, values))
        self._lines.append("\t".join(row))

    def pour(self) -> None:
        """Inserts what was added. Raises the errors of django.db."""
        if not self._lines:
            return
        names = ", ".join(f'"{column}"' for column in self.columns)
        text, self._lines = "\n".join([*self._lines, ""]), []
        with connection.cursor() as cursor, connection.wrap_database_errors:
            cursor.copy_expert(f'COPY "{self.model._meta.db_table}" ({names}) FROM STDIN', io.StringIO(text))

    def _put(self, row: list[str], values: dict[str, Any]) -> None:
        for name, value in values.items():
            if name in self._secret and value:
                value = crypto.seal(self._secret[name].to_bytes(value), self._secret[name].context.encode())
            row[self._at[name]] = cell(value)


def rewrite(model: type[models.Model], names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Changes the fields `names` (columns of their own names) of many rows in one statement; a row is (id, *values)."""
    if not rows:
        return
    columns: list[Any] = [model._meta.pk, *(model._meta.get_field(name) for name in names)]
    arrays = ", ".join(f"%s::{_array_of(column)}[]" for column in columns)
    new = ", ".join(f'"{column.column}" = v."{column.column}"' for column in columns[1:])
    named = ", ".join(f'"{column.column}"' for column in columns)
    turned = [
        [_plain(redaction.prepared(column, value)) for value in values]
        for column, values in zip(columns, zip(*rows, strict=True), strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(  # every name is the model's own
            f'UPDATE "{model._meta.db_table}" t SET {new} FROM unnest({arrays}) AS v({named}) WHERE t.id = v.id',  # noqa: S608
            turned,
        )


def remember(model: type[models.Model], ids: Sequence[int], *, kind: str, reason: str, at: datetime, by=None) -> None:
    """Writes a history row (`kind`: + made, ~ changed) of every one of these rows, as they stand now."""
    if not ids:
        return
    history, columns = _history_of(model)
    with connection.cursor() as cursor:
        cursor.execute(  # every name is the model's own
            f'INSERT INTO "{history}" ({columns}, history_date, history_type, history_change_reason, history_user_id) '  # noqa: S608
            f'SELECT {columns}, %s, %s, %s, %s FROM "{model._meta.db_table}" WHERE id = ANY(%s) ORDER BY id',
            [at, kind, reason[:100], by.pk if by else None, list(ids)],
        )


def save_and_remember(row: Any, *, kind: str, by=None, **options: Any) -> None:
    """`row.save(**options)` with its history copied inside the database, at a third of what another object costs.

    Where somebody listens to history, as the demo does that dates it, it is written the ordinary way.
    """
    if pre_create_historical_record.has_listeners(type(row)):
        row._history_user = by
        row.save(**options)
        return
    row.skip_history_when_saving = True
    try:
        row.save(**options)
    finally:
        del row.skip_history_when_saving
    remember(type(row), [row.pk], kind=kind, reason="", at=timezone.now(), by=by)


@cache
def _history_of(model: type[models.Model]) -> tuple[str, str]:
    """The table of its history and the columns that both have."""
    history = model.history.model._meta  # type: ignore[attr-defined]
    kept = {field.name for field in history.concrete_fields}
    return history.db_table, ", ".join(f'"{one.column}"' for one in model._meta.concrete_fields if one.name in kept)


def _array_of(field: Any) -> str:
    # "varchar(40)" as an array cuts silently what is too long; the column itself then refuses it.
    return (field.rel_db_type(connection) if field.is_relation else field.db_type(connection)).split("(")[0]


def _plain(value: Any) -> Any:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False) if isinstance(value, dict | list) else value
