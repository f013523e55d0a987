from core.models import Event
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
