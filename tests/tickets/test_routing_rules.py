"""Rules of routing: which one holds, whom it chooses, what happens while nobody is ready or nobody opens it."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from core.models import Event
from staff.models import Notification, Presence, Skill
from tests.factories import CustomerFactory, TicketFactory, UserFactory
from tickets import conversation, details, routing, routing_turns
from tickets.models import Category, Kind, Priority, Ticket
from tickets.routing_models import KindWeight, RoutingRule, Strategy, Turn

pytestmark = pytest.mark.django_db


def ready(team, name, **more):
    return UserFactory(team=team, display_name=name, presence=Presence.READY, **more)


def rule(position=1, **more):
    made = RoutingRule(position=position, name=more.pop("name", "投诉"), **more)
    made.full_clean()
    made.save()
    return made


def came(team, **more):
    return TicketFactory(customer=more.pop("customer", None) or CustomerFactory(team=team), **more)


def owners(team, count, **more):
    return [came(team, **more).owner for _number in range(count)]


def test_without_rules_a_ticket_waits_for_whoever_claims_it(team):
    ready(team, "甲")
    assert came(team).owner is None
    assert not Event.objects.filter(kind="routed").exists()


def test_tickets_go_in_turn_to_those_who_are_ready(team):
    first, second = ready(team, "甲"), ready(team, "乙")
    for presence in (Presence.BUSY, Presence.AWAY, Presence.OFFLINE):
        UserFactory(team=team, presence=presence)
    rule(strategy=Strategy.ROUND_ROBIN)
    assert owners(team, 4) == [first, second, first, second]
    assert Notification.objects.filter(user=first, kind="routed").count() == 2


def test_the_first_rule_whose_conditions_hold_decides_and_says_so(signed_in, team, other_team, admin):
    chosen = ready(other_team, "甲")
    rule(1, name="海外", language="en", team=other_team, strategy=Strategy.NOBODY)
    rule(2, kind=Kind.COMPLAINT, team=other_team, priority=Priority.URGENT)
    rule(3, name="其余", strategy=Strategy.NOBODY)
    ticket = came(team, kind=Kind.COMPLAINT)
    assert (ticket.team, ticket.owner, ticket.priority) == (other_team, chosen, Priority.URGENT)
    page = signed_in(admin).get(reverse("desk:ticket", args=[ticket.pk])).content.decode()
    assert "Rule 2: 投诉 → 海外组, in turn: 甲" in page
    abroad = CustomerFactory(team=team, language="en")
    foreign = came(team, customer=abroad, subject="Filter 漏水", body="Water on the floor")
    assert (foreign.team, foreign.owner) == (other_team, None)
    assert came(team).team == team


def test_whoever_gets_a_ticket_of_another_teams_customer_finds_no_way_to_the_archive(signed_in, team, other_team):
    chosen = ready(other_team, "甲")
    rule(team=other_team)
    ticket = came(team)
    page = signed_in(chosen).get(reverse("desk:ticket", args=[ticket.pk]))
    assert page.status_code == 200
    assert reverse("desk:customer", args=[ticket.customer_id]) + '"' not in page.content.decode()


def test_least_busy_counts_weights_and_stops_at_capacity(team):
    KindWeight.objects.create(kind=Kind.COMPLAINT, weight=3)
    small, large = ready(team, "甲", capacity=3), ready(team, "乙", capacity=9)
    came(team, kind=Kind.COMPLAINT, owner=large)
    rule(strategy=Strategy.LEAST_BUSY)
    # 0 of 3 against 3 of 9, then 1 of 3 against 3 of 9 where the one without a ticket by rule goes first …
    assert owners(team, 3) == [small, large, small]
    assert owners(team, 1, kind=Kind.COMPLAINT) == [large]
    large.capacity = 0
    large.save()
    assert owners(team, 2) == [small, None]


def test_the_account_manager_and_the_last_agent_come_first_while_they_are_ready(team):
    other, mine = ready(team, "甲"), ready(team, "乙")
    managed = CustomerFactory(team=team, account_manager=mine)
    manager = rule(strategy=Strategy.MANAGER)
    assert [came(team, customer=managed).owner for _n in range(2)] == [mine, mine]
    manager.strategy = Strategy.STICKY
    manager.save()
    known = CustomerFactory(team=team)
    came(team, customer=known, owner=mine)
    assert [came(team, customer=known).owner for _n in range(2)] == [mine, mine]
    mine.presence = Presence.AWAY
    mine.save()
    assert came(team, customer=known).owner == other


def test_a_skill_is_asked_for_and_a_named_agent_gets_it_only_when_ready(team):
    ready(team, "甲")
    english, skill = ready(team, "乙"), Skill.objects.create(name="English")
    english.skills.add(skill)
    with_skill = rule(skill=skill)
    assert owners(team, 2) == [english, english]
    with_skill.strategy, with_skill.agent, with_skill.skill = Strategy.AGENT, english, None
    with_skill.save()
    assert came(team).owner == english
    english.presence = Presence.BUSY
    english.save()
    assert came(team).owner is None


def test_what_waits_goes_out_by_tier_as_soon_as_somebody_is_ready(team):
    person = UserFactory(team=team, presence=Presence.BUSY, capacity=1)
    rule()
    plain = came(team)
    vip = came(team, customer=CustomerFactory(team=team, vip=True))
    assert routing_turns.tick() == 0
    person.presence = Presence.READY
    person.save()
    assert (routing_turns.tick(), routing_turns.tick()) == (1, 0)
    vip.refresh_from_db()
    plain.refresh_from_db()
    assert (vip.owner, plain.owner) == (person, None)


def test_a_ticket_that_its_agent_does_not_open_goes_to_the_next(team):
    first, second = ready(team, "甲"), ready(team, "乙")
    rule(open_minutes=5)
    ticket, now = came(team), timezone.now()
    assert ticket.owner == first
    assert routing_turns.tick(now=now + timedelta(minutes=4)) == 0
    assert routing_turns.tick(now=now + timedelta(minutes=6)) == 1
    assert routing_turns.tick(now=now + timedelta(minutes=6)) == 0
    ticket.refresh_from_db()
    assert ticket.owner == second
    assert Event.objects.filter(ticket_id=ticket.pk, kind="routed").latest("pk").data["why"] == "unopened"


def test_what_was_opened_or_taken_stays_where_it_is(team, lead):
    first = ready(team, "甲")
    rule(open_minutes=5)
    opened, taken = came(team), came(team)
    conversation.mark_read(opened, by=first)
    routing.take_over(taken, by=lead, reason="客户在线等", former=first.pk)
    ready(team, "乙")
    assert routing_turns.tick(now=timezone.now() + timedelta(hours=1)) == 0
    assert Ticket.objects.get(pk=opened.pk).owner == first
    assert Ticket.objects.get(pk=taken.pk).owner == lead
    assert not Turn.objects.exists()


def test_with_nobody_ready_a_ticket_overflows_once(team, other_team):
    helper = ready(other_team, "甲")
    rule(overflow_minutes=10, overflow_team=other_team)
    ticket, now = came(team), timezone.now()
    assert (ticket.team, ticket.owner) == (team, None)
    assert routing_turns.tick(now=now + timedelta(minutes=9)) == 0
    assert routing_turns.tick(now=now + timedelta(minutes=11)) == 1
    ticket.refresh_from_db()
    assert (ticket.team, ticket.owner) == (other_team, helper)
    assert routing_turns.tick(now=now + timedelta(hours=1)) == 0


def test_rules_that_make_no_sense_are_refused_with_the_reason(team, other_team):
    rule(2, kind=Kind.COMPLAINT)
    with pytest.raises(ValidationError, match="takes every ticket of this one"):
        rule(3, kind=Kind.COMPLAINT, channel="mail")
    with pytest.raises(ValidationError, match="another team"):
        rule(4, kind=Kind.SERVICE, strategy=Strategy.AGENT, agent=UserFactory(team=other_team), team=team)
    with pytest.raises(ValidationError, match="Name the agent"):
        rule(5, kind=Kind.SERVICE, strategy=Strategy.AGENT)
    with pytest.raises(ValidationError, match="both a team and minutes"):
        rule(6, kind=Kind.SERVICE, overflow_minutes=5)
    with pytest.raises(ValidationError, match="already"):
        rule(7, kind=Kind.SERVICE, team=team, overflow_team=team, overflow_minutes=5)


@pytest.mark.django_db(transaction=True)
def test_tickets_that_open_at_once_go_to_different_people(team):
    for number in range(4):
        ready(team, f"员工{number}")
    rule()
    customers, together = [CustomerFactory(team=team) for _number in range(4)], threading.Barrier(4)

    def open_one(customer):
        try:
            together.wait(timeout=60)
            TicketFactory(customer=customer)
        finally:
            connection.close()

    hands = [threading.Thread(target=open_one, args=[customer]) for customer in customers]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert Ticket.objects.filter(owner__isnull=False).values("owner").distinct().count() == 4


def test_a_rule_for_a_topic_holds_for_everything_below_it(team, other_team):
    above, refund = (Category.objects.get(code=code) for code in ("return-exchange", "refund"))
    rule(1, category=above, team=other_team, strategy=Strategy.NOBODY)
    assert came(team, category=refund).team == other_team
    assert came(team, category=Category.objects.get(code="invoice")).team == team
    with pytest.raises(ValidationError, match="takes every ticket of this one"):
        rule(2, category=refund)


def test_correcting_a_topic_keeps_the_priority_that_a_rule_has_given(team, agent):
    rule(priority=Priority.URGENT, strategy=Strategy.NOBODY)
    ticket = came(team)
    details.amend(ticket, by=agent, category=Category.objects.get(code="repair"), wish="换新")
    assert ticket.priority == Priority.URGENT
    details.amend(ticket, by=agent, urgency=1)
    assert ticket.priority == Priority.NORMAL
