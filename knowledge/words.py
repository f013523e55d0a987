"""What articles and reply templates are found by. Facets: on while offered; t team or all of a template."""

from django.db import models

from core.search import Words, gin


class ArticleWords(Words):
    """The words of an article."""

    row = models.OneToOneField("knowledge.Article", models.CASCADE, primary_key=True, related_name="words")

    TEXTS = ("title", "keywords", "body")
    TEXT = "concat_ws(E'\\n', r.title, r.keywords, r.body)"
    FACETS = "ARRAY[CASE WHEN r.is_published THEN 'on' END]"

    class Meta:
        indexes = [gin("article_words")]


class TemplateWords(Words):
    """The words of a reply template."""

    row = models.OneToOneField("knowledge.ReplyTemplate", models.CASCADE, primary_key=True, related_name="words")

    TEXTS = ("name", "body")
    TEXT = "r.name || E'\\n' || r.body"
    FACETS = "ARRAY[CASE WHEN r.is_active THEN 'on' END, coalesce('t' || r.team_id, 'all')]"

    class Meta:
        indexes = [gin("template_words")]
