from django.db import migrations, models

WHOM = [
    ("owner", "the owner"), ("lead", "the team lead"), ("supervisor", "the supervisor"), ("manager", "the manager"),
    ("next", "one above the rung before"), ("named", "the person named here"), ("duty", "whoever is on duty"),
]  # fmt: skip


class Migration(migrations.Migration):
    """Words alone: the manager is no longer the administrator."""

    dependencies = [("tickets", "0026_pause_requests"), ("staff", "0007_managers_of_departments")]

    operations = [
        migrations.AlterField(
            model_name=name,
            name="to",
            field=models.CharField(choices=WHOM, default="lead", max_length=10, verbose_name="who is told"),
        )
        for name in ("rung", "historicalrung")
    ]
