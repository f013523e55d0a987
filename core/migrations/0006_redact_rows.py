from django.db import migrations

from core.sealing import redact_rows


class Migration(migrations.Migration):
    """The free text of rows that are there already."""

    dependencies = [("core", "0005_free_text")]
    operations = [
        redact_rows("core", "Event"),
    ]
