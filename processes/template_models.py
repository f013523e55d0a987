"""The templates of service processes: what the admin edits. A process that runs keeps the steps it started with."""

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from staff.models import Role


class Stage(models.TextChoices):
    """The five acts of a service process (P0): need → plan → customer's confirmation → execution → feedback."""

    NEED = "need", _("Confirm the need")
    PLAN = "plan", _("Plan")
    CONFIRMATION = "confirmation", _("Customer's confirmation")
    EXECUTION = "execution", _("Execution")
    FEEDBACK = "feedback", _("Feedback")


ORDER = list(Stage.values)


class Named(models.Model):
    """What has a name in both languages."""

    class Meta:
        abstract = True

    def in_words(self, field: str) -> str:
        """The field in the reader's language."""
        return getattr(self, f"{field}_zh" if (get_language() or "").startswith("zh") else f"{field}_en")


class Template(Named):
    """A checklist to start a process from. Rows are the admin's."""

    class Kind(models.TextChoices):
        SERVICE = "service", _("service process")
        ONBOARDING = "onboarding", _("onboarding")

    name_zh = models.CharField(_("name (Chinese)"), max_length=60)
    name_en = models.CharField(_("name (English)"), max_length=60)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.SERVICE)
    version = models.PositiveIntegerField(_("version"), default=0, editable=False)  # counts the admin's changes
    is_active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("process template")
        verbose_name_plural = _("process templates")
        ordering = ["kind", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["service", "onboarding"]), name="template_kind_is_known")
        ]

    def __str__(self):
        return self.in_words("name")


class StepRules(Named):
    """What a step asks for; of a template, and copied into the process that is started from it."""

    position = models.PositiveSmallIntegerField(_("position"))
    stage = models.CharField(_("stage"), max_length=12, choices=Stage)
    title_zh = models.CharField(_("title (Chinese)"), max_length=60)
    title_en = models.CharField(_("title (English)"), max_length=60)
    standard_zh = models.CharField(_("standard (Chinese)"), max_length=300, blank=True)
    standard_en = models.CharField(_("standard (English)"), max_length=300, blank=True)
    role = models.CharField(
        _("role"), max_length=12, choices=Role, blank=True, help_text=_("Whose step it is; empty means anybody's.")
    )
    target_seconds = models.PositiveIntegerField(_("target (seconds)"), null=True, blank=True)
    target_days = models.PositiveSmallIntegerField(_("target (working days)"), null=True, blank=True)
    calendar = models.ForeignKey(
        "core.WorkCalendar", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("calendar"),
        help_text=_("Empty: clock hours, day and night."),
    )
    may_skip = models.BooleanField(_("may be skipped, with a reason"), default=False)

    class Meta:
        abstract = True

    def __str__(self):
        return self.title

    @property
    def title(self) -> str:
        return self.in_words("title")

    @property
    def standard(self) -> str:
        return self.in_words("standard")


def one_target(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(target_seconds__gt=0, target_days__isnull=True)
        | Q(target_seconds__isnull=True, target_days__gt=0, calendar__isnull=False),
        name=name,
        violation_error_message=_("Give seconds, or working days with a calendar."),
    )


class TemplateStep(StepRules):
    """One step of a template."""

    template = models.ForeignKey(Template, models.CASCADE, related_name="steps", verbose_name=_("process template"))

    class Meta:
        verbose_name = _("step of a template")
        verbose_name_plural = _("steps of templates")
        ordering = ["position"]
        constraints = [
            one_target("template_step_has_one_target"),
            models.CheckConstraint(
                condition=Q(stage__in=["need", "plan", "confirmation", "execution", "feedback"]),
                name="template_stage_is_known",
            ),
        ]
