from datetime import timedelta

import pytest
from django.utils import timezone

from customers import freshness, profile
from customers.models import Customer, Task, Tier
from tests.factories import CustomerFactory


def days_ago(n):
    return timezone.localdate() - timedelta(days=n)


@pytest.fixture
def stale(team, agent):
    Tier.objects.update(fresh_days=100)
    return CustomerFactory(team=team, verified_on=days_ago(101), account_manager=agent)


def test_a_stale_profile_makes_one_task_for_its_manager(stale, team, agent):
    CustomerFactory(team=team, verified_on=days_ago(100))
    assert freshness.make_tasks() == (1, 0)
    task = Task.objects.get()
    assert (task.customer, task.kind, task.assignee) == (stale, "update", agent)
    assert task.due_on > timezone.localdate() and task.history.count() == 1


def test_running_again_changes_nothing(stale):
    freshness.make_tasks()
    assert freshness.make_tasks() == (0, 0)
    assert Task.objects.count() == 1


def test_a_profile_never_verified_is_as_old_as_the_archive(stale, team):
    Customer.objects.filter(pk=stale.pk).update(verified_on=None, since=days_ago(500))
    CustomerFactory(team=team, since=days_ago(10))
    freshness.make_tasks()
    assert [task.customer for task in Task.objects.all()] == [stale]


def test_each_tier_has_its_own_days(stale, team):
    Tier.objects.filter(code="vip").update(fresh_days=30)
    vip = CustomerFactory(team=team, vip=True, verified_on=days_ago(31))
    freshness.make_tasks()
    assert {task.customer for task in Task.objects.all()} == {stale, vip}
    assert freshness.is_stale(vip)


def test_a_verified_profile_closes_its_task_and_may_grow_stale_again(stale, agent):
    freshness.make_tasks()
    profile.verify(stale, by=agent)
    assert freshness.make_tasks() == (0, 0)
    assert freshness.make_tasks(now=timezone.now() + timedelta(days=102)) == (1, 0)
    assert Task.objects.filter(done_at=None).count() == 1


def test_a_profile_verified_by_a_file_settles_its_task(stale):
    freshness.make_tasks()
    Customer.objects.filter(pk=stale.pk).update(verified_on=days_ago(0))
    assert freshness.make_tasks() == (0, 1)
    assert Task.objects.get().history.count() == 2


def test_a_task_put_aside_asks_again_after_a_further_period(stale, agent):
    freshness.make_tasks()
    freshness.close(Task.objects.get(), by=agent, note="联系不上")
    assert freshness.make_tasks() == (0, 0)
    assert freshness.make_tasks(now=timezone.now() + timedelta(days=100)) == (1, 0)


def test_merged_and_erased_archives_make_no_tasks(stale, team):
    other = CustomerFactory(team=team)
    Customer.objects.filter(pk=stale.pk).update(merged_into=other)
    assert freshness.make_tasks() == (0, 0)


def test_the_rate_counts_fresh_profiles_in_sight(stale, team, other_team, agent):
    CustomerFactory(team=team, verified_on=days_ago(1))
    CustomerFactory(team=team, verified_on=days_ago(2))
    CustomerFactory(team=other_team, verified_on=days_ago(500))
    rate = freshness.rate_for(agent)
    assert (rate.fresh, rate.total, rate.percent) == (2, 3, 66.7)


def test_the_rate_costs_few_queries_and_is_kept(stale, agent, django_assert_num_queries):
    with django_assert_num_queries(3):
        freshness.rate_for(agent)
    with django_assert_num_queries(0):
        freshness.rate_for(agent)
