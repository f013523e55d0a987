"""The ticket 工单, its conversation, its promises in time and what became of them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.redaction import FreeCharField, FreeTextField, WithOriginals
from core.search import Searched, SearchedRows
from messaging.models import Channel
from staff.sight import TeamSightQuerySet


class Kind(models.TextChoices):
    CONSULT = "consult", _("Consult")
    SERVICE = "service", _("Service")
    COMPLAINT = "complaint", _("Complaint")


class State(models.TextChoices):
    """States of the three flows (P4); `tickets.workflow` alone writes them."""

    RECEIVED = "received", _("Received")
    UNDERSTOOD = "understood", _("Need understood")
    ANSWERED = "answered", _("Answered")
    BACK_OFFICE = "back_office", _("Back office")
    CLASSIFIED = "classified", _("Classified")
    RECORDED = "recorded", _("Recorded")
    AUDIT_CALLBACK = "audit_callback", _("Audit and callback")
    PHONE_HANDLING = "phone_handling", _("Phone handling")
    SHEET_OPEN = "sheet_open", _("Sheet opened")
    DEPT_HANDLING = "dept_handling", _("Department")
    ESCALATED = "escalated", _("Escalated")
    EXTERNAL_DISPUTE = "external_dispute", _("External dispute")
    CALLBACK = "callback", _("Callback")
    ARCHIVED = "archived", _("Archived")


RESOLVED_STATES = (State.ANSWERED, State.AUDIT_CALLBACK, State.CALLBACK)


class Level(models.TextChoices):
    GENERAL = "general", _("general complaint")
    SPECIAL = "special", _("special complaint")


class Outcome(models.TextChoices):
    """Why a ticket could be archived: the customer is satisfied, could not be asked, or a final decision stands."""

    SATISFIED = "satisfied", _("Satisfied")
    UNVERIFIED = "unverified", _("Closed unverified")
    ACCEPTED = "accepted", _("Final: accepted")
    REFUSED = "refused", _("Final: refused, external routes told")
    WITHDRAWN = "withdrawn", _("Final: withdrawn")
    DUPLICATE = "duplicate", _("Final: duplicate")
    SPAM = "spam", _("Final: spam")


class Cause(models.TextChoices):
    """Where the need or failure came from (P2, 服务失误原因)."""

    INFORMATION = "information", _("Information needed")
    SERVICE_NATURE = "service_nature", _("Nature of the service")
    COMPANY_SYSTEM = "company_system", _("Company: system")
    COMPANY_STAFF = "company_staff", _("Company: staff")
    CUSTOMER = "customer", _("Customer")
    ENVIRONMENT = "environment", _("External environment")


class Grade(models.IntegerChoices):
    LOW = 1, _("low")
    MEDIUM = 2, _("medium")
    HIGH = 3, _("high")


class Priority(models.IntegerChoices):
    URGENT = 1, _("Urgent")
    HIGH = 2, _("High")
    NORMAL = 3, _("Normal")
    LOW = 4, _("Low")


class Category(models.Model):
    """A topic that intake offers; rows are the admin's."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name_zh = models.CharField(_("name (Chinese)"), max_length=60)
    name_en = models.CharField(_("name (English)"), max_length=60)
    kind = models.CharField(_("class"), max_length=10, choices=Kind, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["position", "code"]

    def __str__(self):
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en


class TicketQuerySet(SearchedRows, TeamSightQuerySet):  # type: ignore[override]  # as_manager of two parents
    def active(self):
        return self.exclude(state=State.ARCHIVED)

    def overdue(self, now=None):
        return self.active().filter(due_at__lt=now or timezone.now())

    def due_before(self, until, now=None):
        return self.active().filter(due_at__gte=now or timezone.now(), due_at__lt=until)

    def paused(self):
        return self.active().filter(waiting_customer=True)

    def unassigned(self):
        return self.active().filter(owner=None)

    def for_list(self):
        """With everything that a row of a list shows, in one query."""
        return self.select_related("customer__tier", "owner", "team").defer("customer__attributes")


class Ticket(Searched, WithOriginals):
    team = models.ForeignKey("staff.Team", models.PROTECT, related_name="tickets", verbose_name=_("team"))
    customer = models.ForeignKey(
        "customers.Customer", models.PROTECT, related_name="tickets", verbose_name=_("customer")
    )
    subject = FreeCharField(_("summary"), max_length=200)
    kind = models.CharField(_("class"), max_length=10, choices=Kind)
    state = models.CharField(_("stage"), max_length=16, choices=State, default=State.RECEIVED)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel)
    category = models.ForeignKey(
        Category, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("topic")
    )
    level = models.CharField(_("complaint level"), max_length=8, choices=Level, blank=True)
    urgency = models.PositiveSmallIntegerField(_("urgency"), choices=Grade, default=Grade.MEDIUM)
    importance = models.PositiveSmallIntegerField(_("importance"), choices=Grade, default=Grade.MEDIUM)
    difficulty = models.PositiveSmallIntegerField(_("difficulty"), choices=Grade, default=Grade.MEDIUM)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority, default=Priority.NORMAL)
    wish = FreeCharField(_("what the customer wants"), max_length=400, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="tickets",
        verbose_name=_("owner"),
    )
    handler = models.ForeignKey(  # who resolved it last; may neither audit nor call back (P4)
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    state_since = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(_("updated"), default=timezone.now)
    first_response_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    waiting_customer = models.BooleanField(_("waiting for the customer"), default=False)
    hold = models.CharField(max_length=120, blank=True)  # why it may not be archived; a lever for upper apps
    due_at = models.DateTimeField(_("due"), null=True, blank=True)  # earliest open timer; written by tickets.sla
    due_kind = models.CharField(max_length=16, blank=True)
    due_from = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome, blank=True)
    cause = models.CharField(_("cause"), max_length=16, choices=Cause, blank=True)
    chases = models.PositiveSmallIntegerField(_("chasers"), default=0)
    unread = models.BooleanField(default=False)  # the customer wrote last and the owner has not opened it
    cycle_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="cycles")
    external_source = models.CharField(max_length=40, blank=True, editable=False)
    external_id = models.CharField(max_length=80, blank=True, editable=False)
    idempotency_key = models.CharField(max_length=80, null=True, blank=True, unique=True, editable=False)
    history = HistoricalRecords(excluded_fields=["unread", "originals"])
    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="ticket_kind_is_known"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="ticket_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state="archived")
                | (~Q(outcome="") & ~Q(cause="") & Q(archived_at__isnull=False)),
                name="archived_is_complete",
            ),
            models.UniqueConstraint(
                fields=["team", "external_source", "external_id"],
                condition=~Q(external_id=""),
                name="one_ticket_per_external_id",
            ),
        ]
        indexes = [
            models.Index(fields=["team", "due_at", "id"], condition=~Q(state="archived"), name="ticket_queue"),
            models.Index(fields=["owner", "due_at", "id"], condition=~Q(state="archived"), name="ticket_my_queue"),
            models.Index(fields=["due_at", "id"], condition=~Q(state="archived"), name="ticket_open_by_due"),
            models.Index(fields=["team", "kind"], condition=~Q(state="archived"), name="ticket_open_by_kind"),
            models.Index(fields=["-updated_at", "-id"], condition=~Q(state="archived"), name="ticket_open_by_change"),
            models.Index(fields=["-opened_at", "-id"], condition=~Q(state="archived"), name="ticket_open_by_opened"),
            models.Index(fields=["priority", "id"], condition=~Q(state="archived"), name="ticket_open_by_priority"),
            models.Index(fields=["customer", "-id"], name="ticket_by_customer"),
            models.Index(fields=["team", "-opened_at"], name="ticket_by_opened"),
            models.Index(fields=["team", "-archived_at"], condition=Q(state="archived"), name="ticket_archive"),
        ]

    def __str__(self):
        return f"{self.number} {self.subject}"

    @property
    def number(self) -> str:
        return f"T-{self.pk}"

    @property
    def is_archived(self) -> bool:
        return self.state == State.ARCHIVED


