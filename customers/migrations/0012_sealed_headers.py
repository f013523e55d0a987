from django.db import migrations

from core.crypto import EncryptedJSONField
from core.redaction import FreeJSONField


class Migration(migrations.Migration):
    """A file without a header has data in its first line; files on their way in are uploaded again."""

    dependencies = [("customers", "0011_redact_rows")]
    operations = [
        migrations.RemoveField("importrun", "header"),
        migrations.RemoveField("importrun", "columns"),
        migrations.AddField("importrun", "header", EncryptedJSONField(default=list)),
        migrations.AddField("importrun", "columns", EncryptedJSONField(default=dict)),
        migrations.AlterField("importmapping", "columns", FreeJSONField(default=dict)),
        migrations.AlterField("historicalimportmapping", "columns", FreeJSONField(default=dict)),
    ]
