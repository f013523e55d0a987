"""A database trigger for rows that are their own history: events, ledger, breaches. Even SQL by hand is refused."""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
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
