from django.db import migrations

import core.redaction


class Migration(migrations.Migration):
    dependencies = [
        ("tickets", "0002_append_only"),
    ]

    operations = [
        migrations.AddField(
            model_name="post",
            name="originals",
            field=core.redaction.OriginalsField(context="originals", editable=False, null=True),
        ),
        migrations.AddField(
            model_name="ticket",
            name="originals",
            field=core.redaction.OriginalsField(context="originals", editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="historicalticket",
            name="subject",
            field=core.redaction.FreeCharField(max_length=200, verbose_name="summary"),
        ),
        migrations.AlterField(
            model_name="historicalticket",
            name="wish",
            field=core.redaction.FreeCharField(blank=True, max_length=400, verbose_name="what the customer wants"),
        ),
        migrations.AlterField(
            model_name="post",
            name="body",
            field=core.redaction.FreeTextField(),
        ),
        migrations.AlterField(
            model_name="ticket",
            name="subject",
            field=core.redaction.FreeCharField(max_length=200, verbose_name="summary"),
        ),
        migrations.AlterField(
            model_name="ticket",
            name="wish",
            field=core.redaction.FreeCharField(blank=True, max_length=400, verbose_name="what the customer wants"),
        ),
    ]
