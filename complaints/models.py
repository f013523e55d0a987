"""The complaint sheet 投诉处理单 for special cases (P1, P2, P4; ISO 10002)."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.redaction import FreeCharField, FreeTextField, WithOriginals
from staff.sight import TeamSightQuerySet
from tickets.models import Cause, Ticket


class SheetQuerySet(TeamSightQuerySet):
    team_path = "ticket__team"

    def open(self):
        return self.filter(closed_at=None)


class Severity(models.IntegerChoices):
    MINOR = 1, _("Minor")
    SERIOUS = 2, _("Serious")
    CRITICAL = 3, _("Critical")


class Sheet(WithOriginals):
    class Special(models.TextChoices):
        """Why the complaint is special; the admin's rule names these grounds."""

        SAFETY = "safety", _("safety")
        MEDIA = "media", _("media")
        CLAIM = "claim", _("claim")
        REPEAT = "repeat", _("repeat")
        AUTHORITY = "authority", _("authority")

    class Object(models.TextChoices):
        PRODUCT = "product", _("product")
        SERVICE = "service", _("service")
        PRICE = "price", _("price")
        INTEGRITY = "integrity", _("integrity")

    class Manner(models.TextChoices):
        PASSIVE = "passive", _("passive")
        PUBLICITY = "publicity", _("publicity")
        VENTING = "venting", _("venting")
        EXTREME = "extreme", _("extreme")

    class Nature(models.TextChoices):
        SUGGESTION = "suggestion", _("suggestion")
        CRITICISM = "criticism", _("criticism")
        ACCUSATION = "accusation", _("accusation")

    class Finding(models.TextChoices):
        UPHELD = "upheld", _("Upheld")
        PARTLY = "partly", _("Partly upheld")
        NOT_UPHELD = "not_upheld", _("Not upheld")

    ticket = models.OneToOneField(Ticket, models.PROTECT, related_name="sheet")
    opened_at = models.DateTimeField(default=timezone.now)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    ground = models.CharField(_("special because of"), max_length=10, choices=Special, blank=True)
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Severity, default=Severity.SERIOUS)
    about = models.CharField(_("about"), max_length=10, choices=Object, blank=True)
    manner = models.CharField(_("manner"), max_length=10, choices=Manner, blank=True)
    nature = models.CharField(_("nature"), max_length=10, choices=Nature, blank=True)
    finding = models.CharField(_("finding"), max_length=10, choices=Finding, blank=True)
    known = FreeTextField(_("What did we know?"), blank=True)
    known_when = FreeTextField(_("When did we know it?"), blank=True)
    done = FreeTextField(_("What did we do?"), blank=True)
    root_cause = models.CharField(_("root cause"), max_length=16, choices=Cause, blank=True)
    root_cause_why = FreeCharField(_("why it happened"), max_length=400, blank=True)
    investigation_due_at = models.DateTimeField()
    solution_due_at = models.DateTimeField()
    investigated_at = models.DateTimeField(null=True, blank=True)
    solved_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    version = models.PositiveIntegerField(default=1)  # refuses the second of two concurrent edits
    history = HistoricalRecords(excluded_fields=["originals"])
    objects = SheetQuerySet.as_manager()

    class Meta:
        verbose_name = _("complaint sheet")
        verbose_name_plural = _("complaint sheets")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["solution_due_at"], condition=models.Q(closed_at=None), name="sheet_open_by_due")
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(closed_at=None) | (~models.Q(finding="") & ~models.Q(root_cause="")),
                name="a_closed_sheet_has_finding_and_cause",
            )
        ]

    def __str__(self):
        return self.number

    @property
    def number(self) -> str:
        return f"C-{self.pk:04d}"
