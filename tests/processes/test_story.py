"""The service process by its pages: need → plan → the customer's confirmation → execution with its log → feedback."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from core.models import Event
from desk import timeline
from messaging import calls
from messaging.models import Message, Outbox
from processes.models import Confirmation, LogEntry, Process, Step, Template
from staff.models import Notification
from tests.processes.conftest import PLAN
from tickets import intake, workflow
from tickets.workflow import MoveRefused

HTMX = {"HX-Request": "true"}


@pytest.fixture
def do(ticket, signed_in, agent):
    """do("finish", {...}) acts in the panel as the agent, or as `by`."""

    def act(name, data=None, *, by=agent, status=200):
        answer = signed_in(by).post(reverse(f"desk:process_{name}", args=[ticket.pk]), data or {}, headers=HTMX)
        assert answer.status_code == status, answer.content.decode()[:2000]
        return answer.content.decode()

    return act


def finish(do, stage, **data):
    return do("finish", {"step": Step.objects.get(stage=stage).pk, **data})


def plan_it(do):
    do("start", {"template": Template.objects.get(kind="service").pk})
    finish(do, "need", result="要换接头")
    do("plan", {"plan": PLAN, "step": Step.objects.get(stage="plan").pk})


def link_in_the_mail():
    body = Outbox.objects.filter(key__startswith="process:").latest("pk").body
    return next(word for word in body.split() if "/confirm/" in word).replace("http://testserver", "")


def test_the_whole_story_ends_with_a_ticket_that_may_be_resolved(do, ticket, agent, client):
    plan_it(do)
    with pytest.raises(MoveRefused, match="Steps of the service process are open"):
        workflow.move(ticket, "audit_callback", by=agent)
    text = do("ask")
    ticket.refresh_from_db()
    assert ticket.waiting_customer and "w***@example.com" in text
    customer = Client(enforce_csrf_checks=True)
    page = customer.get(link_in_the_mail())
    assert PLAN in page.content.decode() and "王小雨" not in page.content.decode()
    token = {"csrfmiddlewaretoken": customer.cookies["csrftoken"].value}
    assert customer.post(link_in_the_mail(), {"answer": "accept"}).status_code == 403
    done = customer.post(link_in_the_mail(), {"answer": "accept", **token})
    assert done.status_code == 200 and 'name="answer"' not in done.content.decode()
    ticket.refresh_from_db()
    proof = Confirmation.objects.get()
    assert not ticket.waiting_customer and (proof.accepted, proof.how, proof.ip) == (True, "link", "127.0.0.1")
    assert proof.digest == Process.objects.get().digest()
    assert Notification.objects.get(kind="plan_accepted").user == agent
    do("log", {"what": "已联系张师傅"})
    finish(do, "execution", result="接头已更换，试水不漏")
    assert "接头已更换" in finish(do, "feedback", result="客户满意")
    ticket.refresh_from_db()
    assert Process.objects.get().state == "done" and ticket.holds == {}
    said = [entry.told for entry in LogEntry.objects.all()]
    assert said[1:] == ["已联系张师傅", "接头已更换，试水不漏"]
    assert said[0].startswith("signed link #") and proof.digest[:16] in said[0]
    with translation.override("zh-hans"):  # whoever reads it, in their language
        assert LogEntry.objects.all()[0].told.startswith("签名链接 #")
    workflow.move(ticket, "audit_callback", by=agent)
    kinds = Event.objects.filter(ticket_id=ticket.pk, subject_type="processes.process")
    assert [timeline.told(event) for event in kinds].count(None) == 0 and kinds.count() == 10


def test_nothing_is_carried_out_before_the_customer_has_confirmed(do, ticket):
    plan_it(do)
    assert "not confirmed" in finish_refused(do, "execution")
    assert "not confirmed" in do("log", {"what": "x"}, status=422)
    assert "ends with the customer" in finish_refused(do, "confirmation")
    assert "done already" in finish_refused(do, "plan")
    assert not LogEntry.objects.exists() and Step.objects.filter(done_at=None).count() == 3


def finish_refused(do, stage):
    return do("finish", {"step": Step.objects.get(stage=stage).pk, "result": "x"}, status=422)


def test_what_was_typed_stays_where_a_deed_is_refused(do):
    do("start", {"template": Template.objects.get(kind="service").pk})
    assert "Confirm the need first" in do("plan", {"plan": "先写方案"}, status=422)
    plan_it(do)
    text = do("answer", {"answer": "accept", "words": "口头同意"}, status=422)
    assert "Choose the mail or the call" in text and not Confirmation.objects.exists()


def test_steps_done_out_of_order_are_refused_in_words(do):
    do("start", {"template": Template.objects.get(kind="onboarding").pk})
    second = Step.objects.get(position=2)
    assert "comes first" in do("finish", {"step": second.pk}, status=422)
    order = Step.objects.get(position=1)
    assert "cannot be skipped" in do("finish", {"step": order.pk, "do": "skip", "result": "赶时间"}, status=422)
    assert Step.objects.filter(done_at__isnull=False).count() == 0 and Step.objects.count() == 12


def test_a_step_of_the_centre_is_for_the_centre(do, ticket, agent, specialist):
    do("start", {"template": Template.objects.get(kind="service").pk})
    Step.objects.filter(stage="need").update(role="specialist")
    need = {"step": Step.objects.get(stage="need").pk}
    assert "belongs to" in do("finish", need, status=422)
    assert "belongs to" in do("assign", {**need, "do": "take"}, status=422)
    do("assign", {**need, "to": specialist.pk})
    do("finish", need, by=specialist)
    assert Step.objects.get(stage="need").done_by == specialist


def test_only_a_lead_stops_a_process_and_another_may_be_started(do, ticket, lead):
    do("start", {"template": Template.objects.get(kind="onboarding").pk})
    assert "team lead" in do("stop", {"reason": "选错了"}, status=422)
    do("stop", {"reason": "选错了"}, by=lead)
    ticket.refresh_from_db()
    assert ticket.holds == {}
    do("start", {"template": Template.objects.get(kind="service").pk})
    assert [row.state for row in Process.objects.order_by("pk")] == ["stopped", "running"]


def test_mail_and_call_are_proofs_only_after_the_plan(do, ticket, agent):
    intake.append_inbound(ticket, body="同意", message=Message.objects.create(raw=b"x", digest="d"))
    plan_it(do)
    early = ticket.posts.get(message__digest="d")
    assert "Choose the mail" in do("answer", {"proof": f"post:{early.pk}", "answer": "accept"}, status=422)
    call = calls.start(team=ticket.team, agent=agent, customer=ticket.customer)
    text = do("answer", {"proof": f"call:{call.pk}", "answer": "decline", "words": "太贵"})
    assert "太贵" in text and Process.objects.get().state == "running"
    intake.append_inbound(ticket, body="好的，同意", message=Message.objects.create(raw=b"y", digest="e"))
    post = ticket.posts.get(message__digest="e")
    do("answer", {"proof": f"post:{post.pk}", "answer": "accept"})
    assert list(Confirmation.objects.values_list("how", "accepted")) == [("call", False), ("mail", True)]
    assert Step.objects.get(stage="execution").started_at
