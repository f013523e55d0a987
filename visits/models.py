"""Visits (P4): somebody goes to the customer to deliver, install or repair, with an agreed window and a slip."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from core.crypto import EncryptedTextField
from core.models import WorkCalendar
from core.redaction import FreeCharField, FreeTextField, WithOriginals
from staff.models import User
from staff.sight import visible_teams
from tickets.models import Ticket


class Kind(models.TextChoices):
    DELIVERY = "delivery", _("Delivery")
    INSTALLATION = "installation", _("Installation")
    REPAIR = "repair", _("Repair")


class State(models.TextChoices):
    """Written by `visits.flow` alone."""

    REQUESTED = "requested", _("to be dispatched")
    DISPATCHED = "dispatched", _("dispatched")
    APPOINTED = "appointed", _("appointment agreed")
    ON_WAY = "on_way", _("on the way")
    ARRIVED = "arrived", _("arrived")
    COMPLETED = "completed", _("completed")
    FAILED = "failed", _("failed, new appointment needed")
    CANCELLED = "cancelled", _("visit cancelled")


class Failure(models.TextChoices):
    NOBODY_HOME = "nobody_home", _("Nobody was at home")
    PARTS_MISSING = "parts_missing", _("Parts are missing")
    CUSTOMER = "customer", _("The customer called it off")
    OTHER = "other", _("Another reason")


CLOSED = (State.COMPLETED, State.CANCELLED)
TAKING_TIME = (State.DISPATCHED, State.APPOINTED, State.ON_WAY, State.ARRIVED)  # the technician's window is theirs
WAITING_FOR_ONE = (State.REQUESTED, State.FAILED)


class KindStandard(models.Model):
    """How long a visit of a kind takes; rows are the admin's."""

    kind = models.CharField(_("kind"), max_length=12, choices=Kind, unique=True)
    minutes = models.PositiveSmallIntegerField(
        _("minutes"), default=90, validators=[MinValueValidator(10), MaxValueValidator(720)]
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("standard duration")
        verbose_name_plural = _("standard durations")
        ordering = ["kind"]

    def __str__(self):
        return str(self.get_kind_display())


class TechnicianQuerySet(models.QuerySet["Technician"]):
    def serving(self, ticket: Ticket):
        """Technicians serve the teams of their department."""
        return self.filter(is_active=True, user__is_active=True, team__department=ticket.team.department_id)

    def seen_by(self, user: User):
        """Those who serve a team whose records the user sees."""
        departments = visible_teams(user).values("department")
        return self.filter(is_active=True, team__department__in=departments)


class Technician(models.Model):
    """Who goes out: their team, where they go, when they work, and how many visits a day they can make."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="technician", verbose_name=_("user")
    )
    team = models.ForeignKey("staff.Team", models.PROTECT, related_name="technicians", verbose_name=_("team"))
    areas = models.CharField(
        _("areas"), max_length=200, blank=True,
        help_text=_("Words of addresses, separated by commas; empty: everywhere."),
    )
    calendar = models.ForeignKey(
        WorkCalendar, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("working time"),
        help_text=_("Empty: the standard calendar."),
    )
    per_day = models.PositiveSmallIntegerField(_("visits a day"), default=6, validators=[MinValueValidator(1)])
    is_active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()
    objects = TechnicianQuerySet.as_manager()

    class Meta:
        verbose_name = _("technician")
        verbose_name_plural = _("technicians")
        ordering = ["team", "id"]

    def __str__(self):
        return str(self.user)


class VisitQuerySet(models.QuerySet["Visit"]):
    def visible_to(self, user):
        """Of the teams whose records the user sees, and those that the user goes to."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        teams = Ticket.objects.visible_to(user)
        return self.filter(Q(technician__user=user) | Q(ticket__in=teams))

    def open(self):
        return self.exclude(state__in=CLOSED)

    def on(self, start: datetime, end: datetime):
        """Whose window begins within [start, end)."""
        return self.filter(starts_at__gte=start, starts_at__lt=end)

    def listed(self):
        """With everything that a row of a list shows, in one query; what is sealed stays closed."""
        return self.select_related("ticket__customer__tier", "technician__user").defer(
            "address", "phone", "originals", "ticket__originals", "ticket__customer__attributes"
        )


class Visit(WithOriginals):
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="visits", verbose_name=_("ticket"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.REQUESTED)
    task = FreeCharField(_("what is to be done"), max_length=400, blank=True)
    address = EncryptedTextField(_("address"))
    address_masked = models.CharField(max_length=120, blank=True, editable=False)
    contact_name = FreeCharField(_("contact person"), max_length=80, blank=True)
    phone = EncryptedTextField(_("telephone"), blank=True)
    phone_masked = models.CharField(max_length=40, blank=True, editable=False)
    technician = models.ForeignKey(
        Technician, models.PROTECT, null=True, blank=True, related_name="visits", verbose_name=_("technician")
    )
    starts_at = models.DateTimeField(_("from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    offered_at = models.DateTimeField(null=True, blank=True)  # the beginning of the first window we offered
    clock_waits = models.BooleanField(default=False)  # this visit paused the clock of its ticket
    failure = models.CharField(_("why it failed"), max_length=14, choices=Failure, blank=True)
    requested_at = models.DateTimeField(default=timezone.now)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    dispatched_at = models.DateTimeField(null=True, blank=True)
    appointed_at = models.DateTimeField(null=True, blank=True)
    set_out_at = models.DateTimeField(null=True, blank=True)
    arrived_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    late_at = models.DateTimeField(null=True, blank=True)  # when it was told that the window passed without arrival
    reminded_for = models.DateTimeField(null=True, blank=True)  # the beginning of the window that was reminded of
    key = models.CharField(max_length=40, blank=True, editable=False)  # of the form that it came by
    objects = VisitQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("technician", "visit")
        verbose_name_plural = _("visits")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["starts_at", "id"], name="visit_by_start"),
            models.Index(
                fields=["id"], condition=Q(state__in=["requested", "failed"]), name="visit_to_be_dispatched"
            ),
            models.Index(
                fields=["ends_at"], condition=Q(state__in=["appointed", "on_way"]), name="visit_under_way_by_end"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="visit_kind_is_known"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="visit_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state__in=["dispatched", "appointed", "on_way", "arrived"])
                | Q(technician__isnull=False, starts_at__isnull=False, ends_at__isnull=False),
                name="a_dispatched_visit_has_technician_and_window",
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True, ends_at__isnull=True) | Q(starts_at__lt=F("ends_at")),
                name="a_window_ends_after_it_begins",
            ),
            models.UniqueConstraint(fields=["ticket", "key"], condition=~Q(key=""), name="a_form_plans_one_visit"),
            # A range of one number, so that no extension is needed to compare technicians in a GiST index.
            ExclusionConstraint(
                name="a_technician_is_at_one_place",
                expressions=[
                    (Func(F("technician"), F("technician"), Value("[]"), function="int8range"),
                     RangeOperators.OVERLAPS),
                    (Func(F("starts_at"), F("ends_at"), RangeBoundary(), function="tstzrange"),
                     RangeOperators.OVERLAPS),
                ],
                condition=Q(state__in=["dispatched", "appointed", "on_way", "arrived"]),
            ),
        ]

    def __str__(self):
        return self.number

    @property
    def number(self) -> str:
        return f"V-{self.pk:04d}"

    @property
    def is_open(self) -> bool:
        return self.state not in CLOSED

    def is_late(self, now: datetime) -> bool:
        """The window passed and nobody has arrived."""
        return self.state in (State.APPOINTED, State.ON_WAY) and self.ends_at is not None and self.ends_at < now

    @property
    def customer_time(self) -> timedelta | None:
        """From our first word on a technician to the agreed appointment, and on to its beginning where they chose."""
        if not (self.dispatched_at and self.appointed_at):
            return None
        asked = self.appointed_at - self.dispatched_at
        if self.starts_at and self.offered_at and self.starts_at > self.offered_at:
            asked += self.starts_at - self.offered_at
        return asked

    @property
    def travel_time(self) -> timedelta | None:
        return self.arrived_at - self.set_out_at if self.arrived_at and self.set_out_at else None

    @property
    def time_on_site(self) -> timedelta | None:
        return self.ended_at - self.arrived_at if self.ended_at and self.arrived_at else None


