from django.db import migrations

from core.append_only import protect


class Migration(migrations.Migration):
    dependencies = [("customers", "0005_archive")]
    operations = [
        protect("customers_consent"),
        protect("customers_reveal"),
        protect("customers_export"),
        protect("customers_lifecyclemove"),
        protect("customers_deliveryplan"),
        protect("customers_communication"),
    ]
