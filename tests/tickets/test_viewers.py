"""Who has a ticket open beside oneself, and who writes."""

from django.conf import settings

from tests.factories import CustomerFactory, TicketFactory
from tickets import viewers


class Hands:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


def test_a_page_that_opens_and_closes_is_told_once_each(broker):
    assert viewers.stay(5, 1, "a")
    assert not viewers.stay(5, 1, "a")
    assert not viewers.stay(5, 1, "second window of the same person")
    assert not viewers.leave(5, "a")
    assert viewers.leave(5, "second window of the same person")
    assert viewers.present(5) == {}


def test_writing_shows_at_once_and_fades_with_the_next_sign_of_life(broker):
    hands = Hands()
    viewers.stay(5, 1, "a", clock=hands)
    viewers.stay(5, 2, "b", clock=hands)
    assert viewers.stay(5, 1, "a", writing=True, clock=hands)
    assert viewers.present(5, clock=hands) == {1: True, 2: False}
    hands.now += viewers.WRITING + 1
    assert viewers.present(5, clock=hands) == {1: False, 2: False}
    assert viewers.stay(5, 2, "b", clock=hands)


def test_a_page_that_falls_silent_is_forgotten_and_the_others_are_told(broker):
    hands = Hands()
    viewers.stay(5, 1, "killed", clock=hands)
    hands.now += 30
    viewers.stay(5, 2, "b", clock=hands)
    hands.now += 20
    assert viewers.stay(5, 2, "b", clock=hands)
    assert viewers.present(5, clock=hands) == {2: False}


def test_everything_has_an_end_in_redis(broker):
    viewers.stay(5, 1, "a")
    assert 0 < broker.ttl(f"{settings.REDIS_PREFIX}viewers:5") <= viewers.SEEN + 15


def test_others_are_named_writers_first_and_oneself_is_not_among_them(broker, team, agent, lead, specialist):
    ticket = TicketFactory(customer=CustomerFactory(team=team))
    for person in (agent, lead, specialist):
        viewers.stay(ticket.pk, person.pk, person.username, writing=person == lead)
    assert viewers.others(ticket.pk, agent) == [(lead, True), (specialist, False)]


def test_a_ticket_page_opens_while_redis_is_away(monkeypatch, signed_in, team, agent):
    ticket = TicketFactory(customer=CustomerFactory(team=team))
    client = signed_in(agent)
    monkeypatch.setattr(settings, "REDIS_URL", "redis://127.0.0.1:1/0")
    assert client.get(f"/tickets/{ticket.pk}/viewers/").status_code == 200
    assert not viewers.stay(ticket.pk, agent.pk, "a")
