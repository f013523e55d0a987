"""The lexicon of the wording check: what not to say to customers, and what to say instead. Rows are the admin's."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from knowledge import blanks
from knowledge.wording import Flaw, Place, Rule, Span


def lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


class WordingRule(models.Model):
    """Phrases with one flaw in common (P0: 您好 for 喂, 请 for 啊, no 推诿), and what is offered in their place."""

    language = models.CharField(_("language"), max_length=10)
    flaw = models.CharField(_("what is wrong"), max_length=12, choices=Flaw)
    phrases = models.TextField(_("phrases"), help_text=_("One per line."))
    unless = models.TextField(
        _("harmless within"), blank=True, help_text=_("Words that hold a phrase and mean something else, one per line.")
    )
    place = models.CharField(_("stands"), max_length=6, choices=Place, default=Place.ANYWHERE)
    replaces = models.CharField(
        _("an offer takes the place of"), max_length=6, choices=Span, default=Span.WORD,
    )
    offers = models.TextField(
        _("offered phrasings"), blank=True,
        help_text=_("One per line. One with {due} is offered only once the time of the next update is set."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("wording rule")
        verbose_name_plural = _("wording rules")
        ordering = ["language", "flaw", "id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(flaw__in=Flaw.values), name="flaw_is_known"),
            models.CheckConstraint(condition=models.Q(place__in=Place.values), name="place_is_known"),
            models.CheckConstraint(condition=models.Q(replaces__in=Span.values), name="span_is_known"),
        ]

    def __str__(self):
        return ", ".join(lines(self.phrases))[:80]

    def clean(self):
        if not lines(self.phrases):
            raise ValidationError({"phrases": _("Give at least one phrase.")})
        if wrong := [blank for blank in blanks.BLANK.findall(self.offers) if blank != "due"]:
            raise ValidationError(
                {"offers": _("{%(blank)s} is not known here; only {due} is filled in.") % {"blank": wrong[0]}}
            )

    def rule(self) -> Rule:
        return Rule(
            language=self.language, flaw=self.flaw, phrases=lines(self.phrases), unless=lines(self.unless),
            place=self.place, replaces=self.replaces, offers=lines(self.offers),
        )


def rules() -> list[Rule]:
    """The rules in force, of all languages: a Chinese reply may hold English words, and the other way round."""
    return [row.rule() for row in WordingRule.objects.filter(is_active=True)]
