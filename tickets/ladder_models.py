"""升级路径: the rungs on which a late promise climbs, who took it in hand, and what a rung does besides telling."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from staff.sight import TeamSightQuerySet


class Trigger(models.TextChoices):
    """When a rung's turn has come."""

    PERCENT = "percent", _("at a share of the target")
    SILENCE = "silence", _("when the rung before is not acknowledged in time")


class Whom(models.TextChoices):
    """Who hears on a rung. Whoever is away is stood in for; where nobody is left, the next higher one hears."""

    OWNER = "owner", _("the owner")
    LEAD = "lead", _("the team lead")
    SUPERVISOR = "supervisor", _("the supervisor")
    MANAGER = "manager", _("the manager")
    NEXT = "next", _("one above the rung before")
    NAMED = "named", _("the person named here")
    DUTY = "duty", _("whoever is on duty")


class Ladder(models.Model):
    """The rungs that timers of some policies climb; the standard one holds for policies that name none."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    is_standard = models.BooleanField(
        _("standard"), default=False, help_text=_("Holds for all policies that name no ladder.")
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("escalation ladder")
        verbose_name_plural = _("escalation ladders")
        ordering = ["-is_standard", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_standard"], condition=Q(is_standard=True), name="one_standard_ladder",
                violation_error_message=_("There is already a standard ladder."),
            )
        ]

    def __str__(self):
        return self.name


class Rung(models.Model):
    """One step: when, to whom, what it does besides telling, and how long the answer may take."""

    ladder = models.ForeignKey(Ladder, models.CASCADE, related_name="rungs", verbose_name=_("escalation ladder"))
    position = models.PositiveSmallIntegerField(_("position"), validators=[MinValueValidator(1)])
    trigger = models.CharField(_("when"), max_length=8, choices=Trigger, default=Trigger.PERCENT)
    percent = models.PositiveSmallIntegerField(
        _("at (%)"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text=_("Of the target: 100 is the moment it is missed."),
    )
    to = models.CharField(_("who is told"), max_length=10, choices=Whom, default=Whom.LEAD)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("named person"),
    )
    duty_team = models.ForeignKey(
        "staff.Team", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("team on duty"),
        help_text=_("Empty: the ticket's own team."),
    )
    ack_within = models.PositiveSmallIntegerField(
        _("acknowledge within (minutes)"), null=True, blank=True, validators=[MinValueValidator(1)],
        help_text=_("Working minutes of the promise's own clock. Empty: nobody has to acknowledge."),
    )
    reassigns = models.BooleanField(_("give them the ticket"), default=False)
    raises_priority = models.BooleanField(_("raise the priority"), default=False)
    opens_sheet = models.BooleanField(_("open a complaint sheet"), default=False, help_text=_("Complaints only."))
    urgent = models.BooleanField(_("urgent"), default=True, help_text=_("Told in quiet hours as well."))
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("rung")
        verbose_name_plural = _("rungs")
        ordering = ["ladder", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["ladder", "position"], name="one_rung_per_position",
                violation_error_message=_("Two rungs have the same position."),
            ),
            models.CheckConstraint(
                condition=Q(trigger="percent", percent__isnull=False) | Q(trigger="silence", percent__isnull=True),
                name="rung_has_one_trigger",
                violation_error_message=_("Give a share for “at a share of the target”, and none otherwise."),
            ),
            models.CheckConstraint(
                condition=Q(to="named") ^ Q(person__isnull=True), name="rung_names_a_person_or_none",
                violation_error_message=_("Name a person for “the person named here”, and none otherwise."),
            ),
        ]

    def __str__(self):
        return f"{self.position}: {self.get_to_display()}"

    @property
    def acts(self) -> list[str]:
        """What it does besides telling somebody."""
        chosen = {Act.Kind.REASSIGN: self.reassigns, Act.Kind.PRIORITY: self.raises_priority,
                  Act.Kind.SHEET: self.opens_sheet}  # fmt: skip
        return [kind.value for kind, wanted in chosen.items() if wanted]


def check_rungs(rungs: list[Rung]) -> None:
    """Raises ValidationError in the admin's words unless these rungs make a ladder that can be climbed."""
    rungs = sorted(rungs, key=lambda rung: rung.position or 0)
    if not rungs:
        raise ValidationError(gettext("A ladder needs at least one rung."))
    reached = 0
    named: set[int] = set()
    before: Rung | None = None
    for rung in rungs:
        facts = {"n": rung.position}
        if rung.trigger == Trigger.PERCENT and rung.percent is not None:
            if rung.percent <= reached:
                raise ValidationError(gettext("Rung %(n)s: the shares must grow from rung to rung.") % facts)
            reached = rung.percent
        if rung.trigger == Trigger.SILENCE and (before is None or not before.ack_within):
            raise ValidationError(
                gettext("Rung %(n)s waits for an acknowledgement, but the rung before asks for none.") % facts
            )
        if rung.to == Whom.NEXT and before is None:
            raise ValidationError(gettext("Rung %(n)s: there is no rung before it to go above.") % facts)
        if rung.person_id and rung.person_id in named:
            raise ValidationError(
                gettext("Rung %(n)s: %(name)s is named already, so the ladder would go in a circle.")
                % {**facts, "name": rung.person}
            )
        if rung.person_id:
            named.add(rung.person_id)
        before = rung


