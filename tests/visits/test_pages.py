"""The board, the panel of a ticket, one visit with its slip, and a technician's own day."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.visits.conftest import ADDRESS
from visits import flow
from visits.models import State, Visit

HTMX = {"HX-Request": "true"}


@pytest.fixture
def tomorrow():
    return (timezone.localtime() + timedelta(days=1)).replace(hour=10, minute=0, second=0, microsecond=0)


def moment(at):
    return timezone.localtime(at).strftime("%Y-%m-%dT%H:%M")


def test_an_agent_plans_dispatches_and_agrees_from_the_ticket(ticket, agent, technician, signed_in, tomorrow):
    client, plan = signed_in(agent), reverse("desk:visit_plan", args=[ticket.pk])
    refused = client.post(plan, {"kind": "", "task": "换滤芯"}, headers=HTMX)
    assert refused.status_code == 422 and "换滤芯" in refused.content.decode()
    address = ticket.customer.contacts.get(kind="address").pk
    given = {"kind": "repair", "known_address": address, "task": "换滤芯", "key": "abc123", "phone": "13912345678"}
    for _n in range(2):
        assert client.post(plan, given, headers=HTMX).status_code == 200
    visit = Visit.objects.get()
    offered = client.get(reverse("visits:visit", args=[visit.pk])).content.decode()
    assert f'<option value="{technician.pk}|' in offered  # the next free windows of whoever serves the team
    assert (visit.address, visit.address_masked) == (ADDRESS, "上海市浦东新区***")

    def step(act, **data):
        return client.post(reverse("desk:visit_step", args=[ticket.pk, visit.pk, act]), data, headers=HTMX)

    night = tomorrow.replace(hour=22)
    window = {"technician": technician.pk, "starts_at": moment(night), "ends_at": moment(night + timedelta(hours=1))}
    warned = step("dispatch", **window)
    assert warned.status_code == 422 and "does not work" in warned.content.decode()
    assert step("dispatch", **window, anyway="on").status_code == 200
    chosen = step("appoint", starts_at=moment(night), ends_at=moment(night + timedelta(hours=1)), anyway="on")
    assert chosen.status_code == 200 and "appointment agreed" in chosen.content.decode()
    panel = client.get(reverse("desk:ticket_work", args=[ticket.pk])).content.decode()
    assert visit.number in panel and "高峰" in panel and ADDRESS not in panel
    page = client.get(reverse("desk:ticket", args=[ticket.pk])).content.decode()
    assert f"dispatched visit {visit.number} to 高峰" in page


def test_a_technician_works_through_the_day_on_their_own_pages(appointed, technician, signed_in, agent, ticket):
    visit = appointed()
    now = timezone.localtime().replace(minute=0, second=0, microsecond=0)
    Visit.objects.filter(pk=visit.pk).update(starts_at=now, ends_at=now + timedelta(hours=2))
    client = signed_in(technician.user)
    own = client.get(reverse("visits:mine")).content.decode()
    assert visit.number in own and ADDRESS not in own
    assert client.get(reverse("desk:ticket", args=[ticket.pk])).status_code == 404
    for act in ("set_out", "arrive"):
        answer = client.post(reverse("visits:step", args=[visit.pk, act]), {"back": "mine"})
        assert answer.url == reverse("visits:mine")
    shown = client.post(reverse("visits:address", args=[visit.pk])).content.decode()
    assert ADDRESS in shown and "13912345678" in shown
    assert client.post(reverse("visits:step", args=[visit.pk, "cancel"]), {"reason": "x"}).status_code == 403
    slip = {
        "work": "", "charges": "0", "result": "done", "signed_how": "paper", "signed_by": "王小雨", "satisfaction": "5",
        "arrived_at": moment(now - timedelta(hours=2)), "left_at": moment(now - timedelta(hours=1)), "opinion": "很快",
    }
    address = reverse("visits:slip", args=[visit.pk])
    assert client.get(address).status_code == 404
    refused = client.post(address, slip)
    assert refused.status_code == 422 and "很快" in refused.content.decode()
    assert client.post(address, slip | {"work": "换好了"}).status_code == 302
    printed = client.get(address).content.decode()
    assert f"W-{visit.pk:04d}-1" in printed and "换好了" in printed and "5 / 5" in printed
    assert signed_in(agent).post(address, slip | {"work": "换好并清洗", "correction": "漏写"}).status_code == 302
    assert [row.version for row in Visit.objects.get().slips.all()] == [2, 1]


def test_the_board_groups_a_day_by_technician_at_constant_cost(
    planned, technician, agent, signed_in, tomorrow, django_assert_max_num_queries, outsider
):
    def dispatched(hour):
        return flow.dispatch(
            planned(), technician=technician, starts_at=tomorrow.replace(hour=hour),
            ends_at=tomorrow.replace(hour=hour + 1), by=agent,
        )

    there, waiting = [dispatched(9), dispatched(10), dispatched(14)], planned(kind="delivery")
    client, address = signed_in(agent), reverse("visits:board")
    with django_assert_max_num_queries(12):
        page = client.get(address, {"day": f"{tomorrow:%Y-%m-%d}"}).content.decode()
    assert "3 of 3" in page and all(visit.number in page for visit in [*there, waiting])
    filtered = client.get(address, {"day": f"{tomorrow:%Y-%m-%d}", "kind": "delivery"}).content.decode()
    assert waiting.number in filtered and there[0].number not in filtered
    assert client.get(address, {"day": "soon", "team": "x", "after": "-1"}).status_code == 200
    stranger = signed_in(outsider)
    assert "V-" not in stranger.get(address, {"day": f"{tomorrow:%Y-%m-%d}"}).content.decode()
    assert stranger.get(reverse("visits:visit", args=[there[0].pk])).status_code == 404
    clash = client.post(
        reverse("visits:step", args=[waiting.pk, "dispatch"]),
        {"technician": technician.pk, "starts_at": moment(there[0].starts_at), "ends_at": moment(there[0].ends_at),
         "anyway": "on"},
    )
    assert clash.status_code == 422 and there[0].number in clash.content.decode()
    assert Visit.objects.get(pk=waiting.pk).state == State.REQUESTED
