"""A technician who falls ill: others come at the agreed time, which is told one by one and undone."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from desk import leaving
from staff import absences
from staff.floor_models import Absence
from tests.factories import CustomerFactory, TicketFactory, UserFactory
from tests.visits.conftest import ADDRESS, at
from visits import flow, standing_in, windows
from visits.models import State, Technician


@pytest.fixture
def mate(field_team):
    user = UserFactory(username="ma", display_name="马超", team=field_team)
    return Technician.objects.create(user=user, team=field_team, areas="浦东", per_day=2)


@pytest.fixture
def ill(technician, lead):
    """ill(until) → the absence of 高峰 from Monday 9:30 on."""

    def make(until=None):
        return absences.record(
            user=technician.user, starts_at=at(16, 9, 30), ends_at=until or at(17, 18), kind="sick",
            plan=Absence.Plan.QUEUE, by=lead, now=at(16, 9, 30),
        )

    return make


def who_goes(*visits):
    for visit in visits:
        visit.refresh_from_db()
    return [str(visit.technician) for visit in visits]


def test_the_visits_of_somebody_away_are_kept_by_others_and_come_back(
    appointed, planned, technician, mate, ill, agent, lead, team
):
    agreed = appointed()
    offered = flow.dispatch(
        planned(), technician=technician, starts_at=at(16, 14), ends_at=at(16, 16), by=agent, now=at(16, 9, 20)
    )
    third = flow.dispatch(
        planned(), technician=technician, starts_at=at(17, 14), ends_at=at(17, 16), by=agent, now=at(16, 9, 20)
    )
    later = flow.dispatch(
        planned(), technician=technician, starts_at=at(18, 10), ends_at=at(18, 12), by=agent, now=at(16, 9, 20)
    )
    other = TicketFactory(customer=CustomerFactory(team=team), by=agent)
    busy = flow.request(other, kind="repair", address=ADDRESS, by=agent, now=at(16, 9))
    flow.dispatch(busy, technician=mate, starts_at=at(17, 15), ends_at=at(17, 17), by=agent, now=at(16, 9, 25))

    absence = ill()
    leaving.begin(absence, now=at(16, 9, 30))
    row = absence.transfers.get()
    assert who_goes(agreed, offered, third, later) == ["马超", "马超", "高峰", "高峰"]  # 马超 is taken on the 17th
    assert [(one["what"], "why" in one) for one in row.rows] == [("visit", False), ("visit", False), ("visit", True)]
    assert (agreed.state, offered.state) == (State.APPOINTED, State.DISPATCHED)
    assert set(mate.user.notifications.values_list("kind", flat=True)) == {"visit_dispatched"}

    flow.set_out(agreed, by=mate.user, now=at(16, 9, 40))
    leaving.undo(row, by=lead, now=at(16, 9, 50))
    row.refresh_from_db()
    assert who_goes(agreed, offered) == ["马超", "高峰"]  # whoever is on the way ends it
    assert [one["id"] for one in row.kept] == [agreed.pk]


def test_nobody_who_is_away_too_far_off_or_full_is_chosen(appointed, technician, mate, lead):
    visit, leaver = appointed(), technician.user

    def chosen():
        return [to for _visit, to in standing_in.choices(leaver, [visit])]

    assert chosen() == [mate]
    Technician.objects.filter(pk=mate.pk).update(areas="松江")
    assert chosen() == [None]
    Technician.objects.filter(pk=mate.pk).update(areas="", per_day=0)
    assert chosen() == [None]
    Technician.objects.filter(pk=mate.pk).update(per_day=4)
    absences.record(
        user=mate.user, starts_at=at(16, 8), ends_at=at(16, 12), kind="leave", plan=Absence.Plan.QUEUE, by=lead,
        now=at(16, 7),
    )
    assert chosen() == [None]
    free = windows.free([mate], minutes=timedelta(hours=2), now=at(16, 9), address=ADDRESS)
    assert free[0].starts_at >= at(16, 12)
    assert any("away" in said for said in windows.warnings(mate, at(16, 10), at(16, 12), visit=visit))


def test_the_preview_says_who_would_go_and_the_floor_offers_what_came_since(
    signed_in, planned, technician, mate, supervisor, agent
):
    start = windows.free([technician], minutes=timedelta(hours=2), now=timezone.now())[0].starts_at
    visit = flow.dispatch(
        planned(), technician=technician, starts_at=start, ends_at=start + timedelta(hours=2), by=agent
    )
    client, ends = signed_in(supervisor), timezone.localtime() + timedelta(days=9)
    form = {
        "user": technician.user_id, "kind": "sick", "plan": "queue", "ends_at": ends.strftime("%Y-%m-%dT%H:%M"),
        "starts_at": timezone.localtime().strftime("%Y-%m-%dT%H:%M"),
    }
    shown = client.post(reverse("desk:absence_preview"), form).content.decode()
    assert visit.number in shown and "马超 goes" in shown
    assert who_goes(visit) == ["高峰"]  # a preview writes nothing

    absences.record(
        user=technician.user, starts_at=timezone.now() - timedelta(hours=1), ends_at=ends, kind="sick",
        plan=Absence.Plan.QUEUE, by=supervisor,
    )
    page = client.get(reverse("desk:floor"), {"whose": "team"}).content.decode()
    assert visit.number in page
    told = client.post(reverse("desk:person_transfer", args=[technician.user_id]), {"plan": "queue"}, follow=True)
    assert visit.number in told.content.decode() and who_goes(visit) == ["马超"]
