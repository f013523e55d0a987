"""The communication plan: who is contacted how often and how, made once, spread out, and never against a consent."""

import threading
from datetime import date, datetime, timedelta
from itertools import product

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from customers import consent, freshness, plans, profile
from customers.models import CommunicationPlan, Consent, Customer, Order, Task, Tier
from tests.factories import CustomerFactory

DAY = timedelta(days=1)


def night(month, day):
    """When the beat runs in the night before this day of 2026."""
    return datetime(2026, month, day, 4, 35, tzinfo=timezone.get_default_timezone())


NOW = night(11, 2)


def plan(**fields):
    values = {"frequency": "monthly", "method": "phone", "goal_zh": "了解使用情况", "goal_en": "How it goes"} | fields
    return CommunicationPlan.objects.create(**values)


@pytest.fixture
def bare(team):
    """No plans but those of the test."""
    CommunicationPlan.objects.all().delete()
    return team


def nights(first, n):
    return sum(plans.make_tasks(now=first + DAY * number) for number in range(n))


def tasks(customer=None):
    found = Task.objects.filter(kind="contact")
    return found.filter(customer=customer) if customer else found


# --- Who, how often, how ----------------------------------------------------------------------------------


def test_the_standard_plan_makes_the_monthly_call_and_the_quarterly_meeting_of_a_vip(team, agent):
    vip = CustomerFactory(team=team, vip=True, account_manager=agent)
    CustomerFactory(team=team)
    start = night(10, 1)
    for number in range(92):
        plans.make_tasks(now=start + DAY * number)
        for task in tasks().filter(due_on__lte=timezone.localdate(start + DAY * number)):
            freshness.close(task, by=agent, now=start + DAY * number)
    found = [(task.plan.method, task.reason["period"]) for task in tasks().order_by("pk")]
    found = [row for row in found if row[1] not in ("2026-09", "2026-Q3", "2027-01", "2027-Q1")]
    assert sorted(found) == [
        ("meeting", "2026-Q4"), ("phone", "2026-10"), ("phone", "2026-11"), ("phone", "2026-12"),
    ]  # fmt: skip
    assert {(task.customer, task.assignee) for task in tasks()} == {(vip, agent)}
    assert all(task.due_on.weekday() < 5 or task.due_on == date(2026, 10, 10) for task in tasks())


def test_a_task_is_made_a_week_before_it_is_due_and_not_earlier(bare):
    CustomerFactory(team=bare)
    plan()
    made_on = next(day for day in range(40) if plans.make_tasks(now=NOW + DAY * day))
    ahead = (tasks().get().due_on - timezone.localdate(NOW + DAY * made_on)).days
    assert ahead == plans.AHEAD or (made_on == 0 and 0 <= ahead <= plans.AHEAD)


def test_without_a_manager_the_task_is_nobodys_and_has_its_history(bare):
    CustomerFactory(team=bare)
    plan()
    nights(NOW, 31)
    task = tasks().first()
    row = task.history.get()
    assert task.assignee is None and (row.plan_id, row.history_type) == (task.plan_id, "+")


@pytest.mark.parametrize(
    ("service", "fitting"),
    [("", "all"), ("pre_sale", "new asked"), ("delivery", "moving again"), ("after_sale", "served again known")],
)
def test_the_kind_of_service_follows_from_the_orders(bare, service, fitting):
    states = {
        "new": [], "asked": ["need", "cancelled"], "moving": ["planned"], "served": ["delivered"],
        "again": ["delivered", "confirmed"], "known": [],
    }  # fmt: skip
    people = {name: CustomerFactory(team=bare, spend=9 if name == "known" else 0) for name in states}
    for name, found in states.items():
        for number, state in enumerate(found):
            Order.objects.create(
                customer=people[name], code=f"{name}{number}", state=state, confirmed_at=NOW, reconfirmed_at=NOW
            )
    plan(service=service)
    nights(NOW, 31)
    wanted = set(people) if fitting == "all" else set(fitting.split())
    assert {task.customer_id for task in tasks()} == {people[name].pk for name in wanted}


