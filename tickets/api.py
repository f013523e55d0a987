"""Tickets over REST: opening one, listing what the caller may see, reading one. Personal data leaves masked."""

import hashlib

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import generics, serializers
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response

from core import masking
from core.phones import BadPhone
from customers import registry
from customers.models import Contact, Customer
from staff.models import User
from tickets import classification, intake, mentions
from tickets.models import Category, Channel, Grade, Kind, Level, Post, State, Ticket


class ContactOut(serializers.ModelSerializer):
    class Meta:
        model = Contact
        fields = ["kind", "masked", "preferred"]


class CustomerOut(serializers.ModelSerializer):
    name = serializers.SerializerMethodField()
    tier = serializers.SlugRelatedField("code", read_only=True)

    class Meta:
        model = Customer
        fields = ["id", "number", "name", "tier"]

    def get_name(self, customer) -> str:
        return masking.name(customer.name)


class TicketOut(serializers.ModelSerializer):
    """A ticket as a row of a list."""

    customer = CustomerOut()
    team = serializers.SlugRelatedField("name", read_only=True)
    owner = serializers.SlugRelatedField("username", read_only=True)
    category = serializers.SlugRelatedField("code", read_only=True)
    subject = serializers.SerializerMethodField()

    class Meta:
        model = Ticket
        fields = [
            "id", "number", "subject", "kind", "level", "state", "channel", "category", "priority", "urgency",
            "importance", "difficulty", "team", "owner", "customer", "opened_at", "due_at", "due_kind",
            "waiting_customer", "first_response_at", "resolved_at", "archived_at", "outcome", "cause", "cycle_of",
            "cycle", "chases", "updated_at",
        ]  # fmt: skip

    def get_subject(self, ticket) -> str:
        return masking.free_text(ticket.subject)


class PostOut(serializers.ModelSerializer):
    author = serializers.SlugRelatedField("username", read_only=True)
    body = serializers.SerializerMethodField()

    class Meta:
        model = Post
        fields = ["id", "kind", "channel", "author", "at", "body", "next_update_at"]

    def get_body(self, post) -> str:
        return masking.free_text(mentions.plain(post.body, {}))


class TicketDetail(TicketOut):
    """A ticket with its conversation, its customer's contacts and what the customer wants."""

    contacts = ContactOut(source="customer.contacts", many=True)
    posts = PostOut(many=True)
    wish = serializers.SerializerMethodField()

    class Meta(TicketOut.Meta):
        fields = [*TicketOut.Meta.fields, "wish", "contacts", "posts"]

    def get_wish(self, ticket) -> str:
        return masking.free_text(ticket.wish)


class CustomerIn(serializers.Serializer):
    name = serializers.CharField(max_length=120, required=False, default="")
    phone = serializers.CharField(max_length=64, required=False, default="")
    email = serializers.EmailField(required=False, default="")
    language = serializers.ChoiceField(choices=["zh-hans", "en"], required=False, default="zh-hans")

    def validate_phone(self, value: str) -> str:
        try:
            return Contact.normalise(Contact.Kind.PHONE, value) if value else ""
        except BadPhone:
            raise serializers.ValidationError(_("This is no telephone number.")) from None

    def validate(self, attrs):
        if not (attrs["phone"] or attrs["email"]):
            raise serializers.ValidationError(_("Give a phone number or a mail address."))
        return attrs


