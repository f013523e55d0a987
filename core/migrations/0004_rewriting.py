from django.db import migrations

from core.append_only import FUNCTION

BEFORE = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


class Migration(migrations.Migration):
    """Append-only rows may follow their customer into a merge, and lose a person's words in an erasure (PIPL 47)."""

    dependencies = [("core", "0003_append_only")]
    operations = [migrations.RunSQL(FUNCTION, BEFORE)]