def test_two_plans_make_two_tasks_and_a_second_of_one_method_is_refused(bare):
    customer = CustomerFactory(team=bare)
    plan(), plan(method="meeting", frequency="quarterly")
    nights(night(10, 1), 92)  # the whole quarter: the customer's id says on which of its days the meeting falls
    assert set(tasks(customer).values_list("plan__method", flat=True)) == {"phone", "meeting"}
    with pytest.raises(IntegrityError), transaction.atomic():
        plan(frequency="yearly")
    with pytest.raises(ValidationError, match="already"):
        CommunicationPlan(frequency="yearly", method="phone", goal_zh="x", goal_en="x").full_clean()
    plan(tier=Tier.objects.get(code="vip"))


def test_as_the_customer_prefers_is_the_contact_they_preferred(bare, agent):
    called, written = (CustomerFactory(team=bare, phone=f"1381234000{n}", email=f"a{n}@example.com") for n in range(2))
    nobody = CustomerFactory(team=bare)
    written.contacts.filter(kind="phone").update(preferred=False)
    plan(method="preferred")
    nights(NOW, 31)
    assert {task.customer: task.reason["method"] for task in tasks()} == {
        called: "phone", written: "email", nobody: "preferred",
    }


def test_inactive_plans_and_merged_or_erased_customers_make_none(bare):
    merged, erased = CustomerFactory(team=bare), CustomerFactory(team=bare)
    Customer.objects.filter(pk=erased.pk).update(erased_at=NOW)
    Customer.objects.filter(pk=merged.pk).update(merged_into=erased)
    plan()
    CustomerFactory(team=bare)
    plan(method="meeting", is_active=False)
    nights(NOW, 31)
    assert not tasks(merged) and not tasks(erased) and not tasks().filter(plan__method="meeting")
    assert tasks().exists()


# --- Spread, once, one at a time --------------------------------------------------------------------------


def test_the_days_of_a_group_are_spread_evenly_over_the_working_days(bare):
    people = CustomerFactory.create_batch(84, team=bare)
    plan()
    start = night(10, 12)
    for number in range(45):
        plans.make_tasks(now=start + DAY * number)
        tasks().filter(due_on__lte=timezone.localdate(start + DAY * number)).update(done_at=start)
    found = tasks().filter(reason__period="2026-11")
    per_day = [found.filter(due_on=day).count() for day in set(found.values_list("due_on", flat=True))]
    assert found.count() == len(people) and len(per_day) == 21 and set(per_day) == {4}


def test_a_second_run_makes_none_and_ranges_make_the_same(bare):
    CustomerFactory.create_batch(30, team=bare)
    plan()
    first = plans.make_tasks(now=NOW, batch=7)
    assert first == tasks().count() > 0
    assert plans.make_tasks(now=NOW) == plans.make_tasks(now=NOW + timedelta(hours=3), batch=1000) == 0
    Task.objects.all().delete()
    assert plans.make_tasks(now=NOW) == first


def test_missed_nights_are_made_up_for_and_nothing_begins_late(bare):
    CustomerFactory.create_batch(21, team=bare)
    plan()
    late = night(11, 13)
    plans.make_tasks(now=late)
    due = set(tasks().values_list("due_on", flat=True))
    assert min(due) >= timezone.localdate(late) and len(due) > 5


def test_while_one_is_open_no_second_is_made_and_after_it_the_next_comes(bare, agent):
    customer = CustomerFactory(team=bare)
    plan()
    nights(NOW, 90)
    assert tasks(customer).count() == 1
    freshness.close(tasks(customer).get(), by=agent, note="已通话", now=NOW + 90 * DAY)
    nights(NOW + 90 * DAY, 31)
    assert tasks(customer).count() == 2 and len(set(tasks(customer).values_list("key", flat=True))) == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_each_task_once(bare):
    CustomerFactory.create_batch(40, team=bare)
    plan()
    barrier, made, wrong = threading.Barrier(2), [], []

    def work():
        try:
            barrier.wait(10)
            made.append(plans.make_tasks(now=NOW, batch=9))
        except Exception as error:  # told below, in the thread that can fail
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not wrong and sum(made) == tasks().count() == Task.history.count() > 0
    assert plans.make_tasks(now=NOW) == 0


# --- Consent ----------------------------------------------------------------------------------------------


