from django.db import migrations

from core.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("visits", "0001_visits")]
    operations = [protect("visits_appointment"), protect("visits_slip")]
