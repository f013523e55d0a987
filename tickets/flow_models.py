"""What the admin sets about the flows: one row."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


class FlowRules(models.Model):
    """How long an archived ticket can be taken up again, and when chasers reach the team lead. A single row."""

    reopen_hours = models.PositiveSmallIntegerField(
        _("grace period (hours)"), default=72, validators=[MaxValueValidator(2160)],
        help_text=_(
            "A reply within so many hours after the archive returns to the same ticket; a later one opens a linked one."
        ),
    )
    lead_after_chases = models.PositiveSmallIntegerField(
        _("chasers until the team lead is told"), default=3, validators=[MinValueValidator(1)]
    )
    pause_days = models.PositiveSmallIntegerField(
        _("pauses by hand (working days)"), default=5, db_default=5, validators=[MinValueValidator(1)],
        help_text=_("So long may a ticket be paused by hand in all; beyond it the team lead has to consent."),
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("rules of the flows")
        verbose_name_plural = _("rules of the flows")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_row_of_flow_rules")]

    def __str__(self):
        return str(self._meta.verbose_name)

    def save(self, *args, **kwargs):
        self.pk = 1
        super().save(*args, **kwargs)

    @classmethod
    def now_valid(cls) -> "FlowRules":
        """The admin's row, or the standard values where there is none yet."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)
