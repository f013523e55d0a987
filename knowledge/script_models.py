"""Scripts of the standard actions 标准动作 (P4; D1, D2): what to say at each step, per team and language."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from messaging.models import Call, CallStep, OutStep

STEPS: dict[str, type[models.TextChoices]] = {Call.Direction.IN: CallStep, Call.Direction.OUT: OutStep}


class Script(models.Model):
    """The script of one direction in one language, of one team or of all; its version counts on with every change."""

    direction = models.CharField(_("direction"), max_length=3, choices=Call.Direction)
    language = models.CharField(_("language"), max_length=10)
    team = models.ForeignKey(
        "staff.Team", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("team"),
        help_text=_("Empty: for all teams."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("call script")
        verbose_name_plural = _("call scripts")
        ordering = ["direction", "language", "id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(direction__in=Call.Direction.values), name="script_direction"),
            models.UniqueConstraint(
                fields=["direction", "language", "team"], condition=models.Q(is_active=True), nulls_distinct=False,
                name="one_active_script",
                violation_error_message=_("There is an active script for this direction, language and team already."),
            ),
        ]

    def __str__(self):
        return f"{self.get_direction_display()} · {self.language} · {self.team or '*'}"


class ScriptLine(models.Model):
    """One sentence of a step; blanks are filled in when it is shown. A step without one is said as in the standard."""

    script = models.ForeignKey(Script, models.CASCADE, related_name="lines")
    step = models.CharField(_("step"), max_length=8, choices=[*CallStep.choices, *OutStep.choices[:-1]])
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    sentence = models.TextField(_("sentence"), blank=True)
    hint = models.CharField(_("hint"), max_length=120, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("line of a script")
        verbose_name_plural = _("lines of a script")
        ordering = ["script", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["script", "step", "position"], name="one_line_per_place"),
        ]

    def __str__(self):
        return f"{self.get_step_display()} {self.position}"
