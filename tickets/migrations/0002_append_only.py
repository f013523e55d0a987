from django.db import migrations

from core.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial")]
    operations = [
        protect("tickets_breach"),
        protect("tickets_escalation"),
    ]
