"""Orders (P1, P2): need and advice, confirmation, delivery plan, reconfirmation, shipment, installation, after-sale."""

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.crypto import EncryptedTextField
from core.redaction import FreeCharField, WithOriginals
from customers.models.archive import Customer, manages_elsewhere
from staff.sight import TeamSightQuerySet


class OrderQuerySet(TeamSightQuerySet):
    team_path = "customer__team"

    def visible_to(self, user):
        """Of the user's teams, and of those whom the user manages in any team."""
        seen = super().visible_to(user)
        if not user.is_authenticated or not user.is_active or user.is_admin or not manages_elsewhere(user):
            return seen
        return seen | self.filter(customer__account_manager=user)


class Order(WithOriginals):
    class State(models.TextChoices):
        """Written by `customers.ordering` alone; an unconfirmed order cannot ship."""

        NEED = "need", _("need and advice")
        CONFIRMED = "confirmed", _("confirmed")
        PLANNED = "planned", _("delivery planned")
        RECONFIRMED = "reconfirmed", _("reconfirmed")
        SHIPPED = "shipped", _("shipped")
        DELIVERED = "delivered", _("delivered")
        INSTALLED = "installed", _("installed")
        AFTER_SALE = "after_sale", _("after-sale")
        CANCELLED = "cancelled", _("cancelled")

    class Payment(models.TextChoices):
        PREPAID = "prepaid", _("prepaid")
        ON_DELIVERY = "on_delivery", _("on delivery")
        INVOICE = "invoice", _("on invoice")
        INSTALMENTS = "instalments", _("instalments")

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="orders", verbose_name=_("customer"))
    code = models.CharField(_("order number"), max_length=40)
    source = models.CharField(_("source"), max_length=20, default="form")
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.NEED)
    need = FreeCharField(_("need"), max_length=400, blank=True)
    advice = FreeCharField(_("advice given"), max_length=400, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2, default=0)
    payment = models.CharField(_("payment"), max_length=12, choices=Payment, blank=True)
    pay_by = models.DateField(_("to be paid by"), null=True, blank=True)
    paid_on = models.DateField(_("paid on"), null=True, blank=True)
    address = EncryptedTextField(_("delivery address"), blank=True)
    address_masked = models.CharField(max_length=120, blank=True, editable=False)
    placed_at = models.DateTimeField(_("placed"), default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    reconfirmed_at = models.DateTimeField(null=True, blank=True)
    shipped_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    installed_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)  # refuses the second of two concurrent edits
    history = HistoricalRecords(excluded_fields=["originals"])
    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-placed_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "source", "code"], name="one_order_per_code"),
            models.CheckConstraint(
                condition=~models.Q(state__in=["shipped", "delivered", "installed", "after_sale"])
                | (models.Q(confirmed_at__isnull=False) & models.Q(reconfirmed_at__isnull=False)),
                name="nothing_ships_unconfirmed",
            ),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="an_amount_is_not_negative"),
        ]
        indexes = [
            models.Index(fields=["customer", "-placed_at"], name="order_by_customer"),
            models.Index(fields=["code"], name="order_by_code", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self):
        return self.code


class OrderLine(models.Model):
    """One product of an order: model, quantity, price, and once delivered its serial number and warranty."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    product = models.CharField(_("model"), max_length=80)
    specification = models.CharField(_("specification"), max_length=200, blank=True)
    quantity = models.PositiveIntegerField(_("quantity"), default=1, validators=[MinValueValidator(1)])
    price = models.DecimalField(_("price"), max_digits=12, decimal_places=2, default=0)
    serial = models.CharField(_("serial number"), max_length=60, blank=True)
    warranty_until = models.DateField(_("warranty until"), null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["serial"], name="order_line_by_serial", condition=~models.Q(serial=""),
                opclasses=["varchar_pattern_ops"],
            )
        ]

    def __str__(self):
        return f"{self.product} × {self.quantity}"


class DeliveryPlan(WithOriginals):
    """交货计划: when an order is to arrive. Append-only: a change is a further row, the latest counts."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="plans")
    planned_on = models.DateField(_("delivery on"))
    window = models.CharField(_("between"), max_length=40, blank=True)
    reason = FreeCharField(_("reason"), max_length=200, blank=True)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("delivery plan")
        verbose_name_plural = _("delivery plans")
        ordering = ["-id"]

    def __str__(self):
        return f"{self.order_id} {self.planned_on}"


class Communication(WithOriginals):
    """沟通记录: one contact about an order, with its result, time and person (P2). Append-only."""

    class Result(models.TextChoices):
        AGREED = "agreed", _("agreed")
        CHANGED = "changed", _("wants a change")
        NO_ANSWER = "no_answer", _("no answer")
        INFORMED = "informed", _("informed")
        REFUSED = "refused", _("refused")

    order = models.ForeignKey(Order, models.CASCADE, related_name="communications")
    at = models.DateTimeField(_("time"), default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person"))
    channel = models.CharField(_("channel"), max_length=8, default="phone")
    result = models.CharField(_("result"), max_length=10, choices=Result)
    note = FreeCharField(_("note"), max_length=400, blank=True)

    class Meta:
        verbose_name = _("communication record")
        verbose_name_plural = _("communication records")
        ordering = ["-id"]

    def __str__(self):
        return f"{self.order_id} {self.result}"


class OrderReturn(WithOriginals):
    """退货: goods of a delivered order that came back, with what was paid back for them. Append-only."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="returns")
    returned_on = models.DateField(_("returned on"))
    amount = models.DecimalField(_("paid back"), max_digits=12, decimal_places=2)
    reason = FreeCharField(_("reason"), max_length=200)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("return")
        verbose_name_plural = _("returns")
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=models.Q(amount__gte=0), name="a_refund_is_not_negative")]

    def __str__(self):
        return f"{self.order_id} {self.returned_on}"


class ReturnedLine(models.Model):
    """How many of one product of an order came back."""

    back = models.ForeignKey(OrderReturn, models.CASCADE, related_name="lines")
    line = models.ForeignKey(OrderLine, models.CASCADE, related_name="returned")
    quantity = models.PositiveIntegerField(_("quantity"), validators=[MinValueValidator(1)])

    class Meta:
        verbose_name = _("returned product")
        verbose_name_plural = _("returned products")
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=models.Q(quantity__gte=1), name="something_came_back")]

    def __str__(self):
        return f"{self.line} ({self.quantity})"


class OrderSubmission(models.Model):
    """A form about an order that was taken in: sent again, its key leads to the order and does nothing more."""

    key = models.CharField(max_length=80, primary_key=True)
    order = models.ForeignKey(Order, models.CASCADE, related_name="submissions")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("submitted form")
        verbose_name_plural = _("submitted forms")

    def __str__(self):
        return self.key
