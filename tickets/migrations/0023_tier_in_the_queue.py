import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("customers", "0019_words"), ("tickets", "0022_replans_and_replays")]
    operations = [
        migrations.AddField(
            model_name="ticket",
            name="tier",
            field=models.ForeignKey(
                editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+",
                to="customers.tier",
            ),
        ),
        AddIndexConcurrently(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("state", "archived"), _negated=True), fields=["tier", "due_at", "id"],
                name="ticket_open_by_tier",
            ),
        ),
    ]
