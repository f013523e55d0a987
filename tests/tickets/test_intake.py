from core.models import Event
from customers.models import Customer, Tier
from tests.factories import CustomerFactory, TicketFactory
from tickets import intake
from tickets.models import SLATimer, Ticket


def test_a_ticket_opens_with_its_post_its_timers_and_its_event(team):
    ticket = TicketFactory(customer=CustomerFactory(team=team))
    assert ticket.posts.get().body.startswith("早上")
    assert set(ticket.timers.values_list("metric", "state")) == {
        ("first_response", "running"),
        ("proposal", "running"),
        ("resolution", "running"),
    }
    assert Event.objects.filter(ticket_id=ticket.pk, kind="opened").count() == 1
    assert ticket.due_at == SLATimer.objects.filter(ticket=ticket).order_by("due_at").first().due_at


def test_the_same_key_opens_one_ticket(team):
    customer = CustomerFactory(team=team)
    asked = {"customer": customer, "kind": "service", "subject": "退款", "channel": "api", "idempotency_key": "k1"}
    first, second = intake.open_ticket(**asked), intake.open_ticket(**asked)
    assert first.pk == second.pk
    assert Ticket.objects.count() == 1
    assert first.posts.count() == 0


def test_opening_asks_nothing_twice_and_writes_each_row_once(team, agent, django_assert_max_num_queries):
    customer = CustomerFactory(team=team)
    TicketFactory(customer=customer)  # the rules are read once
    with django_assert_max_num_queries(11):  # nine, and the bracket of its transaction
        ticket = intake.open_ticket(
            customer=customer, kind="service", subject="漏水", body="滴水", channel="mail", by=agent
        )
    made = ticket.history.get()
    assert (made.history_type, made.history_user, made.subject) == ("+", agent, "漏水")
    assert made.due_at == ticket.due_at == Ticket.objects.get(pk=ticket.pk).due_at


def test_what_has_become_of_a_customer_since_they_were_read_counts(team):
    rain, other = CustomerFactory(team=team), CustomerFactory(team=team)
    vip = Tier.objects.get(code="vip")
    Customer.objects.filter(pk=rain.pk).update(tier=vip)
    ticket = TicketFactory(customer=rain)
    assert (ticket.tier_id, ticket.customer.tier) == (vip.pk, vip)
    Customer.objects.filter(pk=rain.pk).update(merged_into=other)
    ticket = TicketFactory(customer=rain)
    other.refresh_from_db()
    assert (ticket.customer, other.last_contact_at) == (other, ticket.opened_at)