class Appointment(WithOriginals):
    """A window that the customer agreed to. Append-only: a change is a further row, the latest counts."""

    visit = models.ForeignKey(Visit, models.CASCADE, related_name="appointments")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    technician = models.ForeignKey(Technician, models.PROTECT, related_name="+", verbose_name=_("technician"))
    reason = FreeCharField(_("reason"), max_length=200, blank=True)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        ordering = ["-id"]

    def __str__(self):
        return f"{self.visit_id} {self.starts_at:%Y-%m-%d %H:%M}"


class Slip(WithOriginals):
    """完工回单, the completion slip. Append-only: a correction is a further version with its reason."""

    class Result(models.TextChoices):
        DONE = "done", _("Done")
        PARTLY = "partly", _("Partly done, another visit is needed")
        NOT_DONE = "not_done", _("Could not be done")

    class Signed(models.TextChoices):
        PAPER = "paper", _("signed on paper")
        DEVICE = "device", _("signed on the device")
        PHONE = "phone", _("confirmed by telephone")
        REFUSED = "refused", _("signature refused")

    visit = models.ForeignKey(Visit, models.CASCADE, related_name="slips")
    version = models.PositiveSmallIntegerField(default=1)
    work = FreeTextField(_("work done"))
    parts = FreeTextField(_("parts used"), blank=True)
    charges = models.DecimalField(
        _("charges"), max_digits=10, decimal_places=2, default=0, validators=[MinValueValidator(0)]
    )
    result = models.CharField(_("result"), max_length=10, choices=Result)
    arrived_at = models.DateTimeField(_("arrived at"))
    left_at = models.DateTimeField(_("left at"))
    signed_by = FreeCharField(_("customer's name as signed"), max_length=80, blank=True)
    signed_how = models.CharField(_("confirmed how"), max_length=8, choices=Signed)
    satisfaction = models.PositiveSmallIntegerField(
        _("customer's satisfaction"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    opinion = FreeTextField(_("customer's opinion"), blank=True)
    correction = FreeCharField(_("why it is corrected"), max_length=200, blank=True)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("completion slip")
        verbose_name_plural = _("completion slips")
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["visit", "version"], name="one_slip_per_version"),
            models.CheckConstraint(condition=Q(left_at__gte=F("arrived_at")), name="nobody_leaves_before_arriving"),
            models.CheckConstraint(condition=Q(charges__gte=0), name="charges_are_not_negative"),
            models.CheckConstraint(
                condition=Q(satisfaction__isnull=True) | Q(satisfaction__range=(1, 5)), name="satisfaction_of_five"
            ),
        ]

    def __str__(self):
        return self.number

    @property
    def number(self) -> str:
        return f"W-{self.visit_id:04d}-{self.version}"
