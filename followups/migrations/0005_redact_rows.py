from django.db import migrations

from core.sealing import redact_rows


class Migration(migrations.Migration):
    """The free text of rows that are there already."""

    dependencies = [("followups", "0004_free_text")]
    operations = [
        redact_rows("followups", "Attempt", "Audit"),
    ]
