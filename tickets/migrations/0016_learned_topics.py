import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0015_earlier_stretches")]
    operations = [
        migrations.CreateModel(
            name="TopicRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "words",
                    models.TextField(
                        help_text="Separated by commas or lines; English ones count as whole words.",
                        verbose_name="words",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="rules", to="tickets.category",
                        verbose_name="topic",
                    ),
                ),
            ],
            options={
                "verbose_name": "rule of a topic",
                "verbose_name_plural": "rules of topics",
                "ordering": ["category__position", "pk"],
            },
        ),
        migrations.CreateModel(
            name="TopicModel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("trained_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="trained")),
                (
                    "engine",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "too few tickets: rules only"), ("bayes", "built-in naive Bayes"),
                            ("scikit", "scikit-learn, logistic regression"),
                        ],
                        max_length=8, verbose_name="way of learning",
                    ),
                ),
                ("tickets", models.PositiveIntegerField(default=0, verbose_name="tickets learned from")),
                ("held_out", models.PositiveIntegerField(default=0, verbose_name="newest tickets kept apart")),
                ("top1", models.FloatField(null=True, verbose_name="first proposal right")),
                ("top3", models.FloatField(null=True, verbose_name="one of three right")),
                ("report", models.JSONField(default=dict, verbose_name="by topic")),
                ("weights", models.BinaryField(default=bytes)),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
                ("offered", models.PositiveIntegerField(default=0, verbose_name="offered")),
                ("taken", models.PositiveIntegerField(default=0, verbose_name="taken")),
            ],
            options={
                "verbose_name": "learned topics",
                "verbose_name_plural": "learned topics",
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_active", True)), fields=("is_active",), name="one_topic_model_in_use"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("engine__in", ["", "bayes", "scikit"])), name="topic_engine_is_known"
                    ),
                ],
            },
        ),
    ]
