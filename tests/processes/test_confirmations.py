"""The signed link: what breaks it, that it is answered once, and what a changed plan does to it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from processes import confirmations, running
from processes.models import Confirmation, Invitation, Process, Step
from tests.processes.conftest import PLAN
from tickets import sla


def test_a_tampered_link_says_so_kindly(client, invited):
    broken = invited.path[:-3] + ("aa/" if not invited.path.endswith("aa/") else "bb/")
    answer = client.get(broken)
    assert answer.status_code == 404 and PLAN not in answer.content.decode()
    assert client.post(broken, {"answer": "accept"}).status_code == 404 and not Confirmation.objects.exists()


def test_an_expired_link_takes_no_answer_and_a_new_one_is_sent(client, invited, agent):
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(invited.path).status_code == 410
    assert client.post(invited.path, {"answer": "accept"}).status_code == 410 and not Confirmation.objects.exists()
    again = confirmations.invite(invited.row.process, by=agent, root="https://desk.example/")
    assert again.pk != invited.row.pk
    assert confirmations.invite(invited.row.process, by=agent, root="https://desk.example/").pk == again.pk


def test_a_used_link_shows_what_was_answered_and_takes_nothing_more(client, invited):
    assert client.post(invited.path, {"answer": "decline"}).status_code == 422
    answer = client.post(invited.path, {"answer": "decline", "words": "请改到周四"})
    assert "请改到周四" in answer.content.decode()
    client.post(invited.path, {"answer": "accept"})
    row = Confirmation.objects.get()
    assert not row.accepted and "请改到周四" in client.get(invited.path).content.decode()
    assert Step.objects.get(stage="confirmation").done_at is None


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_one_stands(invited):
    def answer(accepted):
        try:
            row = confirmations.answer_link(invited.row, accepted=accepted, words="同时")
            return row.pk, row.accepted
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        got = set(pool.map(answer, [True, False, True, False]))
    assert len(got) == 1 == Confirmation.objects.count()


def test_a_changed_plan_voids_the_confirmation_and_the_link(client, invited, agent, step):
    process = invited.row.process
    running.write_plan(process, text=PLAN + "改到周四。", by=agent)
    process.refresh_from_db()
    assert process.state == "running" and not process.ticket.waiting_customer
    assert client.get(invited.path).status_code == 409
    assert client.post(invited.path, {"answer": "accept"}).status_code == 409 and not Confirmation.objects.exists()
    second = confirmations.invite(process, by=agent, root="https://desk.example/")
    confirmations.answer_link(second, accepted=True)
    running.complete(step("execution"), by=agent, result="已更换")
    assert running.write_plan(process, text=PLAN + "改到周四。", by=agent).confirmed()  # the same text changes nothing
    running.write_plan(process, text="另一个方案", by=agent)
    with pytest.raises(running.StepRefused, match="not confirmed"):
        running.complete(step("feedback"), by=agent)
    with pytest.raises(running.StepRefused, match="not confirmed"):
        running.note(process, what="x", by=agent)
    assert step("execution").done_at and step("confirmation").started_at and step("feedback").started_at is None
    confirmations.answer_link(confirmations.invite(process, by=agent, root="https://desk.example/"), accepted=True)
    running.complete(step("feedback"), by=agent)
    process.refresh_from_db()
    assert process.state == Process.State.DONE


def test_the_clock_waits_as_long_as_the_customer_does(invited, ticket):
    timer = ticket.timers.get(metric="resolution")
    assert timer.state == "paused"
    confirmations.answer_link(invited.row, accepted=True)
    timer.refresh_from_db()
    assert timer.state == "running" and timer.due_at


def test_a_paused_ticket_can_be_asked_about_all_the_same(planned, ticket, agent):
    sla.pause(ticket, by=agent, reason="客户出差")
    assert confirmations.invite(planned, by=agent, root="https://desk.example/").pk


def test_the_public_page_turns_away_a_flood(client, invited, settings):
    codes = [client.get(invited.path).status_code for _try in range(32)]
    assert codes[:30] == [200] * 30 and codes[-1] == 429
