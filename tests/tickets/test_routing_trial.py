"""The trial of the rules: where a ticket would go and why, and what the present rules would change; nothing written."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.models import Event
from customers.models import Tier
from staff.models import Presence, Skill, User
from tests.factories import CustomerFactory, TicketFactory, UserFactory
from tickets.models import Kind, Ticket
from tickets.routing_models import RoutingRule, Strategy, Turn
from tickets.routing_trial import replay

pytestmark = pytest.mark.django_db


def test_the_page_says_where_a_ticket_would_go_and_why_not_elsewhere(signed_in, team, other_team, admin, agent):
    english = Skill.objects.create(name="English")
    able = UserFactory(team=other_team, display_name="何雨", presence=Presence.READY)
    able.skills.add(english)
    UserFactory(team=other_team, display_name="钱多", presence=Presence.READY)
    UserFactory(team=other_team, display_name="孙满", presence=Presence.READY, capacity=0).skills.add(english)
    UserFactory(team=other_team, display_name="周闲", presence=Presence.AWAY).skills.add(english)
    RoutingRule.objects.create(position=1, name="投诉", kind=Kind.COMPLAINT, strategy=Strategy.NOBODY)
    RoutingRule.objects.create(position=2, name="海外", language="en", team=other_team, skill=english)
    address, page = reverse("admin:tickets_routingrule_trial"), signed_in(admin)
    asked = {
        "team": team.pk, "kind": "service", "channel": "mail", "category": "", "language": "en",
        "tier": Tier.objects.get(code="vip").pk, "at": "",
    }
    shown = page.get(address, asked).content.decode()
    assert "海外 → 海外组, in turn" in shown
    assert "only for class: Complaint" in shown
    for person, why in (("钱多", "without the skill"), ("孙满", "no capacity left"), ("周闲", "Away")):
        assert why in shown.split(person)[1][:120], person
    assert "yes" in shown.split("何雨")[1][:90]
    assert User.objects.get(pk=able.pk).routed_at is None  # a trial takes nobody's turn
    assert not (Ticket.objects.exists() or Turn.objects.exists() or Event.objects.filter(kind="routed").exists())
    assert "No rule holds" in page.get(address, asked | {"language": "zh-hans"}).content.decode()
    assert signed_in(agent).get(address, asked).status_code in (302, 403)


def test_a_replay_tells_what_the_present_rules_would_change(
    signed_in, team, other_team, admin, agent, django_assert_max_num_queries
):
    first = RoutingRule.objects.create(position=1, name="全部", strategy=Strategy.NOBODY)
    customer = CustomerFactory(team=team)
    kept, moved = TicketFactory(customer=customer), TicketFactory(customer=customer, kind=Kind.COMPLAINT)
    TicketFactory(customer=customer, kind=Kind.COMPLAINT, owner=agent)  # had an owner: no rule was asked
    assert (replay().asked, replay().changed, replay().given) == (2, 0, 1)
    RoutingRule.objects.create(position=9, name=first.name, strategy=Strategy.NOBODY)
    first.name, first.kind, first.team = "投诉专组", Kind.COMPLAINT, other_team
    first.save()
    with django_assert_max_num_queries(6):
        found = replay(now=timezone.now() + timedelta(minutes=1))
    assert (found.asked, found.changed) == (2, 1)
    assert found.moves == [("全部 → 华东一组", "投诉专组 → 海外组", 1)]
    assert [change.ticket for change in found.first] == [moved]
    kept.refresh_from_db()
    assert kept.team == team
    page = signed_in(admin).get(reverse("admin:tickets_routingrule_trial"), {"last": 10}).content.decode()
    assert "Changed for 1 of 2 tickets" in page
