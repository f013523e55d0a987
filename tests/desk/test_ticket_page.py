"""The ticket page: what it shows, what can be done on it, and at what cost."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from complaints.models import Sheet
from customers import consent
from desk import timeline
from followups.models import Callback
from messaging.models import Attachment, Message, Outbox
from tests.factories import CustomerFactory, TicketFactory
from tickets import conversation, intake, routing, workflow
from tickets.models import Cause, Kind, Outcome, Post, State, Ticket

HTMX = {"HX-Request": "true"}


@pytest.fixture
def customer(team):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234", email="wang@mail.example")


@pytest.fixture
def ticket(customer, agent):
    return TicketFactory(customer=customer, owner=agent, kind=Kind.CONSULT)


def url(name, ticket, *more):
    return reverse(f"desk:{name}", args=[ticket.pk, *more])


def later(**delta):
    return timezone.localtime(timezone.now() + timedelta(**delta)).strftime("%Y-%m-%dT%H:%M")


def take(ticket, *states, by):
    for state in states:
        workflow.move(ticket, state, by=by)


# --- What it shows ----------------------------------------------------------------------------------------


def test_the_page_shows_the_ticket_its_customer_and_its_next_steps(signed_in, agent, ticket):
    html = signed_in(agent).get(url("ticket", ticket)).content.decode()
    assert ticket.subject in html
    assert "138****1234" in html
    assert "13812341234" not in html
    assert 'value="understood"' in html


def test_posts_and_events_stand_in_the_order_of_time(agent, ticket):
    conversation.note(ticket, by=agent, body="查过批次")
    take(ticket, State.UNDERSTOOD, by=agent)
    intake.append_inbound(ticket, body="请问有进展吗")
    items = [item for day in timeline.read(ticket).days for item in day.items]
    assert [item.at for item in items] == sorted(item.at for item in items)
    told = [item.post.kind if item.post else item.icon for item in items]
    assert told[:2] == ["inbox", "inbound"]
    assert [kind for kind in told if kind in ("inbound", "note", "arrow-right-circle")] == [
        "inbound", "note", "arrow-right-circle", "inbound",
    ]


def test_every_event_of_a_whole_case_is_told_in_words(agent, specialist, customer):
    ticket = TicketFactory(customer=customer, late=True)
    routing.claim(ticket, by=agent)
    routing.assign(ticket, to=specialist, by=agent, reason="Needs a specialist")
    workflow.reclassify(ticket, Kind.CONSULT, by=agent, reason="Only a question")
    take(ticket, State.ANSWERED, by=agent)
    html = [item.text for day in timeline.read(ticket).days for item in day.items if not item.post]
    assert any("周敏" in text for text in html)
    assert any("has been missed" in text for text in html)
    assert all("%(" not in text for text in html)


def test_long_threads_show_the_last_fifty_and_lead_to_the_earlier_ones(signed_in, agent, ticket):
    for number in range(120):
        Post.objects.create(ticket=ticket, kind="note", channel="mail", author=agent, body=f"note {number}")
    seen, before = [], None
    while True:
        thread = timeline.read(ticket, before=before)
        seen = [item.post.pk for day in thread.days for item in day.items if item.post] + seen
        before = thread.earlier
        if before is None:
            break
    assert seen == list(ticket.posts.values_list("pk", flat=True))
    first = signed_in(agent).get(url("ticket", ticket)).content.decode()
    assert first.count('class="c-msg ') == timeline.PAGE
    earlier = signed_in(agent).get(f"{url('ticket_thread', ticket)}?before={seen[-50]}", headers=HTMX).content.decode()
    assert "note 68" in earlier
    assert "<html" not in earlier


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30])
def test_a_bad_before_shows_the_end_of_the_thread(signed_in, agent, ticket, before):
    assert signed_in(agent).get(url("ticket", ticket), {"before": before}).status_code == 200


def test_the_live_refresh_brings_the_thread_and_its_head(signed_in, agent, ticket):
    html = signed_in(agent).get(url("ticket_thread", ticket), headers=HTMX).content.decode()
    assert 'id="ticket-thread"' in html
    assert 'id="ticket-head" hx-swap-oob="true"' in html
    assert 'id="ticket-side"' in signed_in(agent).get(url("ticket_side", ticket), headers=HTMX).content.decode()


def test_what_customers_write_is_never_markup(signed_in, agent, ticket):
    intake.append_inbound(ticket, body="<script>alert(1)</script><img src=x onerror=alert(2)>")
    html = signed_in(agent).get(url("ticket", ticket)).content.decode()
    assert "<script>alert(1)" not in html
    assert "<img" not in html
    assert "&lt;script&gt;alert(1)" in html


@pytest.mark.parametrize(
    ("state", "words"), [("queued", "queued"), ("sent", "sent"), ("failed", "Not sent:"), ("cancelled", "Held back:")]
)
def test_a_reply_shows_what_became_of_its_sending(signed_in, agent, ticket, state, words):
    conversation.reply(ticket, body="您好", by=agent, wait=True)
    Outbox.objects.update(state=state, error="mailbox full", sent_at=timezone.now())
    assert words in signed_in(agent).get(url("ticket", ticket)).content.decode()


def test_the_latest_word_of_each_consent_counts(signed_in, agent, ticket, customer):
    for given in (True, False):
        consent.record(customer=customer, purpose="care", given=given, wording="…", way="phone", by=agent)
    consents = signed_in(agent).get(url("ticket", ticket)).context["consents"]
    assert [(row.purpose, row.given) for row in consents] == [("care", False)]


def test_other_tickets_of_the_customer_are_counted_beyond_those_shown(signed_in, agent, ticket, customer):
    for _ in range(8):
        TicketFactory(customer=customer)
    context = signed_in(agent).get(url("ticket", ticket)).context
    assert context["open_others"] == 8
    assert len(context["recent"]) == 5


def test_the_page_costs_the_same_with_two_posts_and_with_forty(signed_in, specialist, agent, customer):
    """At its dearest: a complaint at its callback, with sheet, files and other tickets."""
    ticket = TicketFactory(customer=customer, owner=agent, kind=Kind.COMPLAINT, level="general")
    take(ticket, State.CLASSIFIED, State.PHONE_HANDLING, State.CALLBACK, by=agent)

    def grow(number):
        message = Message.objects.create(raw=b"x", digest=str(number), message_id=str(number), action="appended")
        Attachment.objects.create(message=message, name="a.png", content_type="image/png", size=1, content=b"x")
        intake.append_inbound(ticket, body="还没有好", message=message)
        conversation.reply(ticket, body="您好", by=agent)
        TicketFactory(customer=customer, owner=agent)

    def cost():
        client = signed_in(specialist)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(url("ticket", ticket)).status_code == 200
        return len(asked)

    grow(0)
    cost()  # what is to be read of the announcements is remembered from here on
    few = cost()
    for number in range(1, 20):
        grow(number)
    assert cost() == few
    assert few <= 18


# --- What can be done -------------------------------------------------------------------------------------


def test_a_reply_is_queued_and_the_redirect_leads_back(signed_in, agent, ticket):
    data = {"body": "您好，我们正在查", "next_update_at": later(hours=3), "key": "k1"}
    answer = signed_in(agent).post(url("ticket_reply", ticket), data)
    assert (answer.status_code, answer["Location"]) == (302, url("ticket", ticket))
    assert Outbox.objects.get().body == "您好，我们正在查"
    assert Post.objects.get(kind="reply").author == agent


def test_sending_the_same_form_twice_sends_one_reply(signed_in, agent, ticket):
    client, data = signed_in(agent), {"body": "您好", "wait": "on", "key": "k1"}
    client.post(url("ticket_reply", ticket), data)
    client.post(url("ticket_reply", ticket), data)
    assert Outbox.objects.count() == 1


@pytest.mark.parametrize(
    "data", [{"next_update_at": ""}, {"next_update_at": "yesterday"}, {"next_update_at": "2020-01-01T10:00"}]
)
def test_a_refused_reply_keeps_every_typed_word(signed_in, agent, ticket, data):
    answer = signed_in(agent).post(url("ticket_reply", ticket), {"body": "写了很久的话", **data}, headers=HTMX)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "写了很久的话" in html
    assert "<html" not in html
    assert not Outbox.objects.exists()


def test_a_refused_reply_without_scripts_shows_the_whole_page_again(signed_in, agent, ticket):
    answer = signed_in(agent).post(url("ticket_reply", ticket), {"body": "写了很久的话"})
    assert answer.status_code == 422
    assert "Not solved yet: say when the customer hears from us next." in answer.content.decode()
    assert "<html" in answer.content.decode()


def test_an_action_answers_htmx_with_the_main_area_and_says_what_it_did(signed_in, agent, ticket):
    answer = signed_in(agent).post(url("ticket_note", ticket), {"body": "查过批次"}, headers=HTMX)
    assert answer.status_code == 200
    assert answer["X-Announce"] == "Note%20added."
    assert "查过批次" in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_an_empty_note_is_refused_in_its_own_tab(signed_in, agent, ticket):
    answer = signed_in(agent).post(url("ticket_note", ticket), {"body": " "}, headers=HTMX)
    assert answer.status_code == 422
    assert answer.context["compose"] == "note"
    assert "Write something first." in answer.content.decode()


def test_a_step_of_the_flow_is_taken_with_its_note(signed_in, agent, ticket):
    signed_in(agent).post(url("ticket_move", ticket), {"to": "understood", "note": "滤芯型号"})
    ticket.refresh_from_db()
    assert ticket.state == State.UNDERSTOOD
    assert "滤芯型号" in signed_in(agent).get(url("ticket", ticket)).content.decode()


@pytest.mark.parametrize("to", ["answered", "external_dispute", "nonsense", ""])
def test_an_illegal_step_is_refused_in_words(signed_in, agent, ticket, to):
    answer = signed_in(agent).post(url("ticket_move", ticket), {"to": to, "note": "为什么"}, headers=HTMX)
    ticket.refresh_from_db()
    assert answer.status_code == 422
    assert ticket.state == State.RECEIVED
    assert "c-banner--red" in answer.content.decode()
    assert "为什么" in answer.content.decode()


def test_a_satisfied_consult_is_archived_with_its_cause(signed_in, agent, ticket):
    take(ticket, State.UNDERSTOOD, State.ANSWERED, by=agent)
    data = {"to": "archived", "outcome": Outcome.SATISFIED, "cause": Cause.INFORMATION}
    assert signed_in(agent).post(url("ticket_move", ticket), data).status_code == 302
    ticket.refresh_from_db()
    assert (ticket.state, ticket.outcome, ticket.cause) == ("archived", "satisfied", "information")
    assert 'id="compose"' not in signed_in(agent).get(url("ticket", ticket)).content.decode()


def test_an_archive_without_a_cause_is_refused_where_it_was_asked(signed_in, agent, ticket):
    take(ticket, State.UNDERSTOOD, State.ANSWERED, by=agent)
    data = {"to": "archived", "outcome": Outcome.SATISFIED, "note": "都好"}
    answer = signed_in(agent).post(url("ticket_move", ticket), data, headers=HTMX)
    assert answer.status_code == 422
    assert answer.context["forms"]["archive"].non_field_errors() == ["Archiving needs a cause code."]


def test_a_final_decision_needs_its_reason_and_its_dialog_stays_open(signed_in, agent, ticket):
    data = {"to": "archived", "outcome": Outcome.SPAM, "cause": Cause.CUSTOMER}
    client = signed_in(agent)
    refused = client.post(url("ticket_move", ticket), data, headers=HTMX)
    assert refused.status_code == 422
    assert 'id="final-dialog" aria-labelledby="final-title" data-show' in refused.content.decode()
    assert client.post(url("ticket_move", ticket), {**data, "note": "广告"}, headers=HTMX).status_code == 200
    ticket.refresh_from_db()
    assert ticket.outcome == Outcome.SPAM


def test_a_final_decision_without_a_choice_is_refused_in_its_dialog(signed_in, agent, ticket):
    data = {"to": "archived", "form": "final", "outcome": "", "cause": "", "note": "广告"}
    html = signed_in(agent).post(url("ticket_move", ticket), data, headers=HTMX).content.decode()
    assert 'id="final-dialog" aria-labelledby="final-title" data-show' in html


@pytest.mark.parametrize("name", ["ticket_move", "ticket_assign", "ticket_reply", "ticket_pause"])
def test_what_comes_too_late_for_an_archived_ticket_is_said_on_its_page(signed_in, agent, specialist, ticket, name):
    data = {"to": "archived", "outcome": Outcome.SPAM, "cause": Cause.CUSTOMER, "note": "广告"}
    client = signed_in(agent)
    client.post(url("ticket_move", ticket), data)
    late = {**data, "body": "您好", "wait": "on", "reason": "x"}
    if name == "ticket_assign":
        late["to"] = specialist.pk
    answer = client.post(url(name, ticket), late, headers=HTMX)
    assert answer.status_code == 422
    assert 'id="refused" role="alert"' in answer.content.decode()


def test_at_the_callback_the_page_leads_to_the_callback_and_offers_no_archive(signed_in, specialist, agent, customer):
    ticket = TicketFactory(customer=customer, owner=agent)
    take(ticket, State.CLASSIFIED, State.RECORDED, State.AUDIT_CALLBACK, by=agent)
    steps = signed_in(specialist).get(url("ticket", ticket)).context["steps"]
    assert (steps.by_callback, steps.moves, steps.archive) == (True, [], None)
    handler = signed_in(agent).get(url("ticket", ticket))
    assert {step.refused for step in handler.context["steps"].refused}


def test_a_step_of_another_role_is_explained_not_offered(signed_in, agent, specialist, ticket):
    take(ticket, State.UNDERSTOOD, State.BACK_OFFICE, by=agent)
    theirs = signed_in(specialist).get(url("ticket", ticket)).context["steps"]
    mine = signed_in(agent).get(url("ticket", ticket)).context["steps"]
    assert theirs.archive and not theirs.refused
    assert not mine.archive and all("This step belongs to" in step.refused for step in mine.refused)


def test_the_class_changes_with_a_reason_and_not_without(signed_in, agent, ticket):
    client = signed_in(agent)
    data = {"kind": Kind.COMPLAINT, "level": "special", "reason": ""}
    refused = client.post(url("ticket_reclassify", ticket), data, headers=HTMX)
    assert refused.status_code == 422
    assert "Say why the class changes." in refused.content.decode()
    client.post(url("ticket_reclassify", ticket), {**data, "reason": "要求赔偿"})
    ticket.refresh_from_db()
    assert (ticket.kind, ticket.level, ticket.state) == (Kind.COMPLAINT, "special", State.CLASSIFIED)


def test_a_ticket_goes_to_colleagues_of_the_team_only(signed_in, agent, specialist, outsider, ticket):
    client = signed_in(agent)
    client.post(url("ticket_assign", ticket), {"to": specialist.pk, "reason": "休假"})
    ticket.refresh_from_db()
    assert ticket.owner == specialist
    refused = client.post(url("ticket_assign", ticket), {"to": outsider.pk}, headers=HTMX)
    ticket.refresh_from_db()
    assert refused.status_code == 422
    assert ticket.owner == specialist
    assert "赵敏" not in refused.content.decode()


def test_a_lost_claim_names_the_winner_on_the_page(signed_in, agent, lead, customer):
    ticket = TicketFactory(customer=customer)
    routing.claim(ticket, by=lead)
    answer = signed_in(agent).post(url("ticket_claim", ticket), headers=HTMX)
    assert answer.status_code == 422
    assert "王强 has this ticket already." in answer.content.decode()


def test_the_clock_pauses_with_a_reason_and_runs_again(signed_in, agent, ticket):
    client = signed_in(agent)
    assert client.post(url("ticket_pause", ticket), {"reason": " "}, headers=HTMX).status_code == 422
    client.post(url("ticket_pause", ticket), {"reason": "等照片"})
    ticket.refresh_from_db()
    assert ticket.waiting_customer
    client.post(url("ticket_resume", ticket))
    ticket.refresh_from_db()
    assert not ticket.waiting_customer


# --- Reading and files ------------------------------------------------------------------------------------


def test_opening_the_page_writes_nothing_and_its_owner_marks_it_read_by_a_post(signed_in, agent, lead, ticket):
    for user in (agent, lead):
        client = signed_in(user)
        with CaptureQueriesContext(connection) as asked:
            client.get(url("ticket", ticket))
        assert [q["sql"] for q in asked if q["sql"].startswith(("UPDATE", "INSERT", "DELETE"))] == []
    signed_in(lead).post(url("ticket_read", ticket))
    ticket.refresh_from_db()
    assert ticket.unread
    signed_in(agent).post(url("ticket_read", ticket))
    ticket.refresh_from_db()
    assert not ticket.unread


@pytest.mark.parametrize(
    ("kind", "sent_as"), [("text/html", "application/octet-stream"), ("image/svg+xml", "application/octet-stream"),
                          ("image/png", "image/png")]
)
def test_files_are_downloads_and_never_pages_of_ours(signed_in, agent, ticket, kind, sent_as):
    message = Message.objects.create(raw=b"x", digest="d")
    file = Attachment.objects.create(
        message=message, name="照片\r\n.html", content_type=kind, size=8, content=b"<script>"
    )
    intake.append_inbound(ticket, body="照片", message=message)
    small = f'<img class="c-att__thumb" src="{url("ticket_attachment", ticket, file.pk)}"'
    assert (small in signed_in(agent).get(url("ticket", ticket)).content.decode()) == (kind == "image/png")
    answer = signed_in(agent).get(url("ticket_attachment", ticket, file.pk))
    assert answer.getvalue() == b"<script>"
    assert answer["Content-Type"] == sent_as
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "\n" not in answer["Content-Disposition"]


def test_a_file_is_found_on_its_own_ticket_only(signed_in, agent, ticket, customer):
    message = Message.objects.create(raw=b"x", digest="d")
    file = Attachment.objects.create(message=message, name="a.png", content_type="image/png", size=1, content=b"x")
    intake.append_inbound(ticket, body="照片", message=message)
    another = TicketFactory(customer=customer)
    assert signed_in(agent).get(url("ticket_attachment", another, file.pk)).status_code == 404


# --- Reopening ---------------------------------------------------------------------------------------------


def closed(ticket, agent, days_ago=0):
    """A satisfied consult, archived so many days ago."""
    for state in (State.UNDERSTOOD, State.ANSWERED):
        workflow.move(ticket, state, by=agent)
    workflow.move(ticket, State.ARCHIVED, by=agent, outcome=Outcome.SATISFIED, cause=Cause.INFORMATION)
    Ticket.objects.filter(pk=ticket.pk).update(archived_at=timezone.now() - timedelta(days=days_ago))


def test_the_service_centre_reopens_with_a_reason_and_others_see_no_button(signed_in, agent, specialist, ticket):
    closed(ticket, agent)
    assert "reopen-dialog" not in signed_in(agent).get(url("ticket", ticket)).content.decode()
    client = signed_in(specialist)
    assert "reopen-dialog" in client.get(url("ticket", ticket)).content.decode()
    assert client.post(url("ticket_reopen", ticket), {"reason": " "}, headers=HTMX).status_code == 422
    assert signed_in(agent).post(url("ticket_reopen", ticket), {"reason": "x"}, headers=HTMX).status_code == 422
    answer = client.post(url("ticket_reopen", ticket), {"reason": "客户来电说仍在漏水"}, headers=HTMX)
    assert answer["HX-Redirect"] == url("ticket", ticket)
    html = client.get(url("ticket", ticket)).content.decode()
    assert "reopened the ticket" in html
    assert "客户来电说仍在漏水" in html


def test_a_later_cycle_is_shown_on_both_pages(signed_in, agent, specialist, ticket):
    closed(ticket, agent, days_ago=30)
    client = signed_in(specialist)
    client.post(url("ticket_reopen", ticket), {"reason": "再次漏水"})
    fresh = ticket.cycles.get()
    old, new = (client.get(url("ticket", one)).content.decode() for one in (ticket, fresh))
    assert url("ticket", fresh) in old
    assert "reopen-dialog" not in old
    assert url("ticket", ticket) in new
    assert "Cycle 2" in new


def test_the_panel_says_what_a_change_of_class_did_to_the_promises(signed_in, agent, ticket):
    client = signed_in(agent)
    client.post(url("ticket_reclassify", ticket), {"kind": "complaint", "level": "general", "reason": "要求赔偿"})
    html = client.get(url("ticket", ticket)).content.decode()
    assert "Ended when the class changed" in html
    assert "Started anew when the class changed" in html


# --- Sight ------------------------------------------------------------------------------------------------

GETS = ("ticket", "ticket_thread", "ticket_side", "ticket_work")
POSTS = (
    "ticket_read", "ticket_reply", "ticket_note", "ticket_move", "ticket_reclassify", "ticket_claim", "ticket_assign",
    "ticket_pause", "ticket_resume", "ticket_reopen",
)


@pytest.mark.parametrize("name", GETS)
def test_another_team_gets_404_on_every_part_of_the_page(signed_in, outsider, ticket, name):
    assert signed_in(outsider).get(url(name, ticket)).status_code == 404


@pytest.mark.parametrize("name", POSTS)
def test_another_team_gets_404_on_every_action_and_changes_nothing(signed_in, outsider, ticket, name):
    data = {"body": "x", "to": "understood", "reason": "x", "kind": "complaint", "wait": "on"}
    before = ticket.history.count()
    assert signed_in(outsider).post(url(name, ticket), data).status_code == 404
    assert ticket.history.count() == before
    assert not Outbox.objects.exists()


def test_another_team_cannot_fetch_a_file(signed_in, outsider, ticket):
    message = Message.objects.create(raw=b"x", digest="d")
    file = Attachment.objects.create(message=message, name="a.png", content_type="image/png", size=1, content=b"x")
    intake.append_inbound(ticket, body="照片", message=message)
    assert signed_in(outsider).get(url("ticket_attachment", ticket, file.pk)).status_code == 404


@pytest.mark.parametrize("name", POSTS)
def test_actions_need_a_post(signed_in, agent, ticket, name):
    assert signed_in(agent).get(url(name, ticket)).status_code == 405


@pytest.mark.parametrize("name", GETS + POSTS)
def test_nothing_is_open_to_those_who_are_not_signed_in(client, ticket, name):
    answer = client.post(url(name, ticket)) if name in POSTS else client.get(url(name, ticket))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("login"))


def test_the_sheet_and_the_callback_are_linked_where_they_exist(signed_in, specialist, agent, customer):
    ticket = TicketFactory(customer=customer, kind=Kind.COMPLAINT, level="general")
    take(ticket, State.CLASSIFIED, State.PHONE_HANDLING, State.CALLBACK, by=agent)
    now = timezone.now()
    sheet = Sheet.objects.create(ticket=ticket, investigation_due_at=now, solution_due_at=now)
    resolved = timeline.Event.objects.get(ticket_id=ticket.pk, kind="resolved")
    callback = Callback.objects.create(ticket=ticket, resolution=resolved, due_at=now)
    html = signed_in(specialist).get(url("ticket", ticket)).content.decode()
    assert reverse("complaints:sheet", args=[sheet.pk]) in html
    assert reverse("followups:callback", args=[callback.pk]) in html
