from django.db import migrations

import core.crypto
import core.redaction
from core.sealing import bytes_to_open, open_to_bytes

MESSAGE = {"subject": "varchar(400)", "body": "text", "body_html": "text"}
OUTBOX = {"subject": "varchar(400)", "body": "text", "headers": "jsonb"}


class Migration(migrations.Migration):
    """What came in and what goes out is sealed; 0004 seals the rows that are there."""

    dependencies = [("messaging", "0002_initial")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                *bytes_to_open("messaging_message", MESSAGE), *bytes_to_open("messaging_outbox", OUTBOX),
                *open_to_bytes("messaging_message", list(MESSAGE)), *open_to_bytes("messaging_outbox", list(OUTBOX)),
            ],
            state_operations=[
                migrations.AlterField(
                    "message", "subject", core.crypto.EncryptedTextField(blank=True, max_length=400)
                ),
                migrations.AlterField("message", "body", core.crypto.EncryptedTextField(blank=True)),
                migrations.AlterField("message", "body_html", core.crypto.EncryptedTextField(blank=True)),
                migrations.AlterField("outbox", "subject", core.crypto.EncryptedTextField(max_length=400)),
                migrations.AlterField("outbox", "body", core.crypto.EncryptedTextField()),
                migrations.AlterField("outbox", "headers", core.crypto.EncryptedJSONField(default=dict)),
            ],
        ),
        migrations.AddField(
            "attachment", "originals", core.redaction.OriginalsField(context="originals", editable=False, null=True)
        ),
        migrations.AlterField("attachment", "name", core.redaction.FreeCharField(max_length=255)),
        migrations.AlterField("message", "error", core.redaction.FreeCharField(blank=True, max_length=400)),
        migrations.AlterField("outbox", "error", core.redaction.FreeCharField(blank=True, max_length=200)),
    ]
