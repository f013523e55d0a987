"""Words ready to use: reply templates, articles, and the lexicon of the wording check."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.search import Searched, SearchedRows
from knowledge import blanks
from knowledge.articles import Article
from knowledge.lexicon import WordingRule
from knowledge.script_models import Script, ScriptLine
from knowledge.words import ArticleWords, TemplateWords

__all__ = ["Article", "ArticleWords", "ReplyTemplate", "Script", "ScriptLine", "TemplateWords", "WordingRule"]


class ReplyTemplate(Searched):
    """A reply that agents start from, of one team or of all; its blanks are filled in when it is taken."""

    name = models.CharField(_("name"), max_length=80)
    language = models.CharField(_("language"), max_length=10)
    team = models.ForeignKey(
        "staff.Team", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("team"),
        help_text=_("Empty: for all teams."),
    )
    body = models.TextField(_("text"))
    is_active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()
    objects = SearchedRows.as_manager()

    class Meta:
        verbose_name = _("reply template")
        verbose_name_plural = _("reply templates")
        ordering = ["language", "name"]

    def __str__(self):
        return self.name

    def clean(self):
        if wrong := blanks.unknown(self.body):
            known = ", ".join(f"{{{name}}}: {words}" for name, words in blanks.KNOWN.items())
            raise ValidationError({"body": _("Nothing fills in %(wrong)s. Known are %(known)s.") % {
                "wrong": ", ".join(wrong), "known": known,
            }})  # fmt: skip
