from django.db import migrations

import core.redaction


class Migration(migrations.Migration):
    dependencies = [
        ("complaints", "0002_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="sheet",
            name="originals",
            field=core.redaction.OriginalsField(context="originals", editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="historicalsheet",
            name="done",
            field=core.redaction.FreeTextField(blank=True, verbose_name="What did we do?"),
        ),
        migrations.AlterField(
            model_name="historicalsheet",
            name="known",
            field=core.redaction.FreeTextField(blank=True, verbose_name="What did we know?"),
        ),
        migrations.AlterField(
            model_name="historicalsheet",
            name="known_when",
            field=core.redaction.FreeTextField(blank=True, verbose_name="When did we know it?"),
        ),
        migrations.AlterField(
            model_name="historicalsheet",
            name="root_cause_why",
            field=core.redaction.FreeCharField(blank=True, max_length=400, verbose_name="why it happened"),
        ),
        migrations.AlterField(
            model_name="sheet",
            name="done",
            field=core.redaction.FreeTextField(blank=True, verbose_name="What did we do?"),
        ),
        migrations.AlterField(
            model_name="sheet",
            name="known",
            field=core.redaction.FreeTextField(blank=True, verbose_name="What did we know?"),
        ),
        migrations.AlterField(
            model_name="sheet",
            name="known_when",
            field=core.redaction.FreeTextField(blank=True, verbose_name="When did we know it?"),
        ),
        migrations.AlterField(
            model_name="sheet",
            name="root_cause_why",
            field=core.redaction.FreeCharField(blank=True, max_length=400, verbose_name="why it happened"),
        ),
    ]
