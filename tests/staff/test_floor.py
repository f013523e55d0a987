"""Who is here: shifts that pass midnight, absences, and deputies who are away themselves."""

from datetime import date, datetime, time, timedelta

import pytest
from django.utils import timezone

from staff import floor
from staff.models import Absence, Duty, Shift
from tests.factories import UserFactory

ZONE = timezone.get_default_timezone()
NIGHT = datetime(2026, 3, 3, 23, 30, tzinfo=ZONE)


@pytest.fixture
def away():
    def away(user, deputy=None, start=NIGHT - timedelta(hours=1), end=NIGHT + timedelta(hours=5)):
        return Absence.objects.create(user=user, deputy=deputy, starts_at=start, ends_at=end)

    return away


def test_a_shift_past_midnight_is_worked_until_it_ends_by_whoever_is_not_away(team, agent, lead, away):
    night = Shift.objects.create(team=team, name_zh="夜班", name_en="Night", starts=time(22), ends=time(6))
    day = Shift.objects.create(team=team, name_zh="早班", name_en="Early", starts=time(6), ends=time(14))
    for user in (agent, lead):
        Duty.objects.create(user=user, shift=night, date=NIGHT.date())
    Duty.objects.create(user=agent, shift=day, date=NIGHT.date())
    away(lead, end=NIGHT + timedelta(hours=2))

    def here(at):
        return [user.username for user in floor.on_duty(team, at)]

    assert here(NIGHT) == ["agent"]
    assert here(NIGHT + timedelta(hours=3)) == ["agent", "lead"]  # 2:30 of the next day
    assert here(datetime(2026, 3, 4, 6, tzinfo=ZONE)) == []
    assert here(datetime(2026, 3, 3, 6, tzinfo=ZONE)) == ["agent"]
    assert here(datetime(2026, 3, 3, 21, 59, tzinfo=ZONE)) == []
    assert night.span(date(2026, 3, 3))[1] == datetime(2026, 3, 4, 6, tzinfo=ZONE)


def test_stand_ins_follow_deputies_and_end_where_everybody_is_away(
    team, agent, lead, specialist, supervisor, away, django_assert_num_queries
):
    gone = UserFactory(team=team, is_active=False)
    one, two, three = UserFactory.create_batch(3, team=team)
    away(agent, lead), away(lead, specialist)  # noqa: B018 two of a chain
    away(one, two), away(two, one)  # noqa: B018 each other's deputies
    away(three, gone)
    with django_assert_num_queries(2):
        found = floor.stand_ins([agent.pk, lead.pk, specialist.pk, one.pk, three.pk], NIGHT)
    assert found == {
        agent.pk: specialist, lead.pk: specialist, specialist.pk: specialist, one.pk: None, three.pk: None,
    }
    assert floor.stand_in(supervisor, NIGHT) == supervisor
    assert floor.is_absent(agent, NIGHT)
    assert not floor.is_absent(agent, NIGHT + timedelta(hours=5))
