from django.db import migrations

from core.sealing import redact_rows


class Migration(migrations.Migration):
    """The free text of rows that are there already."""

    dependencies = [("customers", "0010_consent_version")]
    operations = [
        redact_rows(
            "customers",
            "Customer", "HistoricalCustomer", "Need", "HistoricalNeed", "Task",
            "HistoricalTask", "Order", "HistoricalOrder", "DeliveryPlan", "Communication",
            "Consent", "Reveal", "LegalHold", "HistoricalLegalHold", "DataRequest",
            "HistoricalDataRequest", "Export", "ImportRun", "TierOverride", "HistoricalTierOverride",
        ),
    ]
