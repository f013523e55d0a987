"""Promises in time: the policies, the timers that they start, and what became of those."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from messaging.models import Channel
from tickets.models import Kind


class Metric(models.TextChoices):
    FIRST_RESPONSE = "first_response", _("First response")
    RESOLUTION = "resolution", _("Resolution")
    CHASER = "chaser", _("Reply to a chaser")


class OnReclassify(models.TextChoices):
    """What becomes of a running timer when its ticket is put under another class."""

    KEEP = "keep", _("keep the running timer")
    RESTART = "restart", _("start the promise of the new class")


class SLAPolicy(models.Model):
    """A promise: for this channel × class × tier, this long; an empty field means any. Rows are the admin's."""

    name = models.CharField(_("name"), max_length=80)
    metric = models.CharField(_("promise"), max_length=16, choices=Metric)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel, blank=True)
    kind = models.CharField(_("class"), max_length=10, choices=Kind, blank=True)
    tier = models.ForeignKey(
        "customers.Tier", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("tier")
    )
    target_seconds = models.PositiveIntegerField(_("target (seconds)"), null=True, blank=True)
    target_days = models.PositiveSmallIntegerField(_("target (working days)"), null=True, blank=True)
    calendar = models.ForeignKey(
        "core.WorkCalendar", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("calendar"),
        help_text=_("Empty: clock hours, day and night."),
    )
    supervisor_after = models.PositiveIntegerField(
        _("to the supervisor after (seconds)"), default=1800,
        help_text=_("From the breach, which goes to the team lead at once."),
    )
    on_reclassify = models.CharField(
        _("when the class changes"), max_length=8, choices=OnReclassify, default=OnReclassify.KEEP,
        db_default=OnReclassify.KEEP.value,
        help_text=_("A missed promise is kept in any case."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("SLA policy")
        verbose_name_plural = _("SLA policies")
        ordering = ["metric", "channel", "kind", "name"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(target_seconds__gt=0) & Q(target_days__isnull=True))
                | (Q(target_seconds__isnull=True) & Q(target_days__gt=0) & Q(calendar__isnull=False)),
                name="policy_has_one_target",
                violation_error_message=_("Give seconds, or working days with a calendar."),
            ),
            models.UniqueConstraint(
                fields=["metric", "channel", "kind", "tier"], condition=Q(is_active=True), nulls_distinct=False,
                name="one_active_policy_per_case",
                violation_error_message=_("There is already an active policy for this case."),
            ),
        ]

    def __str__(self):
        return self.name


class TimerQuerySet(models.QuerySet):
    def due(self, now):
        """Running and past due, not yet recorded as breached; oldest first."""
        return self.filter(state=SLATimer.State.RUNNING, due_at__lte=now).order_by("due_at")

    def climbing(self, now):
        """Breached and unsettled, with the next rung of the ladder due."""
        return self.filter(
            state=SLATimer.State.BREACHED, stopped_at=None, next_escalation_at__lte=now
        ).order_by("next_escalation_at")

    def open(self):
        return self.filter(stopped_at=None)


class SLATimer(models.Model):
    """One promise on one ticket. `due_at` is a column that a beat task watches; no scheduled jobs."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        PAUSED = "paused", _("paused")
        MET = "met", _("met")
        BREACHED = "breached", _("breached")
        CANCELLED = "cancelled", _("cancelled")

    class Mark(models.TextChoices):
        """What a change of class did to it; the panel of promises says so."""

        KEPT = "kept", _("Kept when the class changed")
        ENDED = "ended", _("Ended when the class changed")
        RESTARTED = "restarted", _("Started anew when the class changed")

    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="timers")
    metric = models.CharField(max_length=16, choices=Metric)
    policy = models.ForeignKey(SLAPolicy, models.PROTECT, related_name="timers")
    calendar = models.ForeignKey("core.WorkCalendar", models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField()
    resumed_at = models.DateTimeField()  # start of the running stretch
    target_seconds = models.PositiveIntegerField()
    consumed_seconds = models.PositiveIntegerField(default=0)  # of earlier stretches
    due_at = models.DateTimeField(null=True)  # NULL while paused
    stopped_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)  # when it was recorded; the true time is the breach row's due_at
    escalation_level = models.PositiveSmallIntegerField(default=0)
    next_escalation_at = models.DateTimeField(null=True)
    mark = models.CharField(max_length=10, choices=Mark, blank=True, default="", db_default="")
    objects = TimerQuerySet.as_manager()

    class Meta:
        verbose_name = _("timer")
        verbose_name_plural = _("timers")
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="running"), name="timer_due"),
            models.Index(
                fields=["next_escalation_at"], condition=Q(state="breached", stopped_at=None), name="timer_climbing"
            ),
            models.Index(fields=["ticket", "id"], name="timer_by_ticket"),
            models.Index(fields=["metric", "-stopped_at"], name="timer_stopped"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "metric"], condition=Q(stopped_at=None), name="one_open_timer_per_metric"
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(due_at__isnull=False), name="a_running_timer_is_due"
            ),
        ]

    def __str__(self):
        return f"{self.metric} {self.ticket_id}"


class Breach(models.Model):
    """A promise that was not kept. Append-only: no later edit rewrites it."""

    timer = models.OneToOneField(SLATimer, models.PROTECT, related_name="breach")
    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="breaches")
    metric = models.CharField(max_length=16, choices=Metric)
    due_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("breach")
        verbose_name_plural = _("breaches")
        indexes = [models.Index(fields=["-due_at"], name="breach_by_due")]

    def __str__(self):
        return f"{self.metric} {self.ticket_id}"


class Escalation(models.Model):
    """超时升级: a breached timer told somebody higher up. Append-only; never the state ESCALATED."""

    timer = models.ForeignKey(SLATimer, models.PROTECT, related_name="escalations")
    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="escalations")
    level = models.PositiveSmallIntegerField()  # 1 team lead, 2 supervisor
    to = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("overdue escalation")
        verbose_name_plural = _("overdue escalations")
        constraints = [models.UniqueConstraint(fields=["timer", "level"], name="each_rung_once")]

    def __str__(self):
        return f"{self.ticket_id} {self.level}"
