"""Work on many promises that goes on in the background: re-planning running ones, replaying stopped ones."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Work(models.Model):
    """One such work; each batch leaves in the row how far it has come, so that a killed worker loses nothing."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        STOPPED = "stopped", _("stopped")
        DONE = "done", _("done")

    state = models.CharField(_("state"), max_length=8, choices=State, default=State.RUNNING)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by")
    )
    begun_at = models.DateTimeField(_("begun"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    total = models.PositiveIntegerField(_("promises in all"), default=0)
    looked = models.PositiveIntegerField(_("looked at"), default=0)
    cursor = models.BigIntegerField(default=0)  # the timer that was looked at last
    note = models.TextField(_("note"), blank=True, default="")

    class Meta:
        abstract = True

    @property
    def percent(self) -> int:
        if self.state == self.State.DONE:
            return 100
        return min(100 * self.looked // self.total, 99) if self.total else 0

    @property
    def is_running(self) -> bool:
        return self.state == self.State.RUNNING


class Replan(Work):
    """Running promises take over what their policy or their calendar says now, because an administrator said so."""

    policy = models.ForeignKey(
        "tickets.SLAPolicy", models.PROTECT, null=True, related_name="+", verbose_name=_("SLA policy")
    )
    calendar = models.ForeignKey(
        "core.WorkCalendar", models.PROTECT, null=True, related_name="+", verbose_name=_("calendar")
    )
    seen = models.CharField(max_length=64)  # fingerprint of what the preview showed
    moved = models.PositiveIntegerField(_("moved"), default=0)
    late = models.PositiveIntegerField(_("late at once"), default=0)

    class Meta:
        verbose_name = _("re-planning of promises")
        verbose_name_plural = _("re-plannings of promises")
        constraints = [
            models.CheckConstraint(
                condition=Q(policy__isnull=True) ^ Q(calendar__isnull=True), name="replan_of_a_policy_or_a_calendar"
            ),
            # Two at once would move the same promise twice.
            models.UniqueConstraint(fields=["state"], condition=Q(state="running"), name="one_replan_at_a_time"),
        ]

    def __str__(self):
        return str(self.policy or self.calendar)


class Replay(Work):
    """What a draft of a policy would have made of promises that stopped; `draft` holds the values of its form."""

    policy = models.ForeignKey(
        "tickets.SLAPolicy", models.SET_NULL, null=True, related_name="+", verbose_name=_("SLA policy")
    )
    name = models.CharField(_("name"), max_length=80)
    draft = models.JSONField()
    since = models.DateTimeField(_("since"))
    reached_at = models.DateTimeField(null=True)  # with the cursor: by when the last one looked at had stopped
    asked = models.PositiveIntegerField(_("under the draft"), default=0)
    was = models.PositiveIntegerField(_("breaches then"), default=0)
    would = models.PositiveIntegerField(_("breaches under the draft"), default=0)
    changed = models.PositiveIntegerField(_("would have changed sides"), default=0)
    first = models.JSONField(default=list)  # the first of those

    class Meta:
        verbose_name = _("replay of a policy")
        verbose_name_plural = _("replays of policies")

    def __str__(self):
        return self.name