class Post(Searched, WithOriginals):
    """One entry of the conversation on a ticket."""

    class Kind(models.TextChoices):
        INBOUND = "inbound", _("from the customer")
        REPLY = "reply", _("reply")
        NOTE = "note", _("internal note")
        CALL = "call", _("call")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="posts")
    kind = models.CharField(max_length=8, choices=Kind)
    channel = models.CharField(max_length=8, choices=Channel)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    body = FreeTextField()
    at = models.DateTimeField(default=timezone.now)
    next_update_at = models.DateTimeField(null=True)  # the time promised to the customer (C3, C7)
    message = models.OneToOneField("messaging.Message", models.PROTECT, null=True, related_name="post")
    outgoing = models.OneToOneField("messaging.Outbox", models.PROTECT, null=True, related_name="post")
    call = models.ForeignKey("messaging.Call", models.PROTECT, null=True, related_name="posts")
    key = models.CharField(max_length=60, blank=True, db_default="", default="")  # of the form that a note came by
    objects = SearchedRows.as_manager()

    class Meta:
        verbose_name = _("post")
        verbose_name_plural = _("posts")
        indexes = [models.Index(fields=["ticket", "id"], name="post_by_ticket")]
        constraints = [
            models.UniqueConstraint(fields=["ticket", "key"], condition=~Q(key=""), name="a_form_posts_once")
        ]
        ordering = ["id"]

    def __str__(self):
        return f"{self.kind} {self.ticket_id}"


class Metric(models.TextChoices):
    FIRST_RESPONSE = "first_response", _("First response")
    RESOLUTION = "resolution", _("Resolution")


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

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="timers")
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
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="breaches")
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
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="escalations")
    level = models.PositiveSmallIntegerField()  # 1 team lead, 2 supervisor
    to = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("overdue escalation")
        verbose_name_plural = _("overdue escalations")
        constraints = [models.UniqueConstraint(fields=["timer", "level"], name="each_rung_once")]

    def __str__(self):
        return f"{self.ticket_id} {self.level}"


from tickets.draft_models import Draft, DraftFile  # noqa: E402, F401
from tickets.list_models import SavedView  # noqa: E402, F401
from tickets.words import PostWords, TicketWords  # noqa: E402, F401 their tables belong to this app's models
