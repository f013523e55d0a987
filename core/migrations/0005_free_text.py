from django.db import migrations

import core.redaction
from core.append_only import FUNCTION


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0004_rewriting"),
    ]

    operations = [
        migrations.RunSQL(FUNCTION, migrations.RunSQL.noop),  # lets a new key seal the originals again
        migrations.AddField(
            model_name="event",
            name="originals",
            field=core.redaction.OriginalsField(context="originals", editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="event",
            name="data",
            field=core.redaction.FreeJSONField(default=dict),
        ),
    ]
