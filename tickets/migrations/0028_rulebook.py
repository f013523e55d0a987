from django.db import migrations

from core import stamps


class Migration(migrations.Migration):
    dependencies = [("core", "0008_stamps"), ("tickets", "0027_the_manager_hears")]

    operations = stamps.follow(
        "rulebook", "tickets_slapolicy", "tickets_ladder", "tickets_rung", "tickets_category", "tickets_routingrule"
    )
