"""The feedback record 信息反馈单 (P4; D5): six sections, handed from agent to specialist to reviewer to the centre."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from core.redaction import FreeCharField, FreeTextField, WithOriginals
from customers.models import Order
from staff.sight import TeamSightQuerySet
from tickets.models import Ticket


class Stage(models.TextChoices):
    """Whose turn it is (P4: 客服人员 → 区域客服专员 → 审核人员 → 客户服务中心)."""

    AGENT = "agent", pgettext_lazy("feedback record", "Agent")
    SPECIALIST = "specialist", pgettext_lazy("feedback record", "Specialist")
    REVIEWER = "reviewer", pgettext_lazy("feedback record", "Reviewer")
    CENTRE = "centre", pgettext_lazy("feedback record", "Service centre")
    FILED = "filed", pgettext_lazy("feedback record", "Filed")


class FeedbackQuerySet(TeamSightQuerySet):
    team_path = "ticket__team"

    def open(self):
        return self.exclude(stage=Stage.FILED)


class Feedback(WithOriginals):
    """One feedback record of a ticket. Its stage is written by `followups.feedback` alone."""

    class Use(models.TextChoices):
        GOOD = "good", _("works well")
        FAIR = "fair", _("works with small faults")
        POOR = "poor", _("does not work")
        UNUSED = "unused", _("not in use yet")

    class Charge(models.TextChoices):
        FREE = "free", _("free of charge")
        WARRANTY = "warranty", _("under warranty")
        CHARGED = "charged", _("charged")

    class Opinion(models.TextChoices):
        PRAISE = "praise", _("praise")
        SUGGESTION = "suggestion", _("suggestion")
        CRITICISM = "criticism", _("criticism")
        NONE = "none", pgettext_lazy("opinion", "none")

    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="feedback")
    stage = models.CharField(_("stage"), max_length=10, choices=Stage, default=Stage.AGENT)
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("with")
    )
    # 1 用户的基本资料
    customer_name = FreeCharField(_("name"), max_length=120, blank=True)
    contact = FreeCharField(_("contact"), max_length=160, blank=True)  # masked, as it stands on every page
    company = FreeCharField(_("company"), max_length=120, blank=True)
    # 2 产品的基本资料
    order = models.ForeignKey(
        Order, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("order")
    )
    product = models.CharField(_("product and model"), max_length=160, blank=True)
    serial = models.CharField(_("serial number"), max_length=60, blank=True)
    warranty_until = models.DateField(_("warranty until"), null=True, blank=True)
    use = models.CharField(_("how it works"), max_length=6, choices=Use, blank=True)
    # 3 服务内容
    service = FreeTextField(_("what was done"), blank=True)
    served_on = models.DateField(_("done on"), null=True, blank=True)
    # 4 服务的收费情况
    charge = models.CharField(_("charges"), max_length=8, choices=Charge, blank=True)
    amount = models.DecimalField(
        _("amount"), max_digits=12, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    # 5 增值服务项目
    extras_offered = models.BooleanField(_("value-added items were offered"), null=True)
    extras = FreeTextField(_("value-added items"), blank=True)
    # 6 用户的意见和建议
    opinion_kind = models.CharField(_("kind of opinion"), max_length=10, choices=Opinion, blank=True)
    opinion = FreeTextField(_("opinions and suggestions"), blank=True)
    satisfaction = models.PositiveSmallIntegerField(
        _("satisfaction"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    updated_at = models.DateTimeField(_("changed"), default=timezone.now)
    version = models.PositiveIntegerField(default=1)  # refuses the second of two concurrent edits
    history = HistoricalRecords(excluded_fields=["originals"])
    objects = FeedbackQuerySet.as_manager()

    class Meta:
        verbose_name = _("feedback record")
        verbose_name_plural = _("feedback records")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["stage", "-id"], name="feedback_by_stage"),
            models.Index(fields=["holder", "-id"], condition=~models.Q(stage="filed"), name="feedback_by_holder"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(stage__in=Stage.values), name="feedback_stage_is_known"),
            models.CheckConstraint(
                condition=models.Q(satisfaction=None) | models.Q(satisfaction__range=(1, 5)),
                name="feedback_satisfaction_of_five",
            ),
        ]

    def __str__(self):
        return self.number

    @property
    def number(self) -> str:
        return f"F-{self.pk:04d}"


class HandOff(WithOriginals):
    """One hand-off of a record: onward, or one step back with a reason. Append-only, numbered from 1."""

    record = models.ForeignKey(Feedback, models.CASCADE, related_name="handoffs")
    number = models.PositiveSmallIntegerField(_("number"))
    was = models.CharField(max_length=10, choices=Stage)
    now = models.CharField(max_length=10, choices=Stage)
    at = models.DateTimeField(_("at"), default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("to")
    )
    remark = FreeCharField(_("remark"), max_length=400, blank=True)

    class Meta:
        verbose_name = _("hand-off")
        verbose_name_plural = _("hand-offs")
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["record", "number"], name="one_handoff_per_number")]

    def __str__(self):
        return f"{self.record_id}.{self.number}"

    @property
    def is_return(self) -> bool:
        return Stage.values.index(self.now) < Stage.values.index(self.was)
