from django.db import migrations, models

from core.search import FUNCTIONS, NO_FUNCTIONS


class Migration(migrations.Migration):
    dependencies = [("core", "0006_redact_rows")]

    operations = [
        migrations.CreateModel(
            name="SearchProgress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=80, unique=True)),
                ("last_id", models.BigIntegerField(default=0)),
                ("done_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "progress of the search index",
                "verbose_name_plural": "progress of the search index",
            },
        ),
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
    ]
