from django.db import migrations

from core.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("followups", "0002_initial")]
    operations = [
        protect("followups_attempt"),
        protect("followups_audit"),
    ]
