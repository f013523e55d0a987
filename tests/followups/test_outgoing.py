"""An outgoing call: five steps stamped by the telephone and the form, structured answers, and what follows."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.models import Event
from customers.models import Task
from followups import outgoing
from followups.models import Attempt, Callback, Outgoing
from messaging import telephony
from messaging.models import Call
from tickets.models import Kind

ANSWERS = {"timeliness": "5", "professionalism": "4", "effectiveness": "5", "attitude": "5", "words": "师傅准时"}


def dialled(client, user, name, pk):
    client.force_login(user)
    return client.post(reverse(f"followups:{name}", args=[pk]))


def test_a_call_about_a_ticket_is_stamped_by_telephone_and_form_and_told_on_its_timeline(client, resolved, agent):
    ticket = resolved(Kind.CONSULT)
    page = dialled(client, agent, "dial_ticket", ticket.pk).url
    assert dialled(client, agent, "dial_ticket", ticket.pk).url == page  # pressed twice
    row = Outgoing.objects.get()
    assert (row.call.direction, row.call.customer, list(row.call.steps)) == ("out", ticket.customer, ["prepare"])
    assert client.get(reverse("desk:intake")).url == page == client.get(
        reverse("desk:intake_call", args=[row.call_id])
    ).url
    telephony.take_in("answered", agent=agent)
    shown = client.get(page).content.decode()
    assert "138****1234" in shown and "13800001234" not in shown and "This is 李娜 of 客服中心" in shown
    draft = reverse("followups:call_draft", args=[row.pk])
    assert "State the matter" in client.post(draft, {"has_time": "yes"}).content.decode()
    assert set(Call.objects.get().steps) == {"prepare", "identify"}
    client.post(draft, {"has_time": "yes", "timeliness": "5"})
    assert set(Call.objects.get().steps) == {"prepare", "identify", "state", "explore"}
    assert 'value="5" ' in client.get(page).content.decode()
    refused = client.post(page, ANSWERS)
    assert refused.status_code == 422 and "师傅准时" in refused.content.decode()
    telephony.take_in("hung_up", agent=agent, side="customer")
    for _twice in range(2):
        assert client.post(page, ANSWERS | {"outcome": "reached", "has_time": "yes"}).url.endswith(f"/{ticket.pk}/")
    row.refresh_from_db()
    call = Call.objects.get()
    assert (row.result, row.has_time, row.timeliness, row.professionalism) == ("reached", True, 5, 4)
    assert (call.hung_up_by, "end" in call.steps, call.draft) == ("customer", True, {})
    assert call.ended_at and call.ringing_at < call.picked_up_at
    thread = client.get(reverse("desk:ticket_thread", args=[ticket.pk])).content.decode()
    assert "called the customer: Reached · 5 / 4 / 5 / 5" in thread and "师傅准时" in thread


def test_a_call_of_a_callback_is_its_attempt_and_archives(client, planned, specialist, agent):
    callback = planned(Kind.CONSULT)
    assert dialled(client, agent, "dial", callback.pk).status_code == 403  # the handler never calls back
    page = dialled(client, specialist, "dial", callback.pk).url
    data = ANSWERS | {"outcome": "satisfied", "score": "5", "customer_hung_up": "on", "seen": "0"}
    refused = client.post(page, data | {"words": "拨 13800005678"})
    assert refused.status_code == 422 and "Archiving needs a cause code" in refused.content.decode()
    assert client.post(page, data | {"cause": "information"}).status_code == 302
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.score, attempt.attitude, attempt.words) == ("satisfied", 5, 5, "师傅准时")
    callback.ticket.refresh_from_db()
    assert callback.ticket.is_archived and Callback.objects.get().state == "done"
    assert (Call.objects.get().hung_up_by, Outgoing.objects.get().result) == ("customer", "reached")


def test_a_service_record_is_audited_before_it_is_dialled(client, planned, specialist):
    callback = planned(Kind.SERVICE)
    assert dialled(client, specialist, "dial", callback.pk).url.endswith(f"/callbacks/{callback.pk}/")
    assert not Call.objects.exists()


def test_a_customer_task_is_called_about_and_who_is_in_a_call_makes_no_second_one(client, resolved, agent, customer):
    task = Task.objects.create(customer=customer, kind="contact", key="t", due_on=timezone.localdate(), assignee=agent)
    ticket = resolved(Kind.CONSULT)
    page = dialled(client, agent, "dial_task", task.pk).url
    with pytest.raises(outgoing.OutgoingRefused):
        outgoing.dial(by=agent, ticket=ticket, now=timezone.now() + timedelta(seconds=9))
    assert client.post(page, {"outcome": "no_answer"}).url == reverse("desk:customer_tasks")
    event = Event.objects.get(kind="called_out")
    assert (event.customer_id, event.ticket_id, event.data["result"]) == (customer.pk, None, "no_answer")


def test_the_task_that_a_call_was_about_is_ended_with_it_if_somebody_was_reached(client, customer, agent, resolved):
    task = Task.objects.create(customer=customer, kind="contact", key="t", due_on=timezone.localdate(), assignee=agent)
    page = dialled(client, agent, "dial_task", task.pk).url
    assert 'name="close_task"' in client.get(page).content.decode()
    client.post(page, {"outcome": "no_answer", "close_task": "on"})
    task.refresh_from_db()
    assert task.done_at is None  # nobody was reached: it goes on
    again = dialled(client, agent, "dial_task", task.pk).url
    client.post(again, {"outcome": "reached", "words": "下周再联系", "close_task": "on"})
    task.refresh_from_db()
    assert (task.done_by, task.note) == (agent, "下周再联系") and task.done_at
    about = resolved(Kind.CONSULT)
    assert 'name="close_task"' not in client.get(dialled(client, agent, "dial_ticket", about.pk).url).content.decode()


def test_nobody_is_dialled_without_a_number_and_nobody_sees_anothers_call(client, resolved, agent, lead, customer):
    ticket = resolved(Kind.CONSULT)
    page = dialled(client, agent, "dial_ticket", ticket.pk).url
    client.force_login(lead)
    assert client.get(page).status_code == 404
    customer.contacts.filter(kind="phone").delete()
    assert dialled(client, lead, "dial_ticket", ticket.pk).url.endswith(f"/tickets/{ticket.pk}/")
    assert Outgoing.objects.count() == 1
