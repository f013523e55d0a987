"""Asking for a longer wait than the rules allow by hand; the words of it stand in its events."""

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from staff.sight import TeamSightQuerySet
from tickets.sla_models import Pause, PauseCause


class PauseRequestQuerySet(TeamSightQuerySet):
    team_path = "ticket__team"

    def open(self):
        return self.filter(state=PauseRequest.State.OPEN)


class PauseRequest(models.Model):
    """Somebody asks for so many working days more; the clock runs on until a team lead consents."""

    class State(models.TextChoices):
        OPEN = "open", _("waits for the team lead")
        CONSENTED = "consented", _("consented")
        REFUSED = "refused", _("refused")
        LAPSED = "lapsed", _("no longer needed")

    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="pause_requests")
    cause = models.CharField(_("cause"), max_length=8, choices=PauseCause)
    days = models.PositiveSmallIntegerField(_("working days"), validators=[MinValueValidator(1)])
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))
    event_id = models.BigIntegerField()  # the event that holds the reason
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    pause = models.OneToOneField(Pause, models.CASCADE, null=True, related_name="request")
    objects = PauseRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request for a longer wait")
        verbose_name_plural = _("requests for a longer wait")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket"], condition=Q(state="open"), name="one_open_request_for_a_wait"
            )
        ]
        indexes = [models.Index(fields=["id"], condition=Q(state="open"), name="pause_request_open")]

    def __str__(self):
        return f"{self.ticket_id} {self.cause} {self.state}"
