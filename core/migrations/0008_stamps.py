from django.db import migrations, models

from core import stamps


class Migration(migrations.Migration):
    dependencies = [("core", "0007_search")]

    operations = [
        migrations.CreateModel(
            name="Stamp",
            fields=[
                ("name", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("value", models.UUIDField()),
            ],
            options={"verbose_name": "stamp of a group of tables", "verbose_name_plural": "stamps of groups of tables"},
        ),
        migrations.RunSQL(stamps.FUNCTION, stamps.NO_FUNCTION),
        *stamps.follow("rulebook", "core_workcalendar", "core_calendarday"),
    ]
