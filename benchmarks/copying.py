"""Rows poured into tables by COPY, with keys and indexes made afterwards."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from django.db import connection

ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def cell(value: Any) -> str:
    """A value as COPY reads it."""
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(ESCAPES)
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False).translate(ESCAPES)
    return str(value)


class Table:
    """Rows on their way into a model's table; what is not given gets the field's default."""

    def __init__(self, model):
        fields = model._meta.concrete_fields
        self.name, self.columns = model._meta.db_table, [field.column for field in fields]
        self.at = {field.attname: place for place, field in enumerate(fields)}
        self.blank = [cell(field.get_default()) for field in fields]
        self.lines: list[str] = []
        self.last = 0

    def add(self, **values) -> int:
        """Takes one row and returns its id."""
        self.last += 1
        row = self.blank.copy()
        row[self.at["id"]] = str(self.last)
        for name, value in values.items():
            row[self.at[name]] = cell(value)
        self.lines.append("\t".join(row))
        return self.last

    def flush(self, cursor) -> None:
        columns = ", ".join(f'"{column}"' for column in self.columns)
        cursor.copy_expert(f"COPY {self.name} ({columns}) FROM STDIN", io.StringIO("\n".join([*self.lines, ""])))
        self.lines.clear()

    def finish(self, cursor) -> None:
        cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [self.name, max(self.last, 1)])


@contextmanager
def bare(tables: list[str]) -> Iterator[None]:
    """Without foreign keys, secondary indexes and triggers while rows pour in; made again at the end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname), "
            "format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid)) "
            "FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])",
            [tables],
        )
        statements = cursor.fetchall()
        cursor.execute(
            "SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid) FROM pg_index i "
            "WHERE indrelid = ANY(%s::regclass[]) "
            "AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = i.indexrelid AND contype <> 'f')",
            [tables],
        )
        statements += cursor.fetchall()
        statements += [(f"ALTER TABLE {name} DISABLE TRIGGER USER", f"ALTER TABLE {name} ENABLE TRIGGER USER")
                       for name in tables]  # fmt: skip
        for drop, _make in statements:
            cursor.execute(drop)
        yield
        for _drop, make in reversed(statements):
            cursor.execute(make)
