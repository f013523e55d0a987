"""A new field key takes over while work goes on: every sealed value is opened and sealed again with the first key.

Nothing has to be remembered between runs: a value names the key that sealed it, so whatever an older key sealed is
what remains to be done. Rows are locked a batch at a time and rows that others hold are passed over until they let go.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import connection, transaction
from psycopg2.extras import execute_values

from core import crypto
from core.append_only import RESEAL, rewriting

BATCH = 500
WAIT = 0.2  # seconds before rows that somebody else held are tried again
PATIENCE = 150  # such waits in a row without any progress


class Stuck(Exception):
    """Somebody holds rows for so long that they cannot be sealed again; run it again later."""


class KeyInUse(Exception):
    """The key still seals values, writes, or feeds the indexes."""


@dataclass(frozen=True)
class Table:
    """The sealed columns of one table, with the context that each is bound to."""

    name: str
    key: str
    columns: dict[str, bytes]


def tables() -> Iterator[Table]:
    """Every table with sealed columns, found by looking at every model, history and link tables included."""
    for model in apps.get_models(include_auto_created=True):
        sealed = [field for field in model._meta.local_concrete_fields if isinstance(field, crypto.EncryptedField)]
        if sealed and model._meta.managed and not model._meta.proxy:
            columns = {field.column: field.context.encode() for field in sealed}
            yield Table(model._meta.db_table, model._meta.pk.column, columns)  # type: ignore[arg-type]


def counts() -> Counter[str]:
    """How many values each key has sealed, by its id."""
    found: Counter[str] = Counter()
    with connection.cursor() as cursor:
        for table in tables():
            for column in table.columns:
                cursor.execute(  # every name is a model's own
                    f"SELECT convert_from(substring({_q(column)} FROM 3 FOR get_byte({_q(column)}, 1)), 'SQL_ASCII'), "  # noqa: S608
                    f"count(*) FROM {_q(table.name)} WHERE octet_length({_q(column)}) > 0 GROUP BY 1"
                )
                found.update(dict(cursor.fetchall()))
    return found


def rotate(*, batch: int = BATCH, say: Callable[[str, int], None] = lambda table, rows: None) -> int:
    """Seals everything with the first key that another key of FIELD_KEY sealed; returns how many rows it changed.

    May be stopped and started at any time, and run beside itself. `say` hears (table, rows done in it) after each
    batch. Raises `Stuck`.
    """
    return sum(_rotate(table, batch, say) for table in tables())


def refuse_drop(key_id: str) -> None:
    """Raises `KeyInUse` unless the key may be taken out of FIELD_KEY."""
    ids = crypto.key_ids()
    if key_id in (ids[0], ids[-1]):
        raise KeyInUse("it writes" if key_id == ids[0] else "it feeds the indexes by which numbers are found")
    if n := counts()[key_id]:
        raise KeyInUse(f"{n} values are sealed with it")


def _rotate(table: Table, batch: int, say: Callable[[str, int], None]) -> int:
    old = crypto.headers()[1:]
    done, last, waits = 0, 0, 0
    while old:
        rows = _batch(table, old, last, batch)
        if rows:
            done, last, waits = done + len(rows), rows[-1], 0
            say(table.name, done)
        elif not _remain(table, old):
            break
        else:
            last, waits = 0, waits + 1
            if waits > PATIENCE:
                raise Stuck(table.name)
            time.sleep(WAIT)
    return done


@transaction.atomic
def _batch(table: Table, old: list[bytes], last: int, size: int) -> list[int]:
    """Seals the next rows after the id `last` again; returns their ids."""
    names = ", ".join(map(_q, table.columns))
    key, where, values = _q(table.key), *_sealed_by(table, old)
    with rewriting(RESEAL), connection.cursor() as cursor:
        cursor.execute(  # every name is a model's own
            f"SELECT {key}, {names} FROM {_q(table.name)} WHERE {key} > %s AND ({where}) "  # noqa: S608
            f"ORDER BY {key} LIMIT %s FOR UPDATE SKIP LOCKED",
            [last, *values, size],
        )
        rows = cursor.fetchall()
        if rows:
            new = ", ".join(f"{_q(column)} = v.{_q(column)}" for column in table.columns)
            execute_values(
                cursor.cursor,
                f"UPDATE {_q(table.name)} t SET {new} FROM (VALUES %s) AS v({key}, {names}) WHERE t.{key} = v.{key}",  # noqa: S608
                [(pk, *map(_again, sealed, table.columns.values())) for pk, *sealed in rows],
                template=f"(%s, {', '.join(['%s::bytea'] * len(table.columns))})",
                page_size=size,
            )
    return [row[0] for row in rows]


def _remain(table: Table, old: list[bytes]) -> bool:
    where, values = _sealed_by(table, old)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {_q(table.name)} WHERE {where})", values)  # noqa: S608
        return cursor.fetchone()[0]


def _sealed_by(table: Table, headers: list[bytes]) -> tuple[str, list]:
    """The condition, with its values, that one of the columns was sealed by one of these keys."""
    tests = [(f"substring({_q(column)} FROM 1 FOR %s) = %s", h) for column in table.columns for h in headers]
    return " OR ".join(test for test, _h in tests), [value for _test, h in tests for value in (len(h), h)]


def _again(token, aad: bytes) -> bytes | None:
    if not token:
        return token
    token = bytes(token)
    return token if token.startswith(crypto.headers()[0]) else crypto.seal(crypto.unseal(token, aad), aad)


def _q(name: str) -> str:
    return connection.ops.quote_name(name)
