from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("staff", "0003_the_floor")]
    operations = [
        migrations.AddField(
            model_name="user", name="presence_since", field=models.DateTimeField(editable=False, null=True)
        ),
    ]
