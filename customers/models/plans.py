"""The communication plan 沟通计划 (A3; P1): which customers are contacted how often, how, and what for."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from customers.models.tiers import Tier


class CommunicationPlan(models.Model):
    """One row of the plan. Every active row that fits a customer makes its own contacts."""

    class Service(models.TextChoices):
        """Where the customer stands with orders; delivering and after-sale may both be so."""

        PRE_SALE = "pre_sale", _("pre-sale")
        DELIVERY = "delivery", _("in delivery")
        AFTER_SALE = "after_sale", _("after-sale")

    class Frequency(models.TextChoices):
        MONTHLY = "monthly", _("monthly")
        QUARTERLY = "quarterly", _("quarterly")
        HALF_YEARLY = "half_yearly", _("half-yearly")
        YEARLY = "yearly", _("yearly")

    class Method(models.TextChoices):
        PREFERRED = "preferred", _("as the customer prefers")
        PHONE = "phone", _("phone call")
        MEETING = "meeting", _("meeting")
        EMAIL = "email", _("mail")
        WECHAT = "wechat", _("WeChat")
        SMS = "sms", _("SMS")

    tier = models.ForeignKey(
        Tier, models.PROTECT, null=True, blank=True, related_name="plans", verbose_name=_("tier"),
        help_text=_("Empty: every tier."),
    )
    service = models.CharField(
        _("kind of service"), max_length=10, choices=Service, blank=True, help_text=_("Empty: every customer.")
    )
    frequency = models.CharField(_("how often"), max_length=12, choices=Frequency)
    method = models.CharField(_("method"), max_length=10, choices=Method, default=Method.PREFERRED)
    goal_zh = models.CharField(_("goal (Chinese)"), max_length=200)
    goal_en = models.CharField(_("goal (English)"), max_length=200)
    is_active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("communication plan")
        verbose_name_plural = _("communication plans")
        ordering = ["tier__rank", "service", "method"]
        constraints = [
            models.UniqueConstraint(
                fields=["tier", "service", "method"], nulls_distinct=False, name="one_plan_per_group_and_method",
                violation_error_message=_("These customers have a plan with this method already; change that one."),
            ),
            models.CheckConstraint(
                condition=models.Q(service__in=["", "pre_sale", "delivery", "after_sale"]),
                name="plan_service_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(frequency__in=["monthly", "quarterly", "half_yearly", "yearly"]),
                name="plan_frequency_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(method__in=["preferred", "phone", "meeting", "email", "wechat", "sms"]),
                name="plan_method_is_known",
            ),
        ]

    def __str__(self):
        group = self.tier.name if self.tier else _("every tier")
        return f"{group} · {self.get_frequency_display()} · {self.get_method_display()}"

    @property
    def goal(self) -> str:
        return self.goal_zh if (get_language() or "").startswith("zh") else self.goal_en
