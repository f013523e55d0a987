from django.db import migrations

import core.redaction


class Migration(migrations.Migration):
    dependencies = [
        ("loyalty", "0003_append_only"),
    ]

    operations = [
        migrations.AddField(
            model_name="pointsentry",
            name="originals",
            field=core.redaction.OriginalsField(context="originals", editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="pointsentry",
            name="note",
            field=core.redaction.FreeCharField(blank=True, max_length=200, verbose_name="note"),
        ),
    ]
