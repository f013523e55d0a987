import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("tickets", "0025_unread_and_promised"),
    ]

    operations = [
        migrations.CreateModel(
            name="PauseRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cause", models.CharField(
                    choices=[
                        ("customer", "the customer decides"), ("visit", "a visit is booked"),
                        ("supplier", "a supplier has to deliver"), ("other", "another reason"),
                    ], max_length=8, verbose_name="cause",
                )),
                ("days", models.PositiveSmallIntegerField(
                    validators=[django.core.validators.MinValueValidator(1)], verbose_name="working days"
                )),
                ("at", models.DateTimeField(verbose_name="at")),
                ("event_id", models.BigIntegerField()),
                ("state", models.CharField(
                    choices=[
                        ("open", "waits for the team lead"), ("consented", "consented"), ("refused", "refused"),
                        ("lapsed", "no longer needed"),
                    ], default="open", max_length=10, verbose_name="state",
                )),
                ("decided_at", models.DateTimeField(null=True)),
                ("by", models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL,
                    verbose_name="by",
                )),
                ("decided_by", models.ForeignKey(
                    null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+",
                    to=settings.AUTH_USER_MODEL,
                )),
                ("pause", models.OneToOneField(
                    null=True, on_delete=django.db.models.deletion.CASCADE, related_name="request", to="tickets.pause"
                )),
                ("ticket", models.ForeignKey(
                    on_delete=django.db.models.deletion.CASCADE, related_name="pause_requests", to="tickets.ticket"
                )),
            ],
            options={
                "verbose_name": "request for a longer wait", "verbose_name_plural": "requests for a longer wait",
                "ordering": ["id"],
                "indexes": [models.Index(condition=Q(("state", "open")), fields=["id"], name="pause_request_open")],
                "constraints": [models.UniqueConstraint(
                    condition=Q(("state", "open")), fields=("ticket",), name="one_open_request_for_a_wait"
                )],
            },
        ),
    ]  # fmt: skip
