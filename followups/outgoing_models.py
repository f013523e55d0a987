"""Calls that we make (P4, 电话回访; D2): what each is about, and what the customer answered."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.redaction import FreeTextField, WithOriginals
from customers.models import Task
from messaging.models import Call
from tickets.models import Ticket


def _score(label):
    return models.PositiveSmallIntegerField(
        label, null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )


class Outgoing(WithOriginals):
    """One outgoing call: about a ticket, a callback or a customer task, with its structured answers."""

    class Result(models.TextChoices):
        REACHED = "reached", pgettext_lazy("outgoing call", "Reached")
        NO_ANSWER = "no_answer", _("No answer")
        LATER = "later", _("Asked for later")
        WRONG_NUMBER = "wrong_number", _("Wrong number")
        DECLINED = "declined", _("Declined")

    call = models.OneToOneField(Call, models.CASCADE, related_name="outgoing")
    ticket = models.ForeignKey(Ticket, models.CASCADE, null=True, related_name="outgoing_calls")
    callback = models.ForeignKey("followups.Callback", models.CASCADE, null=True, related_name="outgoing_calls")
    task = models.ForeignKey(Task, models.CASCADE, null=True, related_name="outgoing_calls")
    result = models.CharField(_("result"), max_length=12, choices=Result, blank=True)
    has_time = models.BooleanField(_("has time for the call"), null=True)
    timeliness = _score(_("timeliness"))
    professionalism = _score(_("professionalism"))
    effectiveness = _score(_("effectiveness"))
    attitude = _score(_("attitude"))
    words = FreeTextField(_("what the customer said"), blank=True)

    class Meta:
        verbose_name = _("outgoing call")
        verbose_name_plural = _("outgoing calls")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ticket__isnull=False) | models.Q(callback__isnull=False)
                | models.Q(task__isnull=False),
                name="an_outgoing_call_is_about_something",
            ),
            models.CheckConstraint(condition=models.Q(result__in=["", "reached", "no_answer", "later", "wrong_number",
                                                                  "declined"]), name="outgoing_result_is_known"),
        ]

    def __str__(self):
        return f"outgoing {self.call_id}"
