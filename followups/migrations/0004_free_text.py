from django.db import migrations

import core.redaction


class Migration(migrations.Migration):
    dependencies = [
        ("followups", "0003_append_only"),
    ]

    operations = [
        migrations.AddField(
            model_name="attempt",
            name="originals",
            field=core.redaction.OriginalsField(context="originals", editable=False, null=True),
        ),
        migrations.AddField(
            model_name="audit",
            name="originals",
            field=core.redaction.OriginalsField(context="originals", editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="attempt",
            name="words",
            field=core.redaction.FreeTextField(blank=True, verbose_name="what the customer said"),
        ),
        migrations.AlterField(
            model_name="audit",
            name="note",
            field=core.redaction.FreeCharField(blank=True, max_length=400, verbose_name="note"),
        ),
    ]