def first_share_of() -> Subquery:
    """For a queryset of policies: the first share before the breach at which their ladder tells somebody."""
    standard = Ladder.objects.filter(is_standard=True).values("pk")[:1]
    rungs = Rung.objects.filter(percent__lt=100, ladder_id=Coalesce(OuterRef("ladder_id"), Subquery(standard)))
    return Subquery(rungs.order_by("percent").values("percent")[:1])


class StepQuerySet(TeamSightQuerySet):
    team_path = "ticket__team"

    def unacknowledged(self):
        """The last step of each open promise, where it asks for an acknowledgement and has none."""
        return self.filter(
            timer__stopped_at=None, timer__escalation_level=models.F("level"),
            timer__escalation_level__gt=models.F("timer__acknowledged_level"), due_ack_at__isnull=False,
        )


class Acknowledgement(models.Model):
    """Somebody has taken an escalated promise in hand. Append-only; the first of several at once."""

    escalation = models.OneToOneField("tickets.Escalation", models.CASCADE, related_name="acknowledgement")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("acknowledgement of an escalation")
        verbose_name_plural = _("acknowledgements of escalations")

    def __str__(self):
        return f"{self.escalation_id} {self.by_id}"


class Act(models.Model):
    """What a rung does besides telling: written with the step, done by the next beat, once."""

    class Kind(models.TextChoices):
        REASSIGN = "reassign", _("give them the ticket")
        PRIORITY = "priority", _("raise the priority")
        SHEET = "sheet", _("open a complaint sheet")

    class Result(models.TextChoices):
        DONE = "done", _("done")
        SETTLED = "settled", _("no longer needed")
        REFUSED = "refused", _("refused")

    escalation = models.ForeignKey("tickets.Escalation", models.CASCADE, related_name="acts")
    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="+")
    kind = models.CharField(_("what"), max_length=8, choices=Kind)
    to = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    done_at = models.DateTimeField(_("done at"), null=True)
    result = models.CharField(_("result"), max_length=8, choices=Result, blank=True)
    why = models.CharField(_("why"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("act of a rung")
        verbose_name_plural = _("acts of rungs")
        ordering = ["id"]
        indexes = [models.Index(fields=["kind", "id"], condition=Q(done_at=None), name="act_waiting")]
        constraints = [models.UniqueConstraint(fields=["escalation", "kind"], name="each_act_once")]

    def __str__(self):
        return f"{self.kind} {self.ticket_id}"
