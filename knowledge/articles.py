"""Articles of the knowledge base (L1), and which of them fit a matter at hand."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core import cjk
from core.search import Searched, SearchedRows

READ = 500  # published articles looked at for a suggestion
BY_KEYWORD, BY_TITLE, ENOUGH = 4, 1, 2


class ArticleQuerySet(SearchedRows):
    def published(self):
        return self.filter(is_published=True)


class Article(Searched):
    """An answer that has been written once. Its version counts on with every change, and replies name the one used."""

    title = models.CharField(_("title"), max_length=120)
    language = models.CharField(_("language"), max_length=10)
    keywords = models.CharField(
        _("keywords"), max_length=300, blank=True, help_text=_("Words of tickets that it fits, with commas between.")
    )
    body = models.TextField(_("text"))
    url = models.URLField(_("public address"), blank=True, help_text=_("Where customers can read it, if anywhere."))
    is_published = models.BooleanField(_("published"), default=False)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    updated_at = models.DateTimeField(_("updated"), default=timezone.now, editable=False)
    history = HistoricalRecords()
    objects = ArticleQuerySet.as_manager()

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        ordering = ["language", "title"]

    def __str__(self):
        return self.title

    def clean(self):
        if self.url and not self.url.startswith("https://"):
            raise ValidationError({"url": _("Customers are led to https:// addresses only.")})

    @property
    def mark(self) -> str:
        """How a reply names the version it used."""
        return f"{self.pk}.{self.version}"


def suggest(text: str, *, language: str = "", limit: int = 3) -> list[Article]:
    """Published articles that fit a matter, best first: by keywords that stand in it, then by words of the title."""
    plain, words = cjk.normalise(text), _words(text)
    scored = []
    for article in Article.objects.published().only("title", "keywords", "language")[:READ]:
        score = _score(article, plain, words)
        if score >= ENOUGH:
            scored.append((article.language != language, -score, article.pk))
    best = [pk for _foreign, _score, pk in sorted(scored)[:limit]]
    rows = Article.objects.in_bulk(best)
    return [rows[pk] for pk in best if pk in rows]


def _score(article: Article, plain: str, words: set[str]) -> int:
    keywords = (word.strip() for word in cjk.normalise(article.keywords).replace("，", ",").split(","))
    held = sum(BY_KEYWORD for word in keywords if word and word in plain)
    return held + BY_TITLE * len(words & _words(article.title))


def _words(text: str) -> set[str]:
    """Words and pairs of characters; one character alone says nothing."""
    return {token for token in cjk.tokens(text) if len(token) > 1}
