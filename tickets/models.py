"""The ticket 工单, its conversation, its promises in time and what became of them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
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
        return self.select_related("customer__tier", "tier", "owner", "team").defer("customer__attributes")


class Ticket(Searched, WithOriginals):
    team = models.ForeignKey("staff.Team", models.PROTECT, related_name="tickets", verbose_name=_("team"))
    customer = models.ForeignKey(
        "customers.Customer", models.PROTECT, related_name="tickets", verbose_name=_("customer")
    )
    tier = models.ForeignKey(  # the customer's, while open: the queue goes by it; written by tickets.standing
        "customers.Tier", models.PROTECT, null=True, editable=False, related_name="+"
    )
    subject = FreeCharField(_("summary"), max_length=200)
    kind = models.CharField(_("class"), max_length=10, choices=Kind)
    state = models.CharField(_("stage"), max_length=16, choices=State, default=State.RECEIVED)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel)
    category = models.ForeignKey(
        "tickets.Category", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("topic")
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
    # {key: {"reason", "before"}}: what keeps it from being resolved or archived; levers, see workflow.hold
    holds = models.JSONField(default=dict, db_default={}, blank=True, editable=False)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)  # earliest open timer; written by tickets.sla
    due_kind = models.CharField(max_length=16, blank=True)
    due_from = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome, blank=True)
    cause = models.CharField(_("cause"), max_length=16, choices=Cause, blank=True)
    chases = models.PositiveSmallIntegerField(_("chasers"), default=0)
    cycle = models.PositiveSmallIntegerField(_("cycle"), default=1, db_default=1)  # 2 is the first reopening
    unread = models.BooleanField(default=False)  # the customer wrote last and the owner has not opened it
    cycle_of = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="cycles")
    external_source = models.CharField(max_length=40, blank=True, editable=False)
    external_id = models.CharField(max_length=80, blank=True, editable=False)
    idempotency_key = models.CharField(max_length=80, null=True, blank=True, unique=True, editable=False)
    history = HistoricalRecords(excluded_fields=["unread", "originals", "tier"])
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
            models.Index(fields=["tier", "due_at", "id"], condition=~Q(state="archived"), name="ticket_open_by_tier"),
            models.Index(fields=["team", "kind"], condition=~Q(state="archived"), name="ticket_open_by_kind"),
            models.Index(fields=["-updated_at", "-id"], condition=~Q(state="archived"), name="ticket_open_by_change"),
            models.Index(fields=["-opened_at", "-id"], condition=~Q(state="archived"), name="ticket_open_by_opened"),
            models.Index(fields=["priority", "id"], condition=~Q(state="archived"), name="ticket_open_by_priority"),
            models.Index(
                fields=["owner", "id"], condition=~Q(state="archived") & Q(unread=True), name="ticket_open_unread"
            ),
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

    @property
    def hold_reasons(self) -> list[str]:
        """Why it may not be archived yet, in the reader's words."""
        return [gettext(hold["reason"]) for hold in self.holds.values()]


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
        indexes = [
            models.Index(fields=["ticket", "id"], name="post_by_ticket"),
            models.Index(
                fields=["next_update_at", "ticket"], condition=Q(next_update_at__isnull=False), name="post_promised"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["ticket", "key"], condition=~Q(key=""), name="a_form_posts_once")
        ]
        ordering = ["id"]

    def __str__(self):
        return f"{self.kind} {self.ticket_id}"


from tickets.draft_models import Draft, DraftFile  # noqa: E402, F401
from tickets.flow_models import FlowRules  # noqa: E402, F401
from tickets.ladder_models import Acknowledgement, Act, Ladder, Rung  # noqa: E402, F401
from tickets.list_models import BulkAction, SavedView, Snooze  # noqa: E402, F401
from tickets.pause_models import PauseRequest  # noqa: E402, F401
from tickets.planning_models import Replan, Replay  # noqa: E402, F401
from tickets.relation_models import Join, Link, Tag, Tagging, Task, Watch  # noqa: E402, F401
from tickets.routing_models import KindWeight, RoutingRule, Turn  # noqa: E402, F401
from tickets.sla_models import (  # noqa: E402, F401
    Breach,
    Escalation,
    Metric,
    Pause,
    PauseCause,
    Segment,
    SLAPolicy,
    SLATimer,
)
from tickets.topic_models import Category, TopicModel, TopicRule  # noqa: E402, F401
from tickets.words import PostWords, TicketWords  # noqa: E402, F401 their tables belong to this app's models
