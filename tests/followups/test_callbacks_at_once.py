"""Two at once, with real connections."""

from threading import Barrier, Thread

import pytest
from django.db import connection

from core.models import Event
from followups import callbacks
from followups.models import Attempt, Callback
from tests.followups.conftest import at, resolution_of
from tickets.models import Cause, Kind, State

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*jobs):
    """Runs the jobs together and returns what each returned or raised."""
    barrier, answers = Barrier(len(jobs)), [None] * len(jobs)

    def run(number, job):
        barrier.wait()
        try:
            answers[number] = job()
        except Exception as error:
            answers[number] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_two_planners_make_one_callback(resolved, specialist):
    event = resolution_of(resolved(Kind.CONSULT))
    first, second = at_once(lambda: callbacks.plan(event), lambda: callbacks.plan(event))
    assert first == second and Callback.objects.count() == 1
    assert Event.objects.filter(kind="callback_planned").count() == 1


def test_of_two_who_record_a_call_one_wins(planned, specialist, lead):
    callback = planned(Kind.CONSULT)

    def record(by):
        mine = Callback.objects.get(pk=callback.pk)
        return callbacks.record_attempt(mine, by=by, outcome="satisfied", cause=Cause.INFORMATION, now=at(17, 10))

    answers = at_once(lambda: record(specialist), lambda: record(lead))
    assert sorted(type(answer).__name__ for answer in answers) == ["Attempt", "CallbackRefused"]
    callback.refresh_from_db()
    assert callback.ticket.state == State.ARCHIVED and Attempt.objects.count() == 1
    assert Event.objects.filter(kind="archived").count() == 1


def test_a_call_and_the_sweep_at_once_leave_one_truth(planned, specialist):
    callback = planned(Kind.CONSULT)

    def record():
        mine = Callback.objects.get(pk=callback.pk)
        return callbacks.record_attempt(mine, by=specialist, outcome="satisfied", cause=Cause.INFORMATION)

    call, swept = at_once(record, callbacks.cancel_stale)
    callback.refresh_from_db()
    assert isinstance(call, Attempt) and swept == 0 and callback.state == Callback.State.DONE
