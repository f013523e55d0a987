import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("staff", "0004_presence_since")]
    operations = [
        migrations.CreateModel(
            name="Seen",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="seen",
                        serialize=False, to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "verbose_name": "last page open",
                "verbose_name_plural": "last pages open",
                "indexes": [models.Index(fields=["at"], name="seen_by_time")],
            },
        ),
    ]
