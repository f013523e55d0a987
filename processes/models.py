"""Service processes inside a ticket (F1, D4): copied steps, the plan, its confirmations and the execution log."""

import hashlib

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.redaction import FreeCharField, FreeTextField, WithOriginals
from processes.template_models import Named, Stage, StepRules, Template, TemplateStep, one_target
from staff.sight import TeamSightQuerySet
from tickets.models import State, Ticket

__all__ = ["Confirmation", "Invitation", "LogEntry", "Process", "Stage", "Step", "Template", "TemplateStep"]


class ProcessQuerySet(TeamSightQuerySet):
    team_path = "ticket__team"


class Process(Named, WithOriginals):
    """One run of a template on a ticket; a stopped one makes room for another."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        WAITING = "waiting", _("waiting for the customer")
        DONE = "done", _("finished")
        STOPPED = "stopped", _("stopped")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="processes", verbose_name=_("ticket"))
    template = models.ForeignKey(Template, models.SET_NULL, null=True, related_name="+")
    template_version = models.PositiveIntegerField()
    name_zh = models.CharField(max_length=60)
    name_en = models.CharField(max_length=60)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.RUNNING)
    plan = FreeTextField(_("plan"), blank=True)
    plan_version = models.PositiveIntegerField(default=0)  # a confirmation holds for one version alone
    plan_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField(_("ended"), null=True)
    history = HistoricalRecords(excluded_fields=["originals"])
    objects = ProcessQuerySet.as_manager()

    class Meta:
        verbose_name = _("service process")
        verbose_name_plural = _("service processes")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["running", "waiting", "done", "stopped"]), name="process_state_is_known"
            ),
            models.UniqueConstraint(
                fields=["ticket"], condition=~Q(state="stopped"), name="one_process_on_a_ticket"
            ),
        ]

    def __str__(self):
        return self.in_words("name")

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.RUNNING, self.State.WAITING)

    def confirmed(self) -> bool:
        """Whether the customer has accepted the plan as it stands now."""
        return self.confirmations.filter(version=self.plan_version, accepted=True).exists()

    def digest(self) -> str:
        return hashlib.sha256(self.plan.encode()).hexdigest()


class StepQuerySet(TeamSightQuerySet):
    team_path = "process__ticket__team"

    def open(self):
        """Whose turn it is, in processes that run on open tickets."""
        going = [Process.State.RUNNING, Process.State.WAITING]
        return self.filter(done_at=None, started_at__isnull=False, process__state__in=going).exclude(
            process__ticket__state=State.ARCHIVED
        )

    def overdue(self, now=None):
        return self.open().filter(due_at__lt=now or timezone.now())


class Step(StepRules, WithOriginals):
    """A step of a running process. It stands open from `started_at` until `done_at`, one at a time."""

    process = models.ForeignKey(Process, models.CASCADE, related_name="steps")
    origin = models.ForeignKey(TemplateStep, models.SET_NULL, null=True, related_name="+")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="process_steps", verbose_name=_("owner")
    )
    started_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(_("due"), null=True)
    told_at = models.DateTimeField(null=True)  # when owner and lead were told that it is late
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    skipped = models.BooleanField(default=False)
    result = FreeTextField(_("result"), blank=True)
    objects = StepQuerySet.as_manager()

    class Meta:
        verbose_name = _("process step")
        verbose_name_plural = _("process steps")
        ordering = ["position"]
        constraints = [
            one_target("step_has_one_target"),
            models.UniqueConstraint(fields=["process", "position"], name="one_step_at_a_position"),
            models.CheckConstraint(
                condition=Q(stage__in=["need", "plan", "confirmation", "execution", "feedback"]),
                name="step_stage_is_known",
            ),
            models.CheckConstraint(
                condition=Q(started_at__isnull=True) | Q(due_at__isnull=False), name="an_open_step_is_due"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"], condition=Q(done_at__isnull=True, started_at__isnull=False),
                name="step_open_by_due",
            ),
            models.Index(
                fields=["owner", "due_at", "id"], condition=Q(done_at__isnull=True, started_at__isnull=False),
                name="step_mine_by_due",
            ),
            models.Index(fields=["origin", "done_at"], condition=Q(done_at__isnull=False), name="step_by_origin"),
        ]


class LogEntry(WithOriginals):
    """One line of the execution log. Append-only."""

    process = models.ForeignKey(Process, models.CASCADE, related_name="log")
    step = models.ForeignKey(Step, models.CASCADE, null=True, related_name="+")
    at = models.DateTimeField(_("at"), default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    what = FreeTextField(_("what was done"), blank=True)
    confirmation = models.ForeignKey("Confirmation", models.CASCADE, null=True, related_name="+")  # in place of words

    class Meta:
        verbose_name = _("line of the execution log")
        verbose_name_plural = _("lines of the execution log")
        ordering = ["id"]

    def __str__(self):
        return f"{self.process_id} {self.at:%Y-%m-%d %H:%M}"

    @property
    def told(self) -> str:
        """What was done; of the customer's word, by what right the work begins, in the reader's language."""
        return self.confirmation.proof if self.confirmation else self.what


class Invitation(models.Model):
    """A signed link that was mailed to the customer, for one version of the plan. It is answered once."""

    process = models.ForeignKey(Process, models.CASCADE, related_name="invitations")
    version = models.PositiveIntegerField()
    outgoing = models.ForeignKey("messaging.Outbox", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("sent"), default=timezone.now)
    expires_at = models.DateTimeField(_("valid until"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("link for a confirmation")
        verbose_name_plural = _("links for confirmations")
        ordering = ["id"]

    def __str__(self):
        return f"{self.process_id} {self.version}"


class Confirmation(WithOriginals):
    """What the customer said to one version of the plan, and how that is proved. Append-only."""

    class How(models.TextChoices):
        LINK = "link", _("signed link")
        MAIL = "mail", _("mail")
        CALL = "call", _("recorded call")

    process = models.ForeignKey(Process, models.CASCADE, related_name="confirmations")
    version = models.PositiveIntegerField(_("version of the plan"))
    digest = models.CharField(_("digest of the plan"), max_length=64)  # SHA-256 of exactly what was shown
    how = models.CharField(_("by way of"), max_length=4, choices=How)
    accepted = models.BooleanField(_("accepted"))
    words = FreeCharField(_("the customer's words"), max_length=1000, blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    invitation = models.OneToOneField(Invitation, models.RESTRICT, null=True, related_name="answer")
    post = models.ForeignKey("tickets.Post", models.RESTRICT, null=True, related_name="+")
    call = models.ForeignKey("messaging.Call", models.PROTECT, null=True, related_name="+")
    ip = models.CharField(_("internet address"), max_length=45, blank=True)

    class Meta:
        verbose_name = _("confirmation")
        verbose_name_plural = _("confirmations")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(how="link", invitation__isnull=False)
                | Q(how="mail", post__isnull=False)
                | Q(how="call", call__isnull=False),
                name="a_confirmation_has_its_proof",
            )
        ]

    def __str__(self):
        return f"{self.process_id} {self.how} {self.accepted}"

    @property
    def proof(self) -> str:
        """By what the customer's word can be found again."""
        number = {self.How.MAIL: self.post_id, self.How.CALL: self.call_id, self.How.LINK: self.invitation_id}[
            self.How(self.how)
        ]
        return f"{self.get_how_display()} #{number} · SHA-256 {self.digest[:16]}"
