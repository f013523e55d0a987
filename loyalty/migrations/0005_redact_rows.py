from django.db import migrations

from core.sealing import redact_rows


class Migration(migrations.Migration):
    """The free text of rows that are there already."""

    dependencies = [("loyalty", "0004_free_text")]
    operations = [
        redact_rows("loyalty", "PointsEntry"),
    ]
