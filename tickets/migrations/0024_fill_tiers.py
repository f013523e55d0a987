from django.db import migrations

from tickets import standing


def fill(apps, schema_editor):
    while standing.follow_tiers() == standing.BATCH:
        continue


class Migration(migrations.Migration):
    """Open tickets alone: an archived one stands in no queue."""

    atomic = False
    dependencies = [("tickets", "0023_tier_in_the_queue")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
