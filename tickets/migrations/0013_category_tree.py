import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0012_holds")]
    operations = [
        migrations.AddField(
            model_name="category",
            name="parent",
            field=models.ForeignKey(
                blank=True,
                help_text="Lists and rules that name a topic mean everything below it too. At most three levels.",
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="children",
                to="tickets.category", verbose_name="under",
            ),
        ),
    ]
