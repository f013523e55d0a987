"""Tiers 客户分级: what they are, how customers are scored into them, and what became of it (B1–B5)."""

from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.redaction import FreeCharField


class Tier(models.Model):
    """A tier 客户分级 and what a customer must score to be in it; rows and thresholds are the admin's."""

    code = models.SlugField(_("code"), max_length=20, unique=True)
    name_zh = models.CharField(_("name (Chinese)"), max_length=40)
    name_en = models.CharField(_("name (English)"), max_length=40)
    rank = models.PositiveSmallIntegerField(_("rank"), unique=True, help_text=_("1 is served first."))
    least_score = models.PositiveSmallIntegerField(
        _("score from"), null=True, blank=True, help_text=_("Empty: never assigned by score.")
    )
    badge = models.CharField(
        _("badge"),
        max_length=10,
        choices=[("platinum", _("dark gem")), ("gold", _("gold star")), ("silver", _("grey dot")), ("", _("none"))],
        blank=True,
    )
    greeting_zh = models.CharField(_("greeting (Chinese)"), max_length=200, blank=True)
    greeting_en = models.CharField(_("greeting (English)"), max_length=200, blank=True)
    share = models.DecimalField(
        _("share of customers (%)"), max_digits=5, decimal_places=2, null=True, blank=True,
        help_text=_("Used when tiers are cut by share; the shares add up to 100."),
    )
    to_manager = models.BooleanField(_("tickets go to the account manager"), default=False)
    first_in_queue = models.BooleanField(
        _("first in the queue"), default=False, help_text=_("Their tickets stand before all others, late or not.")
    )
    fresh_days = models.PositiveSmallIntegerField(
        _("profile fresh for (days)"), default=365, help_text=_("Older profiles make a task to update them.")
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        ordering = ["rank"]

    def __str__(self):
        return self.name

    @property
    def name(self) -> str:
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en


class ScoringVersion(models.Model):
    """One version of the scoring rules. A draft is edited and previewed; activated, it is never edited again."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        ACTIVE = "active", _("active")
        RETIRED = "retired", _("retired")

    class Cut(models.TextChoices):
        SCORE = "score", _("by score")
        SHARE = "share", _("by share of customers")

    number = models.PositiveIntegerField(_("version"), unique=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.DRAFT)
    cut = models.CharField(_("tiers are cut"), max_length=8, choices=Cut, default=Cut.SHARE)
    grace_days = models.PositiveSmallIntegerField(_("grace before a downgrade (days)"), default=30)
    margin_rate = models.DecimalField(_("margin rate"), max_digits=4, decimal_places=3, default=Decimal("0.300"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    activated_at = models.DateTimeField(null=True, blank=True)
    activated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    preview = models.JSONField(default=dict, editable=False)  # who would move where, when it was last looked at
    previewed_at = models.DateTimeField(null=True, editable=False)  # None: never, or edited since
    history = HistoricalRecords(excluded_fields=["preview"])

    class Meta:
        verbose_name = _("scoring rules")
        verbose_name_plural = _("scoring rules")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=models.Q(state="active"), name="one_active_scoring")
        ]

    def __str__(self):
        return f"v{self.number}"


class ScoringRule(models.Model):
    """One dimension of the score with its weight in percent; the weights of a version add up to 100."""

    class Dimension(models.TextChoices):
        RECENCY = "recency", _("recency (days since the last order or contact)")
        FREQUENCY = "frequency", _("frequency (orders in a year)")
        MONETARY = "monetary", _("monetary value (spent in all)")
        TENURE = "tenure", _("tenure (years)")
        SATISFACTION = "satisfaction", _("satisfaction (1 to 5)")
        PAYMENT = "payment", _("payment behaviour (% paid in time)")

    version = models.ForeignKey(ScoringVersion, models.CASCADE, related_name="rules")
    dimension = models.CharField(_("dimension"), max_length=12, choices=Dimension)
    weight = models.PositiveSmallIntegerField(_("weight (%)"), validators=[MaxValueValidator(100)])
    missing_points = models.PositiveSmallIntegerField(
        _("points where nothing is known"), default=50, validators=[MaxValueValidator(100)]
    )

    class Meta:
        verbose_name = _("scoring rule")
        verbose_name_plural = _("scoring rules")
        ordering = ["dimension"]
        constraints = [models.UniqueConstraint(fields=["version", "dimension"], name="one_rule_per_dimension")]

    def __str__(self):
        return self.get_dimension_display()


class ScoringBand(models.Model):
    """From this value on (up to the next band) a customer gets these points, 0 to 100."""

    rule = models.ForeignKey(ScoringRule, models.CASCADE, related_name="bands")
    least = models.DecimalField(_("from"), max_digits=14, decimal_places=2)
    points = models.PositiveSmallIntegerField(
        _("points"), validators=[MinValueValidator(0), MaxValueValidator(100)]
    )

    class Meta:
        verbose_name = _("band")
        verbose_name_plural = _("bands")
        ordering = ["least"]
        constraints = [models.UniqueConstraint(fields=["rule", "least"], name="bands_do_not_overlap")]

    def __str__(self):
        return f"≥ {self.least}: {self.points}"


class Signals(models.Model):
    """What is known of a customer's behaviour, one row each, refreshed set-based before scoring."""

    customer = models.OneToOneField("customers.Customer", models.CASCADE, primary_key=True, related_name="signals")
    orders_year = models.PositiveIntegerField(default=0)
    orders_all = models.PositiveIntegerField(default=0)
    spent_year = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    last_order_at = models.DateTimeField(null=True)
    contacts_90 = models.PositiveIntegerField(default=0)
    complaints_year = models.PositiveIntegerField(default=0)
    satisfaction = models.DecimalField(max_digits=3, decimal_places=2, null=True)  # mean of a year, 1 to 5
    paid_in_time = models.DecimalField(max_digits=5, decimal_places=2, null=True)  # percent
    refreshed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("signals")
        verbose_name_plural = _("signals")

    def __str__(self):
        return f"{self.customer_id}"


class ScoringRun(models.Model):
    """One run of the scoring over all customers, or over a team's, with how far it has come.

    Whoever works on it locks the row for one range of ids at a time, so a killed run goes on where it stopped, and
    two workers share it.
    """

    class Phase(models.TextChoices):
        SIGNALS = "signals", _("gathering signals")
        SCORES = "scores", _("scoring")

    version = models.ForeignKey(ScoringVersion, models.PROTECT, related_name="runs")
    team = models.ForeignKey("staff.Team", models.CASCADE, null=True, related_name="+")
    day = models.DateField()
    phase = models.CharField(max_length=8, choices=Phase, default=Phase.SIGNALS)
    cursor = models.BigIntegerField(default=0)  # the last customer who is done in this phase
    cuts = models.JSONField(default=list)  # [tier, least hundredths of a point, least spend], best first
    value = models.JSONField(default=dict)  # where the 2×2 of values is cut, and by which factors
    scored = models.PositiveIntegerField(_("scored"), default=0)
    moved = models.PositiveIntegerField(_("changed tier"), default=0)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("scoring run")
        verbose_name_plural = _("scoring runs")
        ordering = ["-id"]

    def __str__(self):
        return f"{self.day} {self.phase}"


class TierAssignment(models.Model):
    """Which tier a customer had, from when to when, by which version of the rules, and why."""

    class Cause(models.TextChoices):
        SCORE = "score", _("score")
        OVERRIDE = "override", _("set by hand")
        MERGE = "merge", _("merge")

    customer = models.ForeignKey("customers.Customer", models.CASCADE, related_name="tier_assignments")
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    score = models.PositiveSmallIntegerField(null=True)
    reason = models.JSONField(default=dict)
    version = models.ForeignKey("customers.ScoringVersion", models.PROTECT, null=True, related_name="assignments")
    cause = models.CharField(max_length=10, choices=Cause, default=Cause.SCORE)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("tier assignment")
        verbose_name_plural = _("tier assignments")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["customer"], condition=models.Q(ended_at=None), name="assignment_present"),
            models.Index(fields=["at"], name="assignment_by_time"),
        ]

    def __str__(self):
        return f"{self.customer_id} {self.tier_id}"


