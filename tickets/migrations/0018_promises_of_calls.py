from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0017_relations")]
    operations = [
        migrations.AddIndex(
            model_name="slatimer",
            index=models.Index(
                condition=models.Q(("call__isnull", False), ("stopped_at", None)), fields=["id"],
                name="timer_of_open_call",
            ),
        ),
    ]
