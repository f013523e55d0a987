import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

from core.search import facets_follow

ARTICLE = """
UPDATE knowledge_articlewords SET tokens = search_faceted(tokens, NEW.id,
  ARRAY[CASE WHEN NEW.is_published THEN 'on' END]) WHERE row_id = NEW.id;
"""
TEMPLATE = """
UPDATE knowledge_templatewords SET tokens = search_faceted(tokens, NEW.id,
  ARRAY[CASE WHEN NEW.is_active THEN 'on' END, coalesce('t' || NEW.team_id, 'all')]) WHERE row_id = NEW.id;
"""
BEGIN_ANEW = "DELETE FROM core_searchprogress WHERE kind LIKE 'knowledge.%'"

OF_ACTIVE_ONLY = facets_follow(
    "template_facets", table="knowledge_replytemplate", changed="is_active",
    updates="UPDATE knowledge_templatewords SET tokens = search_faceted(tokens, NEW.id, "
            "ARRAY[CASE WHEN NEW.is_active THEN 'on' END]) WHERE row_id = NEW.id;",
)


class Migration(migrations.Migration):
    """Articles are found by their words; templates have teams now, so `search_index` writes them anew."""

    dependencies = [("core", "0007_search"), ("knowledge", "0004_wording_and_articles")]

    operations = [
        migrations.CreateModel(
            name="ArticleWords",
            fields=[
                ("row", models.OneToOneField(
                    on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="words",
                    serialize=False, to="knowledge.article",
                )),
                ("tokens", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fastupdate=False, fields=["tokens"], name="article_words"
                    )
                ]
            },
        ),
        facets_follow("article_facets", table="knowledge_article", changed="is_published", updates=ARTICLE),
        facets_follow("template_team", table="knowledge_replytemplate", changed="is_active, team_id", updates=TEMPLATE),
        migrations.RunSQL(OF_ACTIVE_ONLY.reverse_sql, OF_ACTIVE_ONLY.sql),
        migrations.RunSQL(BEGIN_ANEW, migrations.RunSQL.noop),
    ]
