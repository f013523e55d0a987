"""Two dispatchers at once, with real connections."""

import pytest

from tests.followups.test_callbacks_at_once import at_once
from tests.visits.conftest import at
from visits import flow, slips
from visits.models import Slip, State, Visit

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_dispatchers_one_gets_the_time_and_the_other_is_told_who_has_it(planned, technician, agent, lead):
    visits = [planned(), planned()]

    def dispatch(visit, by):
        return flow.dispatch(
            Visit.objects.get(pk=visit.pk), technician=technician, starts_at=at(16, 10), ends_at=at(16, 12), by=by,
            now=at(16, 9, 30),
        )

    answers = at_once(lambda: dispatch(visits[0], agent), lambda: dispatch(visits[1], lead))
    won = next(answer for answer in answers if isinstance(answer, Visit))
    told = next(answer for answer in answers if isinstance(answer, flow.Clash))
    assert won.number in str(told) and told.visit == won
    assert Visit.objects.filter(state=State.DISPATCHED).count() == 1


def test_two_who_close_two_visits_at_once_let_go_of_the_ticket(appointed, agent, technician, ticket):
    first = appointed()
    other = flow.request(ticket, kind="repair", address="上海市浦东新区1号", by=agent, now=at(16, 9))
    flow.arrive(first, by=agent, now=at(16, 10))
    written = {
        "work": "好了", "parts": "", "charges": 0, "result": Slip.Result.DONE, "arrived_at": at(16, 10),
        "left_at": at(16, 11), "signed_by": "王", "signed_how": Slip.Signed.PAPER,
    }
    answers = at_once(
        lambda: slips.write(first, by=agent, now=at(16, 11), **written),
        lambda: flow.cancel(other, reason="不需要", by=agent, now=at(16, 11)),
    )
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    ticket.refresh_from_db()
    assert ticket.holds == {}
