"""Stamps tell a process whether rows that it has read before are still as they were.

The tables of a group share one stamp. Triggers give it another value in the transaction that changes any of their
rows, whoever changes them and however, so that whoever reads the new rows reads the new stamp too. No value returns.
"""

from uuid import UUID

from django.db import connection, migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION stamp_anew() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO core_stamp (name, value) VALUES (TG_ARGV[0], gen_random_uuid())
  ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value;
  RETURN NULL;
END $$
"""
NO_FUNCTION = "DROP FUNCTION stamp_anew()"


def follow(name: str, *tables: str) -> list[migrations.RunSQL]:
    """The migration steps by which the stamp `name` follows these tables."""
    return [
        migrations.RunSQL(
            f"INSERT INTO core_stamp (name, value) VALUES ('{name}', gen_random_uuid()) "  # noqa: S608
            "ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value",
            migrations.RunSQL.noop,
        ),
        *(migrations.RunSQL(
            f"CREATE TRIGGER stamp_{name} AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION stamp_anew('{name}')",
            f"DROP TRIGGER stamp_{name} ON {table}",
        ) for table in tables),
    ]  # fmt: skip


def current(name: str) -> UUID | None:
    """The stamp as the present transaction sees it; None where it has none: nothing may be kept then."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM core_stamp WHERE name = %s", [name])
        found = cursor.fetchone()
    return found[0] if found else None
