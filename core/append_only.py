"""A database trigger for rows that are their own history: events, ledger, breaches. Even SQL by hand is refused.

Three duties outrank it, and each opens it for its own transaction alone: a merge moves rows to the customer they belong
to and may change nothing but that, an erasure takes the person's words out (PIPL 47), and a new key seals the originals
of free text anew and nothing else. See `rewriting`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, migrations, transaction

MERGE, ERASURE, RESEAL = "merge", "erasure", "reseal"

FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    purpose text := current_setting('desk.rewriting', true);
BEGIN
    IF purpose = 'erasure' THEN
        RETURN NEW;
    END IF;
    IF purpose = 'merge' AND to_jsonb(NEW) - 'customer_id' = to_jsonb(OLD) - 'customer_id' THEN
        RETURN NEW;
    END IF;
    IF purpose = 'reseal' AND to_jsonb(NEW) - 'originals' = to_jsonb(OLD) - 'originals' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


def protect(table: str) -> migrations.RunSQL:
    """The migration step that makes `table` refuse UPDATE."""
    return migrations.RunSQL(
        f"{FUNCTION};"
        f"CREATE TRIGGER append_only BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change();",
        f"DROP TRIGGER append_only ON {table};",
    )


@contextmanager
def rewriting(purpose: str) -> Iterator[None]:
    """Lets protected rows be changed for `MERGE`, `ERASURE` or `RESEAL`, in the caller's transaction and this block."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("Append-only rows are rewritten in a transaction only")
    _allow(purpose)
    yield
    # Not on the way out of an error: the transaction is lost then, and the setting with it.
    _allow("")


def _allow(purpose: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('desk.rewriting', %s, true)", [purpose])
