from django.db import migrations

from core.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("core", "0002_initial")]
    operations = [
        protect("core_event"),
    ]
