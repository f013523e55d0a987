"""Rules of routing: which tickets go to which team and to whom, and the turns of tickets that wait for somebody."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from messaging.models import Channel
from staff.sight import visible_teams
from tickets.models import Kind, Priority


class Script(models.TextChoices):
    """What the customer writes in, told by the letters of the text."""

    CHINESE = "zh", _("Chinese")
    OTHER = "en", _("English and others")


class Strategy(models.TextChoices):
    ROUND_ROBIN = "round_robin", _("in turn")
    LEAST_BUSY = "least_busy", _("least busy")
    MANAGER = "manager", _("account manager first, then in turn")
    STICKY = "sticky", _("last agent of the customer first, then in turn")
    AGENT = "agent", _("one agent")
    NOBODY = "nobody", _("stays with the team, unassigned")


class RoutingRule(models.Model):
    """The first active rule whose conditions all hold decides; an empty condition always holds."""

    position = models.PositiveSmallIntegerField(_("position"), unique=True)
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("class"), max_length=10, choices=Kind, blank=True)
    category = models.ForeignKey(
        "tickets.Category", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("topic")
    )
    channel = models.CharField(_("channel"), max_length=8, choices=Channel, blank=True)
    tier = models.ForeignKey(
        "customers.Tier", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("tier")
    )
    language = models.CharField(_("language"), max_length=2, choices=Script, blank=True)
    calendar = models.ForeignKey(
        "core.WorkCalendar", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("calendar"),
        help_text=_("The rule holds only within its working hours."),
    )
    team = models.ForeignKey(
        "staff.Team", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("to the team"),
        help_text=_("Empty: the customer's own team."),
    )
    strategy = models.CharField(_("to whom"), max_length=12, choices=Strategy, default=Strategy.ROUND_ROBIN)
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("agent")
    )
    skill = models.ForeignKey(
        "staff.Skill", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("skill"),
        help_text=_("Only agents who have it."),
    )
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority, null=True, blank=True)
    open_minutes = models.PositiveSmallIntegerField(
        _("to be opened within (minutes)"), null=True, blank=True, validators=[MinValueValidator(1)],
        help_text=_("Not opened by then, the ticket goes to the next agent. Empty: it stays."),
    )
    overflow_minutes = models.PositiveSmallIntegerField(
        _("overflow after (minutes)"), null=True, blank=True, validators=[MinValueValidator(1)],
        help_text=_("With nobody ready for so long, the ticket goes to the overflow team."),
    )
    overflow_team = models.ForeignKey(
        "staff.Team", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("overflow team")
    )
    is_active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()

    CONDITIONS = ("kind", "category", "channel", "tier", "language", "calendar")

    class Meta:
        verbose_name = _("routing rule")
        verbose_name_plural = _("routing rules")
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(condition=Q(strategy__in=Strategy.values), name="routing_strategy_is_known"),
            models.CheckConstraint(
                condition=Q(strategy="agent", agent__isnull=False) | (~Q(strategy="agent") & Q(agent=None)),
                name="routing_names_its_agent",
                violation_error_message=_("Name the agent where the ticket goes to one agent, and only there."),
            ),
            models.CheckConstraint(
                condition=Q(overflow_minutes=None, overflow_team=None)
                | Q(overflow_minutes__isnull=False, overflow_team__isnull=False),
                name="routing_overflows_whole",
                violation_error_message=_("Overflow needs both a team and minutes."),
            ),
        ]

    def __str__(self):
        return f"{self.position} {self.name}"

    def clean(self):
        """Refuses a rule that can never do what it says, with the reason."""
        if self.agent and self.team_id and not (
            self.agent.is_active and visible_teams(self.agent).filter(pk=self.team_id).exists()
        ):
            raise ValidationError({"agent": _("This agent works in another team and could not see the ticket.")})
        if self.overflow_team_id and self.overflow_team_id == self.team_id:
            raise ValidationError({"overflow_team": _("The overflow goes to the team where the ticket is already.")})
        if self.category and self.kind and self.category.kind and self.category.kind != self.kind:
            raise ValidationError({"category": _("This topic belongs to another class, so the rule would never hold.")})
        if self.is_active and (shadow := self.shadowed_by()):
            raise ValidationError(
                _("Rule %(rule)s stands before it and takes every ticket of this one."), params={"rule": shadow}
            )

    def shadowed_by(self) -> "RoutingRule | None":
        """An earlier rule whose every condition is empty or the same, so that this one would never be asked."""
        if self.position is None:
            return None
        earlier = RoutingRule.objects.filter(is_active=True, position__lt=self.position).exclude(pk=self.pk)
        for rule in earlier:
            values = {name: (rule.serializable_value(name), self.serializable_value(name)) for name in self.CONDITIONS}
            theirs, _mine = values.pop("category")
            below = theirs is None or (self.category is not None and theirs in [one.pk for one in self.category.line])
            if below and all(theirs in (None, "", mine) for theirs, mine in values.values()):
                return rule
        return None


class KindWeight(models.Model):
    """How much of an agent's capacity an open ticket of a class takes; without a row, one."""

    kind = models.CharField(_("class"), max_length=10, choices=Kind, unique=True)
    weight = models.PositiveSmallIntegerField(_("weight"), default=1, validators=[MinValueValidator(1)])

    class Meta:
        verbose_name = _("weight of a class")
        verbose_name_plural = _("weights of classes")
        ordering = ["kind"]

    def __str__(self):
        return f"{self.get_kind_display()} {self.weight}"


class Turn(models.Model):
    """A routed ticket that is not settled: it waits for somebody ready, or for its agent to open it."""

    ticket = models.OneToOneField("tickets.Ticket", models.CASCADE, related_name="turn")
    rule = models.ForeignKey(RoutingRule, models.CASCADE, related_name="turns")
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+")
    since = models.DateTimeField(default=timezone.now)  # waits in its present team since
    due_at = models.DateTimeField(null=True)  # the agent has until then to open it
    tried = models.JSONField(default=list)  # ids of agents who let it lie
    overflowed = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")
        indexes = [
            models.Index(fields=["due_at"], condition=Q(agent__isnull=False), name="turn_unopened"),
            models.Index(fields=["rule", "since"], condition=Q(agent=None), name="turn_waiting"),
        ]

    def __str__(self):
        return f"{self.ticket_id} {self.rule_id}"
