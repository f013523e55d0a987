import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

from core.search import facets_follow

FOLLOW = """
UPDATE customers_customerwords SET tokens = search_faceted(tokens, NEW.id,
  CASE WHEN NEW.merged_into_id IS NULL AND NEW.erased_at IS NULL
  THEN ARRAY['p', 't' || NEW.team_id, 'm' || NEW.account_manager_id] ELSE ARRAY[]::text[] END
) WHERE row_id = NEW.id;
"""


class Migration(migrations.Migration):
    """An empty table, so its index is made at once; `search_index` fills it from the rows of before."""

    dependencies = [("core", "0007_search"), ("customers", "0018_communication_plans")]

    operations = [
        migrations.CreateModel(
            name="CustomerWords",
            fields=[
                ("row", models.OneToOneField(
                    on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="words",
                    serialize=False, to="customers.customer",
                )),
                ("tokens", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fastupdate=False, fields=["tokens"], name="customer_words"
                    )
                ]
            },
        ),
        facets_follow(
            "customer_facets", table="customers_customer",
            changed="team_id, account_manager_id, merged_into_id, erased_at", updates=FOLLOW,
        ),
    ]
