import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

from core.search import facets_follow

FOLLOW = """
UPDATE knowledge_templatewords SET tokens = search_faceted(tokens, NEW.id, ARRAY[CASE WHEN NEW.is_active THEN 'on' END])
WHERE row_id = NEW.id;
"""


class Migration(migrations.Migration):
    """An empty table, so its index is made at once; `search_index` fills it from the rows of before."""

    dependencies = [("core", "0007_search"), ("knowledge", "0002_initial")]

    operations = [
        migrations.CreateModel(
            name="TemplateWords",
            fields=[
                ("row", models.OneToOneField(
                    on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="words",
                    serialize=False, to="knowledge.replytemplate",
                )),
                ("tokens", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fastupdate=False, fields=["tokens"], name="template_words"
                    )
                ]
            },
        ),
        facets_follow("template_facets", table="knowledge_replytemplate", changed="is_active", updates=FOLLOW),
    ]