class TicketIn(serializers.Serializer):
    """What a ticket needs; class, level and urgency are suggested from the words where they are left out."""

    subject = serializers.CharField(max_length=200)
    body = serializers.CharField(max_length=50_000, required=False, default="", allow_blank=True)
    kind = serializers.ChoiceField(choices=Kind.choices, required=False)
    level = serializers.ChoiceField(choices=Level.choices, required=False)
    channel = serializers.ChoiceField(choices=Channel.choices, required=False, default=Channel.API)
    category = serializers.SlugRelatedField(
        "code", queryset=Category.objects.filter(is_active=True), required=False, allow_null=True, default=None
    )
    urgency = serializers.ChoiceField(choices=Grade.choices, required=False)
    importance = serializers.ChoiceField(choices=Grade.choices, required=False, default=Grade.MEDIUM)
    difficulty = serializers.ChoiceField(choices=Grade.choices, required=False, default=Grade.MEDIUM)
    wish = serializers.CharField(max_length=400, required=False, default="", allow_blank=True)
    customer = CustomerIn(required=False)
    customer_id = serializers.PrimaryKeyRelatedField(
        queryset=Customer.objects.none(), required=False,
        error_messages={"does_not_exist": gettext_lazy("There is no such customer.")},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["customer_id"].queryset = Customer.objects.visible_to(self.user).select_related("tier")

    @property
    def user(self) -> User:
        return self.context["request"].user

    def validate(self, attrs):
        if ("customer" in attrs) == ("customer_id" in attrs):
            raise serializers.ValidationError({"customer": _("Give either customer or customer_id.")})
        if "customer" in attrs and self.user.team is None:
            raise serializers.ValidationError({"customer_id": _("You belong to no team: name an existing customer.")})
        return attrs

    @transaction.atomic
    def open(self, *, idempotency_key: str | None) -> tuple[Ticket, bool]:
        """Opens the ticket through intake; returns (ticket, made), made being False for a repeated key."""
        given, now = dict(self.validated_data), timezone.now()
        customer = given.pop("customer_id", None)
        if customer is None and self.user.team:
            customer, _made = registry.find_or_create(
                team=self.user.team, source=Customer.Source.API, by=self.user, now=now, **given.pop("customer")
            )
        found = classification.suggest(f"{given['subject']}\n{given['body']}")
        given.setdefault("kind", found.kind or Kind.CONSULT)
        given.setdefault("level", found.level)
        given.setdefault("urgency", found.urgency)
        ticket = intake.open_ticket(
            customer=customer, by=self.user, idempotency_key=idempotency_key, now=now, **given
        )
        return ticket, ticket.opened_at == now


class NewestFirst(CursorPagination):
    ordering = "-id"
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"


class Tickets(generics.ListAPIView):
    """GET: what the caller may see, newest first, by `state`, `kind` and `customer_id`. POST: opens a ticket.

    With the header `Idempotency-Key` a repeated POST answers 200 with the ticket of the first one.
    """

    serializer_class = TicketOut
    pagination_class = NewestFirst

    def get_queryset(self):
        tickets = Ticket.objects.visible_to(self.request.user).for_list().select_related("category")
        asked = self.request.query_params
        for name, known in (("state", State.values), ("kind", Kind.values)):
            if name in asked:
                tickets = tickets.filter(**{name: _known(name, asked[name], known)})
        if "customer_id" in asked:
            number = asked["customer_id"]
            tickets = tickets.filter(customer=number) if number.isdecimal() and len(number) < 19 else tickets.none()
        return tickets

    def post(self, request, *args, **kwargs):
        key = key_of(request)
        if key and (known := Ticket.objects.visible_to(request.user).filter(idempotency_key=key).first()):
            return Response(shown(known), status=200)
        form = TicketIn(data=request.data, context={"request": request})
        form.is_valid(raise_exception=True)
        ticket, made = form.open(idempotency_key=key)
        return Response(shown(ticket), status=201 if made else 200)


class OneTicket(generics.RetrieveAPIView):
    """GET: one ticket with its conversation; 404 where the caller may not see it."""

    serializer_class = TicketDetail

    def get_queryset(self):
        return _with_conversation(Ticket.objects.visible_to(self.request.user))


def _with_conversation(tickets):
    return tickets.for_list().select_related("category").prefetch_related("customer__contacts", "posts__author")


def _known(name: str, value: str, known: list[str]) -> str:
    if value not in known:
        raise serializers.ValidationError({name: [_("Unknown value.")]})
    return value


def key_of(request) -> str | None:
    """The caller's Idempotency-Key, apart from everybody else's and in a fixed length."""
    given = request.headers.get("Idempotency-Key", "").strip()
    digest = hashlib.sha256(given.encode()).hexdigest()[:48]
    return f"api:{request.user.pk}:{digest}" if given else None


def shown(ticket: Ticket) -> dict:
    """One ticket as it leaves over REST."""
    return TicketDetail(_with_conversation(Ticket.objects.all()).get(pk=ticket.pk)).data
