import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

OPEN = models.Q(("state", "archived"), _negated=True)


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0001_initial"),
        ("tickets", "0007_drafts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40, verbose_name="name")),
                ("query", models.CharField(max_length=600)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="saved_views",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True, null=True, on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_views", to="staff.team",
                    ),
                ),
            ],
            options={
                "verbose_name": "saved view",
                "verbose_name_plural": "saved views",
                "ordering": ["team_id", "position", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("team", None)), fields=("owner", "name"), name="own_view_by_name"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("team", None), _negated=True), fields=("team", "name"),
                        name="team_view_by_name",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(fields=["-updated_at", "-id"], condition=OPEN, name="ticket_open_by_change"),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(fields=["-opened_at", "-id"], condition=OPEN, name="ticket_open_by_opened"),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(fields=["priority", "id"], condition=OPEN, name="ticket_open_by_priority"),
        ),
    ]
