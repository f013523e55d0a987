"""Audit and callback 审核回访: two acts by the service centre, never by whoever handled the ticket (P4)."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.models import Event
from core.redaction import FreeCharField, FreeTextField, WithOriginals
from followups.feedback_models import Feedback, HandOff, Stage
from followups.outgoing_models import Outgoing
from staff.sight import TeamSightQuerySet
from tickets.models import Ticket

__all__ = ["Attempt", "Audit", "Callback", "Feedback", "HandOff", "Outgoing", "Stage"]


class CallbackQuerySet(TeamSightQuerySet):
    team_path = "ticket__team"

    def open(self):
        return self.filter(state=Callback.State.PLANNED)

    def late(self, now=None):
        return self.open().filter(due_at__lt=now or timezone.now())


class Callback(models.Model):
    """A call that is owed to a customer about one resolution of one ticket."""

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="callbacks")
    resolution = models.OneToOneField(Event, models.PROTECT, related_name="callback")  # the event `resolved`
    needs_audit = models.BooleanField(default=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="callbacks",
        verbose_name=_("assignee"),
    )
    due_at = models.DateTimeField(_("due"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PLANNED)
    created_at = models.DateTimeField(default=timezone.now)
    history = HistoricalRecords()
    objects = CallbackQuerySet.as_manager()

    class Meta:
        verbose_name = _("callback")
        verbose_name_plural = _("callbacks")
        ordering = ["due_at", "id"]
        indexes = [models.Index(fields=["due_at", "id"], condition=models.Q(state="planned"), name="callback_due")]

    def __str__(self):
        return f"callback {self.ticket_id}"


class Attempt(WithOriginals):
    """One try to reach the customer. Append-only."""

    class Outcome(models.TextChoices):
        SATISFIED = "satisfied", _("Reached, happy")
        DISSATISFIED = "dissatisfied", _("Reached, not solved")
        NO_ANSWER = "no_answer", _("No answer")
        LATER = "later", _("Asked for later")
        WRONG_NUMBER = "wrong_number", _("Wrong number")
        DECLINED = "declined", _("Declined")

    callback = models.ForeignKey(Callback, models.CASCADE, related_name="attempts")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    outcome = models.CharField(max_length=12, choices=Outcome)
    score = models.PositiveSmallIntegerField(
        _("customer score"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    timeliness = models.PositiveSmallIntegerField(_("timeliness"), null=True, blank=True)
    professionalism = models.PositiveSmallIntegerField(_("professionalism"), null=True, blank=True)
    effectiveness = models.PositiveSmallIntegerField(_("effectiveness"), null=True, blank=True)
    attitude = models.PositiveSmallIntegerField(_("attitude"), null=True, blank=True)
    words = FreeTextField(_("what the customer said"), blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["id"]

    def __str__(self):
        return f"{self.callback_id} {self.outcome}"


class Audit(WithOriginals):
    """The audit 审核 of a service record before its callback. Append-only."""

    callback = models.ForeignKey(Callback, models.CASCADE, related_name="audits")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    complete = models.BooleanField(_("completeness"))
    conform = models.BooleanField(_("conformity"))
    authentic = models.BooleanField(_("authenticity"))
    items = models.BooleanField(_("service items"))
    note = FreeCharField(_("note"), max_length=400, blank=True)

    class Meta:
        verbose_name = _("audit")
        verbose_name_plural = _("audits")
        ordering = ["id"]

    def __str__(self):
        return f"{self.callback_id} {self.passed}"

    @property
    def passed(self) -> bool:
        return self.complete and self.conform and self.authentic and self.items
