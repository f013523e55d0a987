from django.db import migrations, models

TABLES = ["tickets_ticket", "tickets_historicalticket"]
# Only complaint sheets have held tickets so far.
TO_KEYS = """
UPDATE {} SET holds = jsonb_build_object('sheet', jsonb_build_object('reason', hold, 'before', 'archived'))
WHERE hold <> ''
"""
TO_ONE = "UPDATE {} SET hold = left(holds #>> '{{sheet,reason}}', 120) WHERE holds ? 'sheet'"


class Migration(migrations.Migration):
    """Each upper app holds a ticket under a key of its own."""

    dependencies = [("tickets", "0011_snooze_and_bulk")]
    operations = [
        *(
            migrations.AddField(
                name, "holds", models.JSONField(blank=True, db_default={}, default=dict, editable=False)
            )
            for name in ("ticket", "historicalticket")
        ),
        migrations.RunSQL(
            [TO_KEYS.format(table) for table in TABLES],  # noqa: S608
            [TO_ONE.format(table) for table in TABLES],  # noqa: S608
        ),
        *(migrations.RemoveField(name, "hold") for name in ("ticket", "historicalticket")),
    ]
