from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0024_fill_tiers")]
    operations = [
        AddIndexConcurrently(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(models.Q(("state", "archived"), _negated=True), ("unread", True)),
                fields=["owner", "id"], name="ticket_open_unread",
            ),
        ),
        AddIndexConcurrently(
            model_name="post",
            index=models.Index(
                condition=models.Q(("next_update_at__isnull", False)), fields=["next_update_at", "ticket"],
                name="post_promised",
            ),
        ),
    ]
