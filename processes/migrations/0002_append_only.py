from django.db import migrations

from core.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("processes", "0001_initial")]
    operations = [
        protect("processes_logentry"),
        protect("processes_confirmation"),
    ]
