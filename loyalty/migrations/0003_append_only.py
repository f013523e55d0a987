from django.db import migrations

from core.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0002_initial")]
    operations = [
        protect("loyalty_pointsentry"),
    ]