def test_whom_the_gate_refuses_gets_no_task_and_nobody_else_is_left_out(bare):
    words = list(product(("care", "service", "marketing"), ("any", "phone", "email"), (True, False)))
    for first, second in [(None, None), *((word, None) for word in words), *product(words, words)]:
        customer = CustomerFactory(team=bare)
        for at, word in enumerate(filter(None, (first, second))):
            Consent.objects.create(
                customer=customer, purpose=word[0], channel=word[1], given=word[2], wording="x", way="x",
                at=NOW - DAY * (9 - at),
            )
    plan()
    nights(NOW, 31)
    wanted = {c.pk for c in Customer.objects.all() if consent.may_plan(c, channel="phone")}
    assert set(tasks().values_list("customer", flat=True)) == wanted
    assert 0 < len(wanted) < Customer.objects.count()


def test_a_consent_withdrawn_afterwards_settles_the_open_task_and_counts_for_nothing(bare):
    customer = CustomerFactory(team=bare)
    plan()
    nights(NOW, 31)
    task = tasks(customer).get()
    consent.record(customer=customer, purpose="care", given=False, wording="请停止", way="电话", now=NOW + 32 * DAY)
    plans.make_tasks(now=NOW + 32 * DAY)
    task.refresh_from_db()
    assert task.done_at and task.done_by is None and task.history.count() == 2
    assert plans.coverage(Task.objects.all(), task.due_on) == plans.Coverage(0, 0, 0)


def test_a_plan_switched_off_settles_what_it_left_open(bare):
    CustomerFactory(team=bare)
    row = plan()
    nights(NOW, 31)
    row.is_active = False
    row.save()
    plans.make_tasks(now=NOW + 32 * DAY)
    assert not tasks().filter(done_at=None)


# --- Figures ----------------------------------------------------------------------------------------------


def test_coverage_tells_due_done_and_late(bare, agent):
    customer, row = CustomerFactory(team=bare), plan()
    days = {"a": date(2026, 11, 3), "b": date(2026, 11, 10), "c": date(2026, 11, 24), "d": date(2026, 10, 9)}
    for key, day in days.items():
        Task.objects.create(customer=customer, kind="contact", key=key, plan=row, due_on=day)
    Task.objects.create(customer=customer, kind="update", key="u", due_on=date(2026, 11, 3))
    freshness.close(Task.objects.get(key="a"), by=agent)
    assert plans.coverage(Task.objects.all(), date(2026, 11, 12)) == plans.Coverage(due=3, done=1, late=2)


@pytest.mark.parametrize(
    ("frequency", "name", "first", "last"),
    [("monthly", "2026-12", 1, 31), ("quarterly", "2026-Q4", 8, 31), ("half_yearly", "2026-H2", 1, 31),
     ("yearly", "2026", 4, 31)],
)  # fmt: skip
def test_periods_hold_their_working_days_and_reach_the_end_of_the_year(ground, frequency, name, first, last):
    period = plans.period_of(frequency, date(2026, 12, 31))
    assert (period.name, period.days[0].day, period.days[-1].day) == (name, first, last)
    assert list(period.days) == sorted(period.days) and date(2026, 12, 26) not in period.days


def test_contacts_that_are_not_valid_are_not_preferred(bare, agent):
    customer = CustomerFactory(team=bare, phone="13812340001", email="a@example.com")
    profile.invalidate(customer.contacts.get(kind="phone"), by=agent)
    plan(method="preferred")
    nights(NOW, 31)
    assert {task.reason["method"] for task in tasks(customer)} == {"email"}


# --- Administration ---------------------------------------------------------------------------------------


def test_the_admin_reads_who_how_often_how_and_what_for_and_no_second_of_one_method_is_saved(team, admin, signed_in):
    client = signed_in(admin)
    url = reverse("admin:customers_communicationplan_changelist")
    page = client.get(url).content.decode()
    goal = CommunicationPlan.objects.get(tier__code="important").goal_en
    for words in ("VIP", "Important", "monthly", "meeting", goal):
        assert words in page
    row = CommunicationPlan.objects.get(tier__code="vip", method="phone")
    data = {
        "tier": row.tier_id, "service": "", "frequency": "yearly", "method": "phone", "goal_zh": "问候",
        "goal_en": "Hello", "is_active": "on",
    }  # fmt: skip
    refused = client.post(reverse("admin:customers_communicationplan_add"), data)
    assert refused.status_code == 200 and "have a plan with this method already" in refused.content.decode()
    client.post(reverse("admin:customers_communicationplan_change", args=[row.pk]), data)
    row.refresh_from_db()
    assert (row.frequency, row.history.first().history_user) == ("yearly", admin)
    assert client.post(reverse("admin:customers_communicationplan_delete", args=[row.pk])).status_code == 403
