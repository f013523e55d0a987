from django.db import migrations


def put_first(apps, schema_editor):
    apps.get_model("customers", "Tier").objects.filter(rank=1).update(first_in_queue=True)


class Migration(migrations.Migration):
    """The best tier stands first in the queue from the start; the admin's from then on."""

    dependencies = [("customers", "0013_first_in_queue")]
    operations = [migrations.RunPython(put_first, migrations.RunPython.noop)]
