import django.db.models.deletion
from django.db import migrations, models

import core.redaction


class Migration(migrations.Migration):
    dependencies = [("processes", "0002_append_only")]
    operations = [
        migrations.AddField(
            model_name="logentry",
            name="confirmation",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="processes.confirmation"
            ),
        ),
        migrations.AlterField(
            model_name="logentry",
            name="what",
            field=core.redaction.FreeTextField(blank=True, verbose_name="what was done"),
        ),
    ]
