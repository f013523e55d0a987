from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tickets", "0020_ladders_of_policies")]
    operations = [
        migrations.RemoveField(model_name="historicalslapolicy", name="supervisor_after"),
        migrations.RemoveField(model_name="slapolicy", name="supervisor_after"),
    ]
