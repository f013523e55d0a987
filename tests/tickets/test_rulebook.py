from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from django.db import connection, transaction

from core.models import WorkCalendar
from tests.factories import CustomerFactory, TicketFactory
from tickets import rulebook
from tickets.models import Category, Ladder, RoutingRule, Rung, SLAPolicy


def test_rules_are_read_once_and_then_asked_only_whether_they_still_hold(team, django_assert_num_queries):
    first = rulebook.current()
    with django_assert_num_queries(1):
        assert rulebook.current() is first


def test_an_edit_of_whatever_a_promise_rests_on_counts_for_the_next_ticket(team):
    office, topic = WorkCalendar.objects.standard(), Category.objects.create(code="fresh", name_zh="新", name_en="New")
    rule = RoutingRule.objects.create(position=1, name="all", strategy="nobody")
    edits = [
        lambda: SLAPolicy.objects.filter(metric="resolution").update(warn_at=55),
        lambda: office.days.create(day=date(2031, 3, 3), is_open=False),
        lambda: office.days.filter(day=date(2031, 3, 3)).delete(),
        lambda: WorkCalendar.objects.filter(pk=office.pk).update(week={"0": [["09:00", "10:00"]]}),
        lambda: Rung.objects.create(
            ladder=Ladder.objects.get(is_standard=True), position=9, percent=50, to="lead"),
        lambda: Category.objects.filter(pk=topic.pk).update(parent=Category.objects.exclude(pk=topic.pk)[0]),
        lambda: RoutingRule.objects.filter(pk=rule.pk).update(channel="mail"),
        lambda: Ladder.objects.update(is_standard=False),
    ]  # fmt: skip
    for number, edit in enumerate(edits):
        before = rulebook.current()
        edit()
        assert rulebook.current() is not before, number


def test_a_policy_edited_between_two_tickets_promises_the_second_what_it_says_now(team):
    customer = CustomerFactory(team=team)
    policy = SLAPolicy.objects.filter(metric="resolution", kind="", channel="", tier=None)
    spans = []
    for hours in (24, 6):
        policy.update(target_seconds=hours * 3600)
        ticket = TicketFactory(customer=customer, kind="service")
        spans.append(ticket.timers.get(metric="resolution").due_at - ticket.opened_at)
    assert [round(span / timedelta(hours=1)) for span in spans] == [24, 6]


def test_an_edit_that_is_taken_back_leaves_the_rules_of_before(team):
    before = rulebook.current()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        SLAPolicy.objects.update(warn_at=11)
        assert {promise.warn_at for promise in rulebook.current().promises} == {11}
        raise ZeroDivisionError
    assert rulebook.current() == before


@pytest.mark.django_db(transaction=True)
def test_other_connections_see_an_edit_with_its_commit_and_not_before(team):
    def warnings() -> set[int]:
        try:
            return {promise.warn_at for promise in rulebook.current().promises}
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            SLAPolicy.objects.update(warn_at=33)
            meanwhile = pool.submit(warnings).result()
            assert {promise.warn_at for promise in rulebook.current().promises} == {33}
        assert 33 not in meanwhile
        assert pool.submit(warnings).result() == {33}