class TierOverride(models.Model):
    """A tier set by hand, with its reason and its end; scoring leaves the customer alone until then."""

    customer = models.ForeignKey("customers.Customer", models.CASCADE, related_name="tier_overrides")
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="+", verbose_name=_("tier"))
    reason = FreeCharField(_("reason"), max_length=200)
    expires_on = models.DateField(_("until"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("tier set by hand")
        verbose_name_plural = _("tiers set by hand")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=models.Q(ended_at=None), name="one_override_at_a_time"
            )
        ]

    def __str__(self):
        return f"{self.customer_id} {self.tier_id}"


class LifecycleRule(models.Model):
    """The one row of signals by which customers move between life-cycle stages (B4)."""

    forming_orders = models.PositiveSmallIntegerField(_("forming from (orders)"), default=1)
    stable_orders = models.PositiveSmallIntegerField(_("stable from (orders)"), default=3)
    stable_days = models.PositiveSmallIntegerField(_("stable from (days as a customer)"), default=180)
    decline_silence = models.PositiveSmallIntegerField(_("declining after silence of (days)"), default=365)
    decline_complaints = models.PositiveSmallIntegerField(_("declining from (complaints in a year)"), default=3)
    retention_days = models.PositiveSmallIntegerField(_("retention task due in (days)"), default=7)
    years_exploration = models.DecimalField(_("expected years: exploring"), max_digits=3, decimal_places=1, default=1)
    years_formation = models.DecimalField(_("expected years: forming"), max_digits=3, decimal_places=1, default=3)
    years_stable = models.DecimalField(_("expected years: stable"), max_digits=3, decimal_places=1, default=5)
    years_decline = models.DecimalField(
        _("expected years: declining"), max_digits=3, decimal_places=1, default=Decimal("0.5")
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("life-cycle rule")
        verbose_name_plural = _("life-cycle rule")

    def __str__(self):
        return str(_("life-cycle rule"))


class LifecycleMove(models.Model):
    """A customer entered another life-cycle stage, with the signals that moved them. Append-only."""

    customer = models.ForeignKey("customers.Customer", models.CASCADE, related_name="lifecycle_moves")
    was = models.CharField(max_length=12)
    now = models.CharField(max_length=12)
    at = models.DateTimeField(default=timezone.now)
    signals = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("life-cycle move")
        verbose_name_plural = _("life-cycle moves")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["customer", "-id"], name="lifecycle_by_customer"),
            models.Index(fields=["at"], name="lifecycle_by_time"),
        ]

    def __str__(self):
        return f"{self.customer_id} {self.was} {self.now}"
