import django.db.models.deletion
import simple_history.models
from django.conf import settings
from django.db import migrations, models

import core.redaction


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0009_one_present_assignment"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ConsentWording",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("service", "service"),
                            ("callback", "callback"),
                            ("recording", "recording"),
                            ("care", "customer care"),
                            ("marketing", "marketing"),
                        ],
                        max_length=12,
                        verbose_name="purpose",
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=[("zh-hans", "简体中文"), ("en", "English")], max_length=10, verbose_name="language"
                    ),
                ),
                ("version", models.CharField(max_length=20, verbose_name="version")),
                ("text", core.redaction.FreeTextField(max_length=400, verbose_name="wording")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
            ],
            options={
                "verbose_name": "wording of a consent",
                "verbose_name_plural": "wordings of consents",
                "ordering": ["purpose", "language", "-id"],
            },
        ),
        migrations.CreateModel(
            name="HistoricalConsentWording",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("service", "service"),
                            ("callback", "callback"),
                            ("recording", "recording"),
                            ("care", "customer care"),
                            ("marketing", "marketing"),
                        ],
                        max_length=12,
                        verbose_name="purpose",
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=[("zh-hans", "简体中文"), ("en", "English")], max_length=10, verbose_name="language"
                    ),
                ),
                ("version", models.CharField(max_length=20, verbose_name="version")),
                ("text", core.redaction.FreeTextField(max_length=400, verbose_name="wording")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
            ],
            options={
                "verbose_name": "historical wording of a consent",
                "verbose_name_plural": "historical wordings of consents",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AddField(
            model_name="communication",
            name="originals",
            field=core.redaction.OriginalsField(context="originals", editable=False, null=True),
        ),
        migrations.AddField(
            model_name="consent",
            name="originals",
            field=core.redaction.OriginalsField(context="originals", editable=False, null=True),
        ),
        migrations.AddField(
            model_name="consent",
            name="version",
            field=models.CharField(blank=True, max_length=20, verbose_name="version of the wording"),
        ),
        migrations.AddField(
            model_name="deliveryplan",
            name="originals",
            field=core.redaction.OriginalsField(context="originals", editable=False, null=True),
        ),
        migrations.AddField(
            model_name="need",
            name="originals",
            field=core.redaction.OriginalsField(context="originals", editable=False, null=True),
        ),
        migrations.AddField(
            model_name="order",
            name="originals",
            field=core.redaction.OriginalsField(context="originals", editable=False, null=True),
        ),
        migrations.AddField(
            model_name="task",
            name="originals",
            field=core.redaction.OriginalsField(context="originals", editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="communication",
            name="note",
            field=core.redaction.FreeCharField(blank=True, max_length=400, verbose_name="note"),
        ),
        migrations.AlterField(
            model_name="consent",
            name="way",
            field=core.redaction.FreeCharField(max_length=120, verbose_name="way"),
        ),
        migrations.AlterField(
            model_name="consent",
            name="wording",
            field=core.redaction.FreeCharField(max_length=400, verbose_name="wording"),
        ),
        migrations.AlterField(
            model_name="customer",
            name="attributes",
            field=core.redaction.FreeJSONField(blank=True, default=dict, verbose_name="attributes"),
        ),
        migrations.AlterField(
            model_name="customer",
            name="company",
            field=core.redaction.FreeCharField(blank=True, max_length=120, verbose_name="company"),
        ),
        migrations.AlterField(
            model_name="customer",
            name="industry",
            field=core.redaction.FreeCharField(blank=True, max_length=80, verbose_name="industry"),
        ),
        migrations.AlterField(
            model_name="customer",
            name="name",
            field=core.redaction.FreeCharField(max_length=120, verbose_name="name"),
        ),
        migrations.AlterField(
            model_name="customer",
            name="occupation",
            field=core.redaction.FreeCharField(blank=True, max_length=80, verbose_name="occupation"),
        ),
        migrations.AlterField(
            model_name="datarequest",
            name="answer",
            field=core.redaction.FreeCharField(blank=True, max_length=400, verbose_name="answer"),
        ),
        migrations.AlterField(
            model_name="datarequest",
            name="way",
            field=core.redaction.FreeCharField(max_length=120, verbose_name="how it reached us"),
        ),
        migrations.AlterField(
            model_name="deliveryplan",
            name="reason",
            field=core.redaction.FreeCharField(blank=True, max_length=200, verbose_name="reason"),
        ),
        migrations.AlterField(
            model_name="export",
            name="filters",
            field=core.redaction.FreeJSONField(default=dict),
        ),
        migrations.AlterField(
            model_name="export",
            name="reason",
            field=core.redaction.FreeCharField(blank=True, max_length=200),
        ),
        migrations.AlterField(
            model_name="historicalcustomer",
            name="attributes",
            field=core.redaction.FreeJSONField(blank=True, default=dict, verbose_name="attributes"),
        ),
        migrations.AlterField(
            model_name="historicalcustomer",
            name="company",
            field=core.redaction.FreeCharField(blank=True, max_length=120, verbose_name="company"),
        ),
        migrations.AlterField(
            model_name="historicalcustomer",
            name="industry",
            field=core.redaction.FreeCharField(blank=True, max_length=80, verbose_name="industry"),
        ),
        migrations.AlterField(
            model_name="historicalcustomer",
            name="name",
            field=core.redaction.FreeCharField(max_length=120, verbose_name="name"),
        ),
        migrations.AlterField(
            model_name="historicalcustomer",
            name="occupation",
            field=core.redaction.FreeCharField(blank=True, max_length=80, verbose_name="occupation"),
        ),
        migrations.AlterField(
            model_name="historicaldatarequest",
            name="answer",
            field=core.redaction.FreeCharField(blank=True, max_length=400, verbose_name="answer"),
        ),
        migrations.AlterField(
            model_name="historicaldatarequest",
            name="way",
            field=core.redaction.FreeCharField(max_length=120, verbose_name="how it reached us"),
        ),
        migrations.AlterField(
            model_name="historicallegalhold",
            name="reason",
            field=core.redaction.FreeCharField(max_length=200, verbose_name="reason"),
        ),
        migrations.AlterField(
            model_name="historicalneed",
            name="text",
            field=core.redaction.FreeCharField(max_length=400, verbose_name="need"),
        ),
        migrations.AlterField(
            model_name="historicalneed",
            name="topic",
            field=core.redaction.FreeCharField(blank=True, max_length=60, verbose_name="topic"),
        ),
        migrations.AlterField(
            model_name="historicalorder",
            name="advice",
            field=core.redaction.FreeCharField(blank=True, max_length=400, verbose_name="advice given"),
        ),
        migrations.AlterField(
            model_name="historicalorder",
            name="need",
            field=core.redaction.FreeCharField(blank=True, max_length=400, verbose_name="need"),
        ),
        migrations.AlterField(
            model_name="historicaltask",
            name="note",
            field=core.redaction.FreeCharField(blank=True, max_length=400, verbose_name="note"),
        ),
        migrations.AlterField(
            model_name="historicaltieroverride",
            name="reason",
            field=core.redaction.FreeCharField(max_length=200, verbose_name="reason"),
        ),
        migrations.AlterField(
            model_name="importrun",
            name="error",
            field=core.redaction.FreeCharField(blank=True, max_length=400),
        ),
        migrations.AlterField(
            model_name="importrun",
            name="file_name",
            field=core.redaction.FreeCharField(max_length=200, verbose_name="file"),
        ),
        migrations.AlterField(
            model_name="legalhold",
            name="reason",
            field=core.redaction.FreeCharField(max_length=200, verbose_name="reason"),
        ),
        migrations.AlterField(
            model_name="need",
            name="text",
            field=core.redaction.FreeCharField(max_length=400, verbose_name="need"),
        ),
        migrations.AlterField(
            model_name="need",
            name="topic",
            field=core.redaction.FreeCharField(blank=True, max_length=60, verbose_name="topic"),
        ),
        migrations.AlterField(
            model_name="order",
            name="advice",
            field=core.redaction.FreeCharField(blank=True, max_length=400, verbose_name="advice given"),
        ),
        migrations.AlterField(
            model_name="order",
            name="need",
            field=core.redaction.FreeCharField(blank=True, max_length=400, verbose_name="need"),
        ),
        migrations.AlterField(
            model_name="reveal",
            name="field",
            field=models.CharField(max_length=40),
        ),
        migrations.AlterField(
            model_name="reveal",
            name="reason",
            field=core.redaction.FreeCharField(max_length=200),
        ),
        migrations.AlterField(
            model_name="task",
            name="note",
            field=core.redaction.FreeCharField(blank=True, max_length=400, verbose_name="note"),
        ),
        migrations.AlterField(
            model_name="tieroverride",
            name="reason",
            field=core.redaction.FreeCharField(max_length=200, verbose_name="reason"),
        ),
        migrations.AddIndex(
            model_name="reveal",
            index=models.Index(fields=["at"], name="reveal_by_time"),
        ),
        migrations.AddIndex(
            model_name="reveal",
            index=models.Index(fields=["user", "-id"], name="reveal_by_user"),
        ),
        migrations.AddConstraint(
            model_name="consentwording",
            constraint=models.UniqueConstraint(
                fields=("purpose", "language", "version"), name="one_wording_per_version"
            ),
        ),
        migrations.AddConstraint(
            model_name="consentwording",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_active", True)),
                fields=("purpose", "language"),
                name="one_active_wording",
                violation_error_message="Another version is active; deactivate it first.",
            ),
        ),
        migrations.AddField(
            model_name="historicalconsentwording",
            name="history_user",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
    ]
