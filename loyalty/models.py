"""Loyalty: the points ledger 积分流水, benefits by tier, and care 客户关怀."""

from django.db import models
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.redaction import FreeCharField, WithOriginals
from customers.models import Customer, Tier


class EntryQuerySet(models.QuerySet):
    def balance(self, customer) -> int:
        return self.filter(customer=customer).aggregate(total=Sum("points"))["total"] or 0

    def update(self, **kwargs):
        raise TypeError("The points ledger is append-only")

    def delete(self):
        raise TypeError("The points ledger is append-only")


class PointsEntry(WithOriginals):
    """One line of the ledger. The database refuses to change or delete it; a correction is a new line."""

    class Reason(models.TextChoices):
        SPEND = "spend", _("spend")
        CORRECTION = "correction", _("correction")
        REDEMPTION = "redemption", _("redemption")
        GIFT = "gift", _("gift")

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="points")
    points = models.IntegerField(_("points"))
    reason = models.CharField(_("reason"), max_length=12, choices=Reason)
    note = FreeCharField(_("note"), max_length=200, blank=True)
    key = models.CharField(max_length=120, unique=True)
    at = models.DateTimeField(_("at"), default=timezone.now)
    by_id = models.BigIntegerField(null=True)
    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("points entry")
        verbose_name_plural = _("points ledger")
        ordering = ["-id"]
        indexes = [models.Index(fields=["customer", "-id"], name="points_by_customer")]
        constraints = [models.CheckConstraint(condition=~models.Q(points=0), name="an_entry_moves_points")]

    def __str__(self):
        return f"{self.customer_id} {self.points:+d}"


class Benefit(models.Model):
    """What a tier is owed, in the customer's words."""

    tier = models.ForeignKey(Tier, models.CASCADE, related_name="benefits", verbose_name=_("tier"))
    name_zh = models.CharField(_("name (Chinese)"), max_length=120)
    name_en = models.CharField(_("name (English)"), max_length=120)
    points_per_unit = models.DecimalField(
        _("points per unit of spend"), max_digits=5, decimal_places=2, null=True, blank=True
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("benefit")
        verbose_name_plural = _("benefits")

    def __str__(self):
        return self.name_en


class CareTemplate(models.Model):
    """The words of a care message, one row per occasion and language."""

    class Occasion(models.TextChoices):
        BIRTHDAY = "birthday", _("birthday")

    occasion = models.CharField(_("occasion"), max_length=12, choices=Occasion)
    language = models.CharField(_("language"), max_length=10)
    subject = models.CharField(_("subject"), max_length=120)
    body = models.TextField(_("text"), help_text=_("{name} and {points} are filled in."))
    is_active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("care message")
        verbose_name_plural = _("care messages")
        constraints = [
            models.UniqueConstraint(fields=["occasion", "language"], name="one_care_text_per_language")
        ]

    def __str__(self):
        return f"{self.occasion} {self.language}"
