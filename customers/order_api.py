"""Orders over REST: taking one in from another system, listing what the caller may see, reading one. Masked."""

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import generics, serializers
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response

from core import masking
from customers import ordering, registry
from customers.models import Communication, Customer, DeliveryPlan, Order, OrderLine

MOST_LINES = 200
TIMES = ("confirmed_at", "reconfirmed_at", "shipped_at", "delivered_at", "installed_at")


class LineOut(serializers.ModelSerializer):
    class Meta:
        model = OrderLine
        fields = ["product", "specification", "quantity", "price", "serial", "warranty_until"]


class PlanOut(serializers.ModelSerializer):
    class Meta:
        model = DeliveryPlan
        fields = ["planned_on", "window", "reason", "at"]


class ContactOut(serializers.ModelSerializer):
    by = serializers.SlugRelatedField("username", read_only=True)
    note = serializers.SerializerMethodField()

    class Meta:
        model = Communication
        fields = ["at", "by", "channel", "result", "note"]

    def get_note(self, row) -> str:
        return masking.free_text(row.note)


class OrderOut(serializers.ModelSerializer):
    """An order as a row of a list."""

    customer = serializers.SerializerMethodField()
    lines = LineOut(many=True)

    class Meta:
        model = Order
        fields = [
            "id", "code", "source", "state", "amount", "payment", "pay_by", "paid_on", "placed_at", *TIMES, "version",
            "customer", "lines",
        ]  # fmt: skip

    def get_customer(self, order) -> dict:
        customer = order.customer
        return {"id": customer.pk, "number": customer.number, "name": masking.name(customer.name)}


class OrderDetail(OrderOut):
    """An order with its plans and the contacts about it."""

    plans = PlanOut(many=True)
    communications = ContactOut(many=True)
    address = serializers.CharField(source="address_masked")
    need = serializers.SerializerMethodField()
    advice = serializers.SerializerMethodField()

    class Meta(OrderOut.Meta):
        fields = [*OrderOut.Meta.fields, "need", "advice", "address", "plans", "communications"]

    def get_need(self, order) -> str:
        return masking.free_text(order.need)

    def get_advice(self, order) -> str:
        return masking.free_text(order.advice)


class LineIn(serializers.Serializer):
    product = serializers.CharField(max_length=80)
    specification = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000, required=False, default=1)
    price = serializers.DecimalField(12, 2, min_value=0, required=False, default=0)
    serial = serializers.CharField(max_length=60, required=False, default="", allow_blank=True)
    warranty_until = serializers.DateField(required=False, allow_null=True, default=None)


class OrderIn(serializers.Serializer):
    """What another system knows of an order. The pair of `source` and `code` names it for its customer."""

    customer_id = serializers.PrimaryKeyRelatedField(
        queryset=Customer.objects.none(), required=False,
        error_messages={"does_not_exist": gettext_lazy("There is no such customer.")},
    )
    phone = serializers.CharField(max_length=64, required=False)
    email = serializers.EmailField(required=False)
    source = serializers.CharField(max_length=20, required=False, default="api")
    code = serializers.CharField(max_length=40)
    state = serializers.ChoiceField(choices=Order.State.choices, required=False, default="")
    lines = LineIn(many=True, required=False, max_length=MOST_LINES)
    amount = serializers.DecimalField(12, 2, min_value=0, required=False)
    address = serializers.CharField(max_length=400, required=False, allow_blank=True)
    payment = serializers.ChoiceField(choices=Order.Payment.choices, required=False)
    need = serializers.CharField(max_length=400, required=False, allow_blank=True)
    advice = serializers.CharField(max_length=400, required=False, allow_blank=True)
    pay_by = serializers.DateField(required=False)
    paid_on = serializers.DateField(required=False)
    placed_at = serializers.DateTimeField(required=False)
    planned_on = serializers.DateField(required=False)
    confirmed_at = serializers.DateTimeField(required=False)
    reconfirmed_at = serializers.DateTimeField(required=False)
    shipped_at = serializers.DateTimeField(required=False)
    delivered_at = serializers.DateTimeField(required=False)
    installed_at = serializers.DateTimeField(required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["customer_id"].queryset = Customer.objects.visible_to(self.user)

    @property
    def user(self):
        return self.context["request"].user

    def validate_source(self, value: str) -> str:
        if value.strip() == "form":
            raise serializers.ValidationError(_("This name is taken by the orders written here."))
        return value

    def validate(self, attrs):
        contact = {name: attrs.pop(name) for name in ("phone", "email") if name in attrs}
        if bool(contact) == ("customer_id" in attrs):
            raise serializers.ValidationError({"customer_id": _("Give either customer_id, or phone or email.")})
        attrs["customer"] = attrs.pop("customer_id", None) or self._found(contact)
        return attrs

    def _found(self, contact: dict[str, str]) -> Customer:
        try:
            found = registry.find(team=self.user.team, **contact) if self.user.team else None
        except registry.BadPhone:
            found = None
        if found is None:
            raise serializers.ValidationError({"customer_id": _("There is no such customer.")})
        return found

    @transaction.atomic
    def take_in(self) -> tuple[Order, str]:
        given = dict(self.validated_data)
        if "lines" in given:
            given["lines"] = [ordering.Line(**line) for line in given["lines"]]
        return ordering.take_in(by=self.user, **given)


class NewestFirst(CursorPagination):
    ordering = "-id"
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"


class Orders(generics.ListAPIView):
    """GET: what the caller may see, newest first, by `state`, `customer_id` and `code`. POST: takes an order in.

    The same source and code again brings the order up to date: 201 when it is made, 200 afterwards, 422 with the
    reason where a rule refuses it (an order that is not confirmed and reconfirmed cannot ship).
    """

    serializer_class = OrderOut
    pagination_class = NewestFirst

    def get_queryset(self):
        orders = Order.objects.visible_to(self.request.user).select_related("customer").prefetch_related("lines")
        asked = self.request.query_params
        if "state" in asked:
            if asked["state"] not in Order.State.values:
                raise serializers.ValidationError({"state": [_("Unknown value.")]})
            orders = orders.filter(state=asked["state"])
        if "customer_id" in asked:
            number = asked["customer_id"]
            orders = orders.filter(customer=number) if number.isdecimal() and len(number) < 19 else orders.none()
        if "code" in asked:
            orders = orders.filter(code=asked["code"].replace("\0", ""))
        return orders.defer("address")

    def post(self, request, *args, **kwargs):
        form = OrderIn(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        try:
            order, what = form.take_in()
        except ordering.OrderRefused as refused:
            return Response({"detail": str(refused)}, status=422)
        shown = OrderDetail(_whole(Order.objects.all()).get(pk=order.pk)).data
        return Response(shown | {"result": what}, status=201 if what == "made" else 200)


class OneOrder(generics.RetrieveAPIView):
    """GET: one order with its plans and contacts; 404 where the caller may not see it."""

    serializer_class = OrderDetail

    def get_queryset(self):
        return _whole(Order.objects.visible_to(self.request.user))


def _whole(orders):
    return orders.select_related("customer").prefetch_related("lines", "plans", "communications__by")
