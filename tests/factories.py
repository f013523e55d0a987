"""Makers of test records, with traits; services make whatever has rules of its own."""

from datetime import timedelta

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from customers import registry
from customers.models import Customer, Tier
from staff.models import Department, Role, Team, User
from tickets import intake, sla
from tickets.models import Channel, Kind, SLATimer, Ticket


class DepartmentFactory(DjangoModelFactory):
    class Meta:
        model = Department

    name = factory.Sequence("客户服务部 {}".format)


class TeamFactory(DjangoModelFactory):
    class Meta:
        model = Team

    name = factory.Sequence("华东{}组".format)
    department = factory.SubFactory(DepartmentFactory)


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence("user{}".format)
    display_name = factory.Sequence("员工{}".format)
    email = factory.LazyAttribute(lambda user: f"{user.username}@desk.example")
    role = Role.AGENT
    team = factory.SubFactory(TeamFactory)
    password = factory.django.Password("a long enough password")


class CustomerFactory(DjangoModelFactory):
    """`phone=` and `email=` add contacts; `vip=True` puts the customer in the first tier."""

    class Meta:
        model = Customer
        skip_postgeneration_save = True

    class Params:
        vip = factory.Trait(tier=factory.LazyFunction(lambda: Tier.objects.get(code="vip")))

    team = factory.SubFactory(TeamFactory)
    name = factory.Sequence("王小雨{}".format)
    initials = factory.LazyAttribute(lambda customer: registry.initials_of(customer.name))
    source = Customer.Source.CALL
    tier = factory.LazyFunction(registry.entry_tier)

    @factory.post_generation
    def phone(self, create, value, **kwargs):
        if value:
            registry.add_contact(self, kind="phone", value=value, source="call", preferred=True)

    @factory.post_generation
    def email(self, create, value, **kwargs):
        if value:
            registry.add_contact(self, kind="email", value=value, source="mail", preferred=True)


class TicketFactory(factory.Factory):
    """Opens a ticket through intake. `late=True` puts its resolution timer an hour past due, not yet ticked."""

    class Meta:
        model = Ticket

    customer = factory.SubFactory(CustomerFactory)
    kind = Kind.SERVICE
    subject = factory.Sequence("净水机滤芯接口漏水 {}".format)
    body = "早上发现机器下面有水，接口处滴水。"
    channel = Channel.MAIL

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        return intake.open_ticket(**kwargs)

    @factory.post_generation
    def late(self, create, value, **kwargs):
        if value:
            make_late(self)


def make_late(ticket: Ticket) -> None:
    """Puts the resolution timer an hour past due, as if time had gone by; nothing has ticked yet."""
    due = timezone.now() - timedelta(hours=1)
    SLATimer.objects.filter(ticket=ticket, metric="resolution").update(
        due_at=due, started_at=due - timedelta(hours=4), resumed_at=due - timedelta(hours=4)
    )
    sla.refresh_due(ticket)
