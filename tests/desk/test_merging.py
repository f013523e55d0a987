"""Merging two archives of one customer, undoing it, and both at once with the rest of the desk."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError
from django.utils import timezone

from core.models import Event
from customers import consent, lookup, registry
from customers.models import Contact, Customer, Merge, Need, Order, TierAssignment, TierOverride
from desk import belongings, merging
from loyalty import ledger
from loyalty.models import PointsEntry
from messaging import calls, outbox
from tests.factories import CustomerFactory, TicketFactory
from tickets import intake
from tickets.models import Ticket


@pytest.fixture
def winner(team):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234", email="rain@example.com", spend=100)


@pytest.fixture
def loser(team, agent):
    """Has a row in every place that matters, and an equal phone."""
    one = CustomerFactory(team=team, name="王晓雨", phone="13812341234", email="other@example.com", company="北方",
                          spend=50, vip=True)
    TicketFactory(customer=one)
    ledger.post(customer=one, points=30, reason="gift", key="gift:1", by=agent)
    consent.record(customer=one, purpose="care", given=True, wording="好", way="call", by=agent)
    calls.attach_customer(calls.start(team=team, agent=agent, number="13812341234"), one, by=agent)
    outbox.put(key="m:1", to="other@example.com", subject="s", body="b", purpose="service", customer=one)
    Need.objects.create(customer=one, text="更安静")
    return one


def owned_by(customer):
    """Everything that points at a customer, over every table."""
    return {
        (link.key, pk)
        for link in belongings.movable()
        for pk in link.rows([customer.pk]).values_list("pk", flat=True)
    }


def state_of(customer):
    fresh = Customer.objects.get(pk=customer.pk)
    return {field.attname: getattr(fresh, field.attname) for field in Customer._meta.concrete_fields}


def test_everything_moves_and_the_loser_is_listed_no_more(winner, loser, agent, specialist):
    row = merging.merge(winner=winner, loser=loser, by=specialist)
    assert {key for key, _pk in owned_by(loser)} == {"customers.Contact"}  # the equal number stays
    assert Ticket.objects.get().customer_id == winner.pk
    assert PointsEntry.objects.get().customer_id == winner.pk and ledger.balance(winner) == 30
    assert consent.allows(winner, purpose="care", channel="email")
    assert {match.customer.pk for match in lookup.as_typed(agent, "13812341234")} == {winner.pk}
    assert {match.customer.pk for match in lookup.as_typed(agent, "other@example.com")} == {winner.pk}
    assert not Customer.objects.visible_to(agent).filter(pk=loser.pk).exists()
    assert registry.find(team=winner.team, phone="13812341234").pk == winner.pk
    assert Event.objects.get(kind="merged").customer_id == winner.pk
    assert row.moved["tickets.Ticket"] and "core.Event" in row.moved


def test_every_link_to_a_customer_is_known_to_the_merge():
    labels = {link.key for link in belongings.links()}
    assert {"tickets.Ticket", "core.Event", "customers.Consent", "customers.Reveal", "customers.Order",
            "loyalty.PointsEntry", "messaging.Call", "messaging.Outbox", "customers.LegalHold"} <= labels
    assert "customers.Signals" not in {link.key for link in belongings.movable()}  # derived, one each


def test_fields_are_chosen_one_by_one_and_empty_ones_filled(winner, loser, specialist):
    merging.merge(winner=winner, loser=loser, by=specialist, choices={"name": "loser"})
    winner.refresh_from_db()
    assert (winner.name, winner.initials, winner.company) == ("王晓雨", "wxy", "北方")
    assert winner.tier.code == "vip" and winner.spend == 150
    assert TierAssignment.objects.get(customer=winner, ended_at=None).cause == "merge"


def test_undoing_restores_both_exactly(winner, loser, lead):
    Order.objects.create(customer=winner, code="A-1")
    Order.objects.create(customer=loser, code="A-1")
    Customer.objects.filter(pk=loser.pk).update(external_source="shop", external_id="9", last_contact_at=timezone.now())
    was = [state_of(winner), state_of(loser), owned_by(winner), owned_by(loser)]
    codes = set(Order.objects.values_list("customer", "code"))
    preferred = set(Contact.objects.values_list("pk", "customer", "preferred"))
    row = merging.merge(winner=winner, loser=loser, by=lead)
    assert Order.objects.filter(customer=winner).count() == 2
    merging.undo(merge=row, by=lead)
    own = {("core.Event", pk) for pk in Event.objects.filter(kind__startswith="merge").values_list("pk", flat=True)}
    assert [state_of(winner), state_of(loser), owned_by(winner) - own, owned_by(loser)] == was
    assert set(Order.objects.values_list("customer", "code")) == codes
    assert set(Contact.objects.values_list("pk", "customer", "preferred")) == preferred


def test_what_came_after_the_merge_stays_with_the_winner(winner, loser, lead):
    row = merging.merge(winner=winner, loser=loser, by=lead, choices={"name": "loser"})
    later = TicketFactory(customer=Customer.objects.get(pk=winner.pk))
    Customer.objects.filter(pk=winner.pk).update(company="南方")
    merging.undo(merge=row, by=lead)
    winner.refresh_from_db()
    later.refresh_from_db()
    assert later.customer_id == winner.pk
    assert winner.company == "南方" and winner.name == "王小雨"
    assert ledger.balance(loser) == 30 and ledger.balance(winner) == 0


def test_rows_that_may_exist_once_never_break_the_merge(winner, loser, lead):
    for one in (winner, loser):
        TierOverride.objects.create(
            customer=one, tier=one.tier, reason="x", expires_on=timezone.localdate() + timedelta(days=9)
        )
        Order.objects.create(customer=one, code="A-1", source="shop")
    Customer.objects.filter(pk=winner.pk).update(external_source="shop", external_id="1")
    Customer.objects.filter(pk=loser.pk).update(external_source="shop", external_id="2")
    merging.merge(winner=winner, loser=loser, by=lead)
    assert TierOverride.objects.filter(customer=winner).count() == 1
    assert set(Order.objects.filter(customer=winner).values_list("code", flat=True)) == {"A-1", f"A-1/{loser.number}"}


def test_sent_twice_it_merges_once(winner, loser, lead):
    first = merging.merge(winner=winner, loser=loser, by=lead)
    assert merging.merge(winner=winner, loser=loser, by=lead) == first
    undone = merging.undo(merge=first, by=lead)
    assert merging.undo(merge=first, by=lead).undone_at == undone.undone_at
    assert Event.objects.filter(kind="merge_undone").count() == 1


def test_what_cannot_be_merged_or_undone_says_why(winner, loser, lead, other_team):
    third = CustomerFactory(team=winner.team)
    with pytest.raises(merging.MergeRefused):
        merging.merge(winner=winner, loser=winner, by=lead)
    with pytest.raises(merging.MergeRefused):
        merging.merge(winner=winner, loser=CustomerFactory(team=other_team), by=lead)
    row = merging.merge(winner=winner, loser=loser, by=lead)
    with pytest.raises(merging.MergeRefused):
        merging.merge(winner=third, loser=loser, by=lead)
    with pytest.raises(merging.MergeRefused):
        merging.undo(merge=row, by=lead, now=row.at + timedelta(days=31))
    later = merging.merge(winner=third, loser=winner, by=lead)
    with pytest.raises(merging.MergeRefused):
        merging.undo(merge=row, by=lead)
    merging.undo(merge=later, by=lead)
    assert merging.undo(merge=row, by=lead).undone_at


def test_the_switch_for_append_only_rows_opens_for_the_owner_alone(winner, loser, lead):
    merging.merge(winner=winner, loser=loser, by=lead)
    for statement in ("UPDATE core_event SET kind = 'x'", "UPDATE loyalty_pointsentry SET customer_id = 1"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('desk.rewriting', 'merge', true)")
        cursor.execute("UPDATE loyalty_pointsentry SET points = 9")


# --- At once ----------------------------------------------------------------------------------------------


def at_once(*works):
    """Runs each in a thread of its own, all started together; the exceptions they raised."""
    barrier, wrong = threading.Barrier(len(works)), []

    def run(work):
        try:
            barrier.wait(10)
            work()
        except Exception as error:
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return wrong


@pytest.mark.django_db(transaction=True)
def test_two_merges_of_a_pair_at_once_make_one(winner, loser, lead):
    wrong = at_once(
        lambda: merging.merge(winner=winner, loser=loser, by=lead),
        lambda: merging.merge(winner=winner, loser=loser, by=lead),
        lambda: merging.merge(winner=loser, loser=winner, by=lead),
    )
    assert Merge.objects.count() == 1 and all(isinstance(error, merging.MergeRefused) for error in wrong)
    assert Customer.objects.present().count() == 1


@pytest.mark.django_db(transaction=True)
def test_tickets_that_arrive_for_the_loser_meanwhile_end_with_the_winner(winner, loser, lead):
    def arrive():
        intake.open_ticket(customer=loser, kind="consult", subject="滤芯", channel="mail", body="在吗")

    def write():
        intake.append_inbound(Ticket.objects.order_by("pk")[0], body="还在吗")

    wrong = at_once(arrive, write, lambda: merging.merge(winner=winner, loser=loser, by=lead), arrive)
    assert wrong == []
    assert set(Ticket.objects.values_list("customer", flat=True)) == {winner.pk} and Ticket.objects.count() == 3
