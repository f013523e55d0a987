"""Migration steps that seal columns which lay open, and redact the free text of rows that are there already."""

from collections.abc import Iterator

from django.db import connection, migrations, models, transaction
from psycopg2.extras import execute_values

from core import crypto, redaction
from core.append_only import ERASURE, rewriting

BATCH = 1000
# Cheaper than reading every row: what holds neither an @ nor six digits in a row holds nothing personal.
SUSPECT = r"@|＠|[0-9０-９]([^[:alnum:]]{0,2}[0-9０-９]){5}"


def open_to_bytes(table: str, columns: list[str]) -> list[migrations.RunSQL]:
    """The columns keep what they say, as bytes; `seal_columns` is to follow in a migration of its own."""
    return [
        migrations.RunSQL(
            f"ALTER TABLE {table} ALTER COLUMN {column} TYPE bytea USING convert_to({column}::text, 'UTF8')",
            migrations.RunSQL.noop,
        )
        for column in columns
    ]


def bytes_to_open(table: str, columns: dict[str, str]) -> list[migrations.RunSQL]:
    """Only for the way back: `columns` are {name: type it had}."""
    return [
        migrations.RunSQL(
            migrations.RunSQL.noop,
            f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind} USING convert_from({column}, 'UTF8')::{kind}",
        )
        for column, kind in columns.items()
    ]


def seal_columns(table: str, columns: list[str]) -> migrations.RunPython:
    """Seals bytes that `open_to_bytes` left open; an empty value stays empty."""

    def forwards(apps, schema_editor):
        _rewrite_bytes(table, columns, crypto.seal)

    def backwards(apps, schema_editor):
        _rewrite_bytes(table, columns, crypto.unseal)

    return migrations.RunPython(forwards, backwards)


def _rewrite_bytes(table: str, columns: list[str], change) -> None:
    names, last = ", ".join(columns), 0
    new = ", ".join(f"{column} = v.{column}" for column in columns)
    with connection.cursor() as cursor:
        while True:
            cursor.execute(f"SELECT id, {names} FROM {table} WHERE id > %s ORDER BY id LIMIT %s", [last, BATCH])  # noqa: S608
            rows = cursor.fetchall()
            if not rows:
                return
            changed = [(pk, *(change(bytes(one)) if one else one for one in values)) for pk, *values in rows]
            statement = f"UPDATE {table} t SET {new} FROM (VALUES %s) AS v(id, {names}) WHERE t.id = v.id"  # noqa: S608
            execute_values(cursor.cursor, statement, changed, page_size=BATCH)
            last = rows[-1][0]


def redact_rows(app: str, *names: str) -> migrations.RunPython:
    """Puts placeholders into the free text of these models' rows, history tables included by their own names."""

    def forwards(apps, schema_editor):
        for name in names:
            model = apps.get_model(app, name)
            for row in _suspects(model):
                redaction.protect(row)
                _save(model, row)

    def backwards(apps, schema_editor):
        for name in names:
            model = apps.get_model(app, name)
            if hasattr(model, redaction.CONTEXT):
                for row in model.objects.filter(originals__isnull=False).iterator(BATCH):
                    _put_back(model, row)

    return migrations.RunPython(forwards, backwards)


def _suspects(model: type[models.Model]) -> Iterator[models.Model]:
    columns = ", ".join(f'"{field.column}"::text' for field in redaction.free_fields(model))
    table, key = model._meta.db_table, model._meta.pk.column
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(  # every name is the model's own
                f'SELECT "{key}" FROM "{table}" WHERE "{key}" > %s AND concat_ws(chr(10), {columns}) ~ %s '  # noqa: S608
                f'ORDER BY "{key}" LIMIT %s',
                [last, SUSPECT, BATCH],
            )
            ids = [pk for (pk,) in cursor.fetchall()]
        if not ids:
            return
        yield from model._base_manager.filter(pk__in=ids).order_by("pk")
        last = ids[-1]


def _save(model: type[models.Model], row) -> None:
    values = {field.attname: getattr(row, field.attname) for field in redaction.free_fields(model)}
    if hasattr(model, redaction.CONTEXT):
        values[redaction.CONTEXT] = row.originals
    with transaction.atomic(), rewriting(ERASURE):
        model._base_manager.filter(pk=row.pk).update(**values)


def _put_back(model: type[models.Model], row) -> None:
    """Around the field, which would put the placeholders in again."""
    with transaction.atomic(), rewriting(ERASURE), connection.cursor() as cursor:
        for field in redaction.free_fields(model):
            if isinstance(field, models.JSONField):
                continue
            text = redaction.restore(getattr(row, field.attname), row.originals)
            statement = f'UPDATE "{model._meta.db_table}" SET "{field.column}" = %s WHERE id = %s'  # noqa: S608
            cursor.execute(statement, [text, row.pk])
