"""Promises in time: the policies, the timers that they start, and what became of those."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from messaging.models import Channel
from staff.models import User
from staff.sight import visible_teams
from tickets.ladder_models import StepQuerySet, first_share_of
from tickets.models import Kind, Priority


class Metric(models.TextChoices):
    """What is promised. The first two belong to a call, all others to a ticket."""

    RING = "ring", _("Pick-up")
    IDENTIFY = "identify", _("Identification")
    FIRST_RESPONSE = "first_response", _("First response")
    NEXT_RESPONSE = "next_response", _("Next response")
    PROPOSAL = "proposal", _("Proposal")
    INVESTIGATION = "investigation", _("Investigation")
    RESOLUTION = "resolution", _("Resolution")
    CALLBACK = "callback", _("Callback")
    CHASER = "chaser", _("Reply to a chaser")


class PauseCause(models.TextChoices):
    """What a ticket waits for while a clock stands."""

    CUSTOMER = "customer", _("the customer decides")
    VISIT = "visit", _("a visit is booked")
    SUPPLIER = "supplier", _("a supplier has to deliver")
    OTHER = "other", _("another reason")


# Where a policy does not say which causes stop its clock.
STANDARD_PAUSES: dict[str, list[str]] = {
    Metric.RESOLUTION: list(PauseCause.values),
    Metric.PROPOSAL: [PauseCause.CUSTOMER.value],
}


def check_causes(value) -> None:
    """Raises ValidationError unless it is a list of pause causes."""
    if not isinstance(value, list) or any(one not in PauseCause.values for one in value):
        raise ValidationError(_("Name causes of a pause, such as customer or visit."))


class OnReclassify(models.TextChoices):
    """What becomes of a running timer when its ticket is put under another class."""

    KEEP = "keep", _("keep the running timer")
    RESTART = "restart", _("start the promise of the new class")


class SLAPolicy(models.Model):
    """A promise: for this channel × class × category × tier × priority, this long; an empty field means any.

    Which of several applies: `tickets.sla_policies`. Rows are the admin's.
    """

    name = models.CharField(_("name"), max_length=80)
    metric = models.CharField(_("promise"), max_length=16, choices=Metric)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel, blank=True)
    kind = models.CharField(_("class"), max_length=10, choices=Kind, blank=True)
    tier = models.ForeignKey(
        "customers.Tier", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("tier")
    )
    category = models.ForeignKey(
        "tickets.Category", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("topic")
    )
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority, null=True, blank=True)
    target_seconds = models.PositiveIntegerField(_("target (seconds)"), null=True, blank=True)
    target_days = models.PositiveSmallIntegerField(_("target (working days)"), null=True, blank=True)
    calendar = models.ForeignKey(
        "core.WorkCalendar", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("calendar"),
        help_text=_("Empty: clock hours, day and night."),
    )
    warn_at = models.PositiveSmallIntegerField(
        _("warn at (%)"), default=80, db_default=80, validators=[MaxValueValidator(99)],
        help_text=_("Of the target; the owner is told once. 0: no warning."),
    )
    pauses_for = models.JSONField(
        _("pauses for"), null=True, blank=True, validators=[check_causes],
        help_text=_("What stops this clock. Empty: a solution waits for everything, a proposal for the customer."),
    )
    ladder = models.ForeignKey(
        "tickets.Ladder", models.PROTECT, null=True, blank=True, related_name="policies",
        verbose_name=_("escalation ladder"), help_text=_("Empty: the standard one."),
    )
    on_reclassify = models.CharField(
        _("when the class changes"), max_length=8, choices=OnReclassify, default=OnReclassify.KEEP,
        db_default=OnReclassify.KEEP.value,
        help_text=_("A missed promise is kept in any case."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    is_default = models.BooleanField(
        _("default"), default=False, db_default=False,
        help_text=_("Holds where no active policy matches a ticket; the administrators are told then."),
    )
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
                fields=["metric", "channel", "kind", "tier", "category", "priority"], condition=Q(is_active=True),
                nulls_distinct=False, name="one_active_policy_per_case",
                violation_error_message=_("There is already an active policy for this case."),
            ),
            models.UniqueConstraint(
                fields=["metric"], condition=Q(is_default=True), name="one_default_policy_per_promise",
                violation_error_message=_("There is already a default policy for this promise."),
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def pause_causes(self) -> list[str]:
        """The causes that stop this clock."""
        return STANDARD_PAUSES.get(self.metric, []) if self.pauses_for is None else self.pauses_for

    @cached_property
    def first_share(self) -> int | None:
        """The first share of the target, before the breach, at which its ladder tells somebody.

        `tickets.sla_policies.chosen` brings it along as `share`.
        """
        if "share" in self.__dict__:
            return self.__dict__["share"]
        found = SLAPolicy.objects.filter(pk=self.pk).annotate(share=first_share_of())
        return found.values_list("share", flat=True).first()


class TimerQuerySet(models.QuerySet):
    def due(self, now):
        """Running and past due, not yet recorded as breached; oldest first."""
        return self.filter(state=SLATimer.State.RUNNING, due_at__lte=now).order_by("due_at")

    def climbing(self, now):
        """Unsettled, with the next rung of the ladder due."""
        return self.filter(stopped_at=None, next_escalation_at__lte=now).order_by("next_escalation_at")

    def open(self):
        return self.filter(stopped_at=None)


class SLATimer(models.Model):
    """One promise on one ticket or one call. `due_at` is a column that a beat task watches; no scheduled jobs.

    Stretches that have ended are `Segment` rows; the open one stands here, from `resumed_at` on.
    """

    class State(models.TextChoices):
        RUNNING = "running", pgettext_lazy("timer", "running")
        PAUSED = "paused", _("paused")
        MET = "met", _("met")
        BREACHED = "breached", _("breached")
        CANCELLED = "cancelled", _("cancelled")

    class Mark(models.TextChoices):
        """What a change of class did to it; the panel of promises says so."""

        KEPT = "kept", _("Kept when the class changed")
        ENDED = "ended", _("Ended when the class changed")
        RESTARTED = "restarted", _("Started anew when the class changed")

    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, null=True, related_name="timers")
    call = models.ForeignKey("messaging.Call", models.CASCADE, null=True, related_name="timers", db_index=False)
    metric = models.CharField(max_length=16, choices=Metric)
    policy = models.ForeignKey(SLAPolicy, models.PROTECT, related_name="timers")
    calendar = models.ForeignKey("core.WorkCalendar", models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField()
    resumed_at = models.DateTimeField()  # start of the open stretch, running or paused
    target_seconds = models.PositiveIntegerField()
    consumed_seconds = models.PositiveIntegerField(default=0)  # of earlier stretches
    # What it waits for while it is paused.
    waits_for = models.CharField(max_length=8, choices=PauseCause, blank=True, default="", db_default="")
    due_at = models.DateTimeField(null=True)  # NULL while paused
    warns_at = models.DateTimeField(null=True)  # when to warn; NULL while paused, and once that is done
    warned_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)  # when it was recorded; the true time is the breach row's due_at
    escalation_level = models.PositiveSmallIntegerField(default=0)  # the rung that was taken last
    acknowledged_level = models.PositiveSmallIntegerField(default=0, db_default=0)  # up to which rung
    next_escalation_at = models.DateTimeField(null=True)  # when to look at the ladder; NULL while paused
    mark = models.CharField(max_length=10, choices=Mark, blank=True, default="", db_default="")
    objects = TimerQuerySet.as_manager()

    class Meta:
        verbose_name = _("timer")
        verbose_name_plural = _("timers")
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="running"), name="timer_due"),
            models.Index(
                fields=["warns_at"], condition=Q(state="running", warns_at__isnull=False), name="timer_warning"
            ),
            models.Index(
                fields=["next_escalation_at"], condition=Q(stopped_at=None, next_escalation_at__isnull=False),
                name="timer_on_ladder",
            ),
            models.Index(
                fields=["id"], condition=Q(stopped_at=None, escalation_level__gt=models.F("acknowledged_level")),
                name="timer_unacknowledged",
            ),
            models.Index(fields=["ticket", "id"], name="timer_by_ticket"),
            models.Index(fields=["metric", "-stopped_at"], name="timer_stopped"),
            models.Index(fields=["id"], condition=Q(call__isnull=False, stopped_at=None), name="timer_of_open_call"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "metric"], condition=Q(stopped_at=None), name="one_open_timer_per_metric"
            ),
            models.CheckConstraint(
                condition=~Q(state="running") | Q(due_at__isnull=False), name="a_running_timer_is_due"
            ),
            models.CheckConstraint(
                condition=Q(ticket__isnull=True) ^ Q(call__isnull=True), name="timer_of_a_ticket_or_a_call"
            ),
            models.UniqueConstraint(
                fields=["call", "metric"], condition=Q(call__isnull=False), name="one_timer_per_call_and_metric"
            ),
        ]

    def __str__(self):
        return f"{self.metric} {self.ticket_id or self.call_id}"


class Segment(models.Model):
    """One stretch of a timer that has ended: run, or waited. Append-only; its run seconds add up to what was used."""

    class Kind(models.TextChoices):
        RUN = "run", _("counted")
        PAUSE = "pause", _("waited")

    class Cause(models.TextChoices):
        """Why the stretch began; a pause names what it waited for, see `PauseCause`."""

        STARTED = "started", _("the promise began")
        RESUMED = "resumed", _("the wait was over")
        TAKEN_OVER = "taken_over", _("the sum of earlier stretches")

    timer = models.ForeignKey(SLATimer, models.CASCADE, related_name="segments")
    kind = models.CharField(max_length=5, choices=Kind)
    cause = models.CharField(max_length=10, choices=[*Cause.choices, *PauseCause.choices])
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    seconds = models.PositiveIntegerField()  # of the promise's own clock

    class Meta:
        verbose_name = _("stretch of a timer")
        verbose_name_plural = _("stretches of timers")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(ended_at__gte=models.F("began_at")), name="stretch_ends_after_it_began")
        ]

    def __str__(self):
        return f"{self.kind} {self.seconds}"


class Pause(models.Model):
    """One wait of a ticket, for one cause; the reason stands in its event. Open until `ended_at`."""

    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="pauses")
    cause = models.CharField(_("cause"), max_length=8, choices=PauseCause)
    by_hand = models.BooleanField(_("by hand"), default=False)  # counts towards the cap of the rules
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    consent_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    began_at = models.DateTimeField()
    until = models.DateTimeField(null=True)  # when it ends by itself
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        ordering = ["id"]
        indexes = [models.Index(fields=["until"], condition=Q(ended_at=None), name="pause_until")]
        constraints = [
            models.UniqueConstraint(
                fields=["ticket", "cause"], condition=Q(ended_at=None), name="one_open_pause_per_cause"
            )
        ]

    def __str__(self):
        return f"{self.ticket_id} {self.cause}"


class BreachQuerySet(models.QuerySet):
    def visible_to(self, user: User):
        """Of tickets and calls of the teams in sight."""
        if user.is_authenticated and user.is_active and user.is_admin:
            return self.all()
        teams = visible_teams(user)
        return self.filter(Q(ticket__team__in=teams) | Q(call__team__in=teams))


class Breach(models.Model):
    """A promise that was not kept. Append-only: no later edit rewrites it."""

    timer = models.OneToOneField(SLATimer, models.PROTECT, related_name="breach")
    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, null=True, related_name="breaches")
    call = models.ForeignKey("messaging.Call", models.CASCADE, null=True, related_name="breaches", db_index=False)
    metric = models.CharField(max_length=16, choices=Metric)
    due_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    objects = BreachQuerySet.as_manager()

    class Meta:
        verbose_name = _("breach")
        verbose_name_plural = _("breaches")
        indexes = [models.Index(fields=["-due_at"], name="breach_by_due")]

    def __str__(self):
        return f"{self.metric} {self.ticket_id or self.call_id}"


class Escalation(models.Model):
    """超时升级: a timer took a rung of its ladder and told somebody. Append-only; never the state ESCALATED."""

    timer = models.ForeignKey(SLATimer, models.PROTECT, related_name="escalations")
    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="escalations")
    level = models.PositiveSmallIntegerField()  # the position of the rung
    # As it was then: the number stays when the administrator takes the rung away.
    rung = models.ForeignKey("tickets.Rung", models.DO_NOTHING, null=True, db_constraint=False, related_name="+")
    to = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    due_ack_at = models.DateTimeField(null=True)  # until when somebody has to acknowledge
    objects = StepQuerySet.as_manager()

    class Meta:
        verbose_name = _("overdue escalation")
        verbose_name_plural = _("overdue escalations")
        constraints = [models.UniqueConstraint(fields=["timer", "level"], name="each_rung_once")]

    def __str__(self):
        return f"{self.ticket_id} {self.level}"
