from django.db import migrations

from core.sealing import redact_rows, seal_columns


class Migration(migrations.Migration):
    dependencies = [("messaging", "0003_free_text")]
    operations = [
        seal_columns("messaging_message", ["subject", "body", "body_html"]),
        seal_columns("messaging_outbox", ["subject", "body", "headers"]),
        redact_rows("messaging", "Attachment", "Message", "Outbox"),
    ]
