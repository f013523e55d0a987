import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0010_routing_rules"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="Snooze",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("until", models.DateTimeField(verbose_name="snoozed until")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ticket",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="snooze", to="tickets.ticket"
                    ),
                ),
            ],
            options={
                "verbose_name": "snoozed ticket",
                "verbose_name_plural": "snoozed tickets",
                "indexes": [models.Index(fields=["until"], name="snooze_by_until")],
            },
        ),
        migrations.CreateModel(
            name="BulkAction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=40)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("claim", "Claim"), ("assign", "Assign"), ("urgency", "Set the urgency"),
                            ("snooze", "Snooze"),
                        ],
                        max_length=8,
                    ),
                ),
                ("rows", models.JSONField(default=list)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("undone_at", models.DateTimeField(null=True)),
                ("kept", models.JSONField(default=list)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="bulk_actions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "bulk action",
                "verbose_name_plural": "bulk actions",
                "indexes": [models.Index(fields=["at"], name="bulk_by_age")],
                "constraints": [
                    models.UniqueConstraint(fields=("user", "key"), name="a_bulk_form_acts_once"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["claim", "assign", "urgency", "snooze"])),
                        name="bulk_kind_is_known",
                    ),
                ],
            },
        ),
    ]
