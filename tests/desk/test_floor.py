"""The pages of the floor: hand-over, roster, absences and announcements, as agents and leads use them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import time, timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from desk import shift_list
from staff import announcing, handing_over, rosters
from staff.floor_models import Absence, Announcement, Duty, HandOver, HandOverReceipt, Receipt, Shift
from tests.factories import CustomerFactory, TicketFactory, UserFactory, make_late
from tickets import routing, snoozing
from tickets.models import Post, Ticket


@pytest.fixture
def shifts(team):
    """Three shifts around the clock, so that one always runs."""
    rows = [("早班", "Early", 6, 14, "blue"), ("晚班", "Late", 14, 22, "amber"), ("夜班", "Night", 22, 6, "violet")]
    return [
        Shift.objects.create(team=team, name_zh=zh, name_en=en, starts=time(start), ends=time(end), colour=colour)
        for zh, en, start, end, colour in rows
    ]


def moment(at):
    return timezone.localtime(at).strftime("%Y-%m-%dT%H:%M")


def test_the_list_gathers_what_the_next_shift_must_know_each_with_its_reasons(team, shifts, agent, lead):
    now = timezone.now()
    customer = CustomerFactory(team=team)
    late, told, aside, quiet, kept = (TicketFactory(customer=customer, subject=f"事项{n}") for n in range(5))
    vip = TicketFactory(customer=CustomerFactory(team=team, vip=True))
    Ticket.objects.update(due_at=now + timedelta(days=9))
    make_late(late)
    for ticket in (told, kept):
        Post.objects.create(
            ticket=ticket, kind="reply", channel="mail", body="稍后答复", author=agent,
            next_update_at=now + timedelta(minutes=5),
        )
    Post.objects.create(ticket=kept, kind="reply", channel="mail", body="已解决", author=agent)
    snoozing.snooze(aside, until=now + timedelta(minutes=30), by=agent)
    found = {one.ticket.pk: one.reasons for one in shift_list.gather(lead, team, own=False).matters}
    assert found == {late.pk: ["overdue"], told.pk: ["promised"], aside.pk: ["snoozed"], vip.pk: ["vip"]}
    assert quiet.pk not in found
    routing.claim(told, by=agent)
    assert [one.ticket for one in shift_list.gather(agent, team, own=True).matters] == [told]


def test_a_shift_is_handed_over_with_remarks_and_confirmed_by_one(team, shifts, agent, lead, specialist, signed_in):
    ticket = TicketFactory(customer=CustomerFactory(team=team), late=True)
    page = signed_in(lead).get(reverse("desk:floor"))
    form = {"team": team.pk, "whose": "team", f"remark-{ticket.pk}": "客户 16:30 前等回电"}
    refused = signed_in(lead).post(reverse("desk:floor"), form)
    assert refused.status_code == 422
    assert "客户 16:30 前等回电" in refused.content.decode()
    form["key"] = page.context["form"]["key"].value()
    for _twice in range(2):
        assert signed_in(lead).post(reverse("desk:floor"), form).status_code == 302
    row = HandOver.objects.get()
    assert [(line.ticket_id, line.reasons, line.remark) for line in row.lines.all()] == [
        (ticket.pk, ["overdue"], "客户 16:30 前等回电")
    ]
    with pytest.raises(handing_over.ReceiptRefused):
        handing_over.receive(row, by=lead)
    signed_in(agent).post(reverse("desk:handover_receive", args=[row.pk]))
    late = signed_in(specialist).post(reverse("desk:handover_receive", args=[row.pk]), follow=True)
    assert row.receipt.by == agent
    assert "李娜" in [str(message) for message in late.context["messages"]][0]
    record = signed_in(agent).get(reverse("desk:handover", args=[row.pk])).content.decode()
    assert "客户 16:30 前等回电" in record
    assert ticket.subject in record


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_take_over_at_once_one_does_and_the_others_learn_who(team, lead):
    row = handing_over.hand_over(team=team, shift=None, until=timezone.now(), lines=[], by=lead, key="a")
    people = UserFactory.create_batch(8, team=team)

    def take(user):
        try:
            handing_over.receive(row, by=user)
            return ""
        except handing_over.ReceiptRefused as refused:
            return str(refused)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(take, people))
    assert answers.count("") == 1
    winner = str(HandOverReceipt.objects.get().by)
    assert all(winner in answer for answer in answers if answer)


def test_the_roster_is_filled_by_the_lead_copied_and_never_overlaps(
    team, shifts, agent, lead, signed_in, django_assert_max_num_queries
):
    early, late_, night = shifts
    long = Shift.objects.create(team=team, name_zh="长白", name_en="Long", starts=time(8), ends=time(20))
    monday = rosters.monday_of(timezone.localdate())
    cell = {"team": team.pk, "week": monday, "user": agent.pk, "date": monday, "shift": early.pk}
    assert signed_in(agent).post(reverse("desk:duty_add"), cell).status_code == 403
    assert signed_in(lead).post(reverse("desk:duty_add"), cell).status_code == 302
    refused = signed_in(lead).post(reverse("desk:duty_add"), cell | {"shift": long.pk})
    assert refused.status_code == 422
    rosters.assign(user=agent, shift=night, day=monday - timedelta(days=1))  # until 6:00 of Monday
    with pytest.raises(rosters.DutyRefused):
        rosters.assign(user=agent, shift=long, day=monday)

    nxt = monday + rosters.WEEK
    copied = {"team": team.pk, "week": nxt}
    for _twice in range(2):
        signed_in(lead).post(reverse("desk:roster_copy"), copied)
    assert list(Duty.objects.filter(date__gte=nxt).values_list("shift__name_zh", "date")) == [("早班", nxt)]
    address, client = f"{reverse('desk:roster')}?week={monday}", signed_in(agent)
    with django_assert_max_num_queries(12):
        shown = client.get(address).content.decode()
    assert "Early" in shown
    assert reverse("desk:duty_add") not in shown


def test_an_absence_is_recorded_with_its_preview_and_ends_early(team, agent, lead, signed_in):
    ticket = TicketFactory(customer=CustomerFactory(team=team))
    routing.claim(ticket, by=agent)
    now = timezone.now()
    form = {
        "user": agent.pk, "kind": "leave", "starts_at": moment(now - timedelta(minutes=5)), "plan": "deputy",
        "ends_at": moment(now + timedelta(days=2)), "deputy": "", "note": "年假",
    }
    assert signed_in(agent).post(reverse("desk:absences"), form).status_code == 403
    refused = signed_in(lead).post(reverse("desk:absences"), form)
    assert refused.status_code == 422
    assert "年假" in refused.content.decode()
    form["deputy"] = lead.pk
    assert "王强" in signed_in(lead).post(reverse("desk:absence_preview"), form).content.decode()
    done = signed_in(lead).post(reverse("desk:absences"), form, follow=True)
    ticket.refresh_from_db()
    assert ticket.owner == lead
    assert ticket.number in done.content.decode()
    absence = Absence.objects.get()
    assert "年假" in signed_in(agent).get(reverse("desk:absences")).content.decode()
    signed_in(lead).post(reverse("desk:transfer_undo", args=[absence.transfers.get().pk]))
    signed_in(lead).post(reverse("desk:absence_end", args=[absence.pk]))
    ticket.refresh_from_db()
    absence.refresh_from_db()
    assert ticket.owner == agent
    assert absence.ends_at <= timezone.now()


def test_an_announcement_stands_on_every_page_until_it_is_acknowledged(
    team, other_team, agent, lead, specialist, outsider, signed_in, django_capture_on_commit_callbacks
):
    form = {
        "title_en": "New refund rule", "body_en": "Two signatures above 500.", "teams": [other_team.pk],
        "ends_at": moment(timezone.now() + timedelta(days=1)), "must_acknowledge": "on",
    }
    assert signed_in(lead).post(reverse("desk:announcements"), form).status_code == 422  # not a team of theirs
    signed_in(lead).post(reverse("desk:announcements"), form | {"teams": [team.pk]})
    row = Announcement.objects.get()
    client, page = signed_in(agent), reverse("desk:customers")
    assert "New refund rule" in client.get(page).content.decode()
    assert "New refund rule" not in signed_in(outsider).get(page).content.decode()
    assert signed_in(outsider).get(reverse("desk:announcement", args=[row.pk])).status_code == 404
    for _twice in range(2):
        client.post(reverse("desk:announcement_acknowledge", args=[row.pk]))
    assert "New refund rule" not in client.get(page).content.decode()
    assert Receipt.objects.get().user == agent
    shown = signed_in(lead).get(reverse("desk:announcement", args=[row.pk]))
    assert {str(person): bool(at) for person, at in shown.context["readers"]} == {"李娜": True, "周敏": False}
    assert [one.pk for one in announcing.waiting(specialist)] == [row.pk]
    with django_capture_on_commit_callbacks(execute=True):
        announcing.end(row, by=lead)
    assert announcing.waiting(specialist) == []


def test_a_hand_over_of_another_team_is_not_there(team, lead, outsider, signed_in):
    row = handing_over.hand_over(team=team, shift=None, until=timezone.now(), lines=[], by=lead, key="b")
    assert signed_in(outsider).get(reverse("desk:handover", args=[row.pk])).status_code == 404
    assert signed_in(outsider).post(reverse("desk:handover_receive", args=[row.pk])).status_code == 404
    assert not HandOverReceipt.objects.exists()
