from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from complaints.models import Sheet
from core.models import Event
from customers.models import Consent, Customer
from desk import calls as desk_calls
from desk.calls import Facts
from messaging import calls
from messaging.models import Call
from staff.models import Notification
from tests.factories import CustomerFactory, TicketFactory
from tickets.models import Category, Ticket

NUMBER = "138 1234 1234"


@pytest.fixture
def rain(team):
    return CustomerFactory(team=team, name="王小雨", phone=NUMBER, vip=True)


@pytest.fixture
def client(signed_in, agent):
    return signed_in(agent)


@pytest.fixture
def call(team, agent):
    return calls.start(team=team, agent=agent, number=NUMBER)


@pytest.fixture
def known(call, rain, agent):
    """A call whose caller is found."""
    return calls.attach_customer(call, rain, by=agent)


def in_hours(hours):
    return timezone.localtime(timezone.now() + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


def record(kind="service", **more):
    return {
        "kind": kind, "category": Category.objects.get(code="other").pk, "level": "general", "urgency": "2",
        "importance": "2", "difficulty": "2", "subject": "净水机漏水", "words": "早上发现机器下面有水。",
        "wish": "今天上门", "answer": "先关进水阀", "promised_at": in_hours(2), "callback_at": in_hours(3),
        "language": "zh-hans", **more,
    }


def finish(client, call, outcome, **fields):
    data = record(**fields) | {"outcome": outcome}
    return client.post(reverse("desk:intake_finish", args=[call.pk]), {k: v for k, v in data.items() if v is not None})


# --- Picking up -------------------------------------------------------------------------------------------


def test_picking_up_starts_the_call_and_intake_resumes_it(client):
    assert client.get(reverse("desk:intake")).status_code == 200
    response = client.post(reverse("desk:intake_start"), {"number": NUMBER})
    page = reverse("desk:intake_call", args=[Call.objects.get().pk])
    assert response.url == client.get(reverse("desk:intake")).url == page
    assert "138****1234" in client.get(page).content.decode()


def test_a_number_that_is_none_is_refused_with_what_was_typed(client):
    response = client.post(reverse("desk:intake_start"), {"number": "12 34"})
    assert response.status_code == 422
    assert 'value="12 34"' in response.content.decode()
    assert not Call.objects.exists()


def test_somebody_without_a_team_is_told_and_takes_no_call(client, agent):
    agent.team = None
    agent.save()
    assert "You belong to no team yet" in client.get(reverse("desk:intake")).content.decode()
    assert client.post(reverse("desk:intake_start"), {"number": ""}).status_code == 403


def test_a_call_is_its_agents_alone(signed_in, lead, outsider, call):
    for other in (lead, outsider):
        browser = signed_in(other)
        assert browser.get(reverse("desk:intake_call", args=[call.pk])).status_code == 404
        for name in ("intake_draft", "intake_customer", "intake_finish"):
            assert browser.post(reverse(f"desk:{name}", args=[call.pk])).status_code == 404


def test_reading_pages_changes_nothing(client, call, rain):
    before = Event.objects.count()
    assert client.get(reverse("desk:intake_call", args=[call.pk])).status_code == 200
    assert lookup(client, call, "1234").status_code == 200
    for name in ("intake_draft", "intake_customer", "intake_finish"):
        assert client.get(reverse(f"desk:{name}", args=[call.pk])).status_code == 405
    assert Event.objects.count() == before


def test_the_page_of_a_call_takes_few_queries(client, known, django_assert_max_num_queries):
    for _ in range(6):
        TicketFactory(customer=known.customer)
    client.get(reverse("desk:intake_call", args=[known.pk]))
    with django_assert_max_num_queries(14):
        client.get(reverse("desk:intake_call", args=[known.pk]))


# --- Who is calling ---------------------------------------------------------------------------------------


def lookup(client, call, text):
    return client.get(reverse("desk:intake_lookup"), {"call": call.pk, "phone": text})


@pytest.mark.parametrize("typed", [NUMBER, "+8613812341234", "1234", "王小"])
def test_the_caller_is_found_as_the_number_is_typed_and_shown_masked(client, call, rain, typed):
    page = lookup(client, call, typed).content.decode()
    assert "王小雨" in page and "138****1234" in page
    assert "13812341234" not in page.replace(" ", "")


def test_a_number_of_another_team_shows_that_teams_name_and_nothing_more(signed_in, outsider, other_team, rain, team):
    call = calls.start(team=other_team, agent=outsider)
    page = lookup(signed_in(outsider), call, NUMBER).content.decode()
    assert team.name in page
    assert "王小雨" not in page and rain.number not in page and "****" not in page


def test_a_new_number_opens_the_fields_of_a_new_customer(client, call, rain):
    response = lookup(client, call, "139 0000 0000")
    assert response.headers["HX-Trigger"] == "new-number"
    assert "HX-Trigger" not in lookup(client, call, "139 00").headers


def test_choosing_a_customer_shows_how_to_greet_them_and_what_is_open(client, call, rain):
    ticket = TicketFactory(customer=rain, subject="滤芯漏水")
    response = client.post(reverse("desk:intake_customer", args=[call.pk]), {"customer": rain.pk})
    page = response.content.decode()
    assert rain.tier.greeting_zh in page and ticket.subject in page
    call.refresh_from_db()
    assert call.customer == rain and "listen" in call.steps


@pytest.mark.parametrize("chosen", ["999999", "abc", "99999999999999999999999"])
def test_a_customer_who_cannot_be_chosen_is_404(client, call, chosen):
    response = client.post(reverse("desk:intake_customer", args=[call.pk]), {"customer": chosen})
    assert response.status_code == 404


def test_customers_of_other_teams_cannot_be_chosen(client, call, other_team):
    stranger = CustomerFactory(team=other_team)
    response = client.post(reverse("desk:intake_customer", args=[call.pk]), {"customer": stranger.pk})
    assert response.status_code == 404


# --- Draft, stamps, suggestion ----------------------------------------------------------------------------


def test_a_killed_browser_finds_everything_again(client, signed_in, agent, call):
    typed = record(kind="complaint", subject="漏水", name="王小雨", phone=NUMBER)
    client.post(reverse("desk:intake_draft", args=[call.pk]), typed)
    page = signed_in(agent).get(reverse("desk:intake"), follow=True).content.decode()
    assert 'value="漏水"' in page and "早上发现机器下面有水。" in page and "先关进水阀" in page
    assert 'name="kind" value="complaint" checked' in page
    assert f'value="{typed["promised_at"]}"' in page and 'value="王小雨"' in page


def test_a_draft_says_when_it_was_saved_and_stamps_the_steps_that_it_proves(client, call):
    page = client.post(reverse("desk:intake_draft", args=[call.pk]), {"words": "漏水"}).content.decode()
    assert "Draft saved" in page
    call.refresh_from_db()
    assert set(call.steps) == {"open", "listen"}
    client.post(reverse("desk:intake_draft", args=[call.pk]), {"words": "漏水", "kind": "service", "answer": "关阀"})
    call.refresh_from_db()
    assert set(call.steps) == {"open", "listen", "note", "answer"}


def test_a_draft_keeps_the_fields_of_the_form_and_nothing_else(client, call):
    typed = {"words": "漏水" * 9000, "evil": "x", "outcome": "ticket"}
    client.post(reverse("desk:intake_draft", args=[call.pk]), typed)
    call.refresh_from_db()
    assert set(call.draft) == {"words"} and len(call.draft["words"]) == 10_000


def test_a_draft_of_an_ended_call_sends_the_page_onward(client, call):
    calls.finish(call, outcome="dropped")
    response = client.post(reverse("desk:intake_draft", args=[call.pk]), {"words": "x"})
    assert response.headers["HX-Redirect"] == reverse("desk:intake_call", args=[call.pk])


def test_the_priority_follows_the_grades_and_the_tier(client, call, known):
    grades = {"urgency": "3", "importance": "3", "difficulty": "1"}
    page = client.post(reverse("desk:intake_draft", args=[call.pk]), grades).content.decode()
    assert "Urgent" in page  # 9 is high; a VIP moves up one step


def test_the_suggestion_names_its_words_and_chooses_nothing(client, call):
    page = client.post(reverse("desk:intake_suggest"), {"words": "我要投诉，机器漏水，今天必须上门"}).content.decode()
    assert "Complaint" in page and "投诉" in page and 'data-take="complaint"' in page
    assert "checked" not in page
    assert client.post(reverse("desk:intake_suggest"), {"words": "嗯"}).content.decode().strip() == ""


def test_the_guide_shows_the_sentences_of_the_procedure_with_company_and_name(client, call, agent):
    page = client.get(reverse("desk:intake_call", args=[call.pk])).content.decode()
    assert "Hello, this is 李娜 of 客服中心" in page
    client.post(reverse("desk:intake_draft", args=[call.pk]), {"subject": "漏水", "kind": "service"})
    page = client.get(reverse("desk:intake_call", args=[call.pk])).content.decode()
    assert "Your question is mainly about 漏水, is that right?" in page


# --- Outcomes ---------------------------------------------------------------------------------------------


def test_f6_answers_and_archives_a_consult_in_one_go(client, known):
    response = finish(client, known, "answered", kind="consult", promised_at=None, caller_hung_up="on")
    ticket = Ticket.objects.get()
    assert Call.objects.get().hung_up_by == "customer"
    assert response.url == reverse("desk:intake")
    assert (ticket.state, ticket.outcome, ticket.cause) == ("archived", "satisfied", "information")
    moved = Event.objects.filter(ticket_id=ticket.pk, kind="moved").order_by("pk")
    assert [event.data["to"] for event in moved] == ["understood", "answered", "archived"]
    assert "先关进水阀" in ticket.posts.get().body


@pytest.mark.parametrize("kind", ["service", "complaint"])
def test_f6_is_refused_for_anything_but_a_consult(client, known, kind):
    response = finish(client, known, "answered", kind=kind)
    assert response.status_code == 422
    assert "Only a new consult can be closed on the call" in response.content.decode()
    assert not Ticket.objects.exists()


@pytest.mark.parametrize(
    ("kind", "state"), [("consult", "received"), ("service", "classified"), ("complaint", "classified")]
)
def test_f7_makes_my_ticket_at_its_first_stage(client, known, agent, kind, state):
    response = finish(client, known, "ticket", kind=kind)
    ticket = Ticket.objects.get()
    assert response.url == reverse("desk:ticket", args=[ticket.pk])
    assert (ticket.kind, ticket.state, ticket.owner, ticket.channel) == (kind, state, agent, "phone")
    assert ticket.first_response_at and ticket.customer == known.customer
    post = ticket.posts.get()
    assert post.call == known and post.kind == "call" and post.next_update_at > timezone.now()


def test_a_special_complaint_has_its_sheet_at_once(client, known):
    finish(client, known, "ticket", kind="complaint", level="special", ground="safety")
    sheet = Sheet.objects.get()
    assert (sheet.ground, sheet.ticket.state, sheet.ticket.level) == ("safety", "sheet_open", "special")


def test_f8_makes_a_ticket_with_a_note_of_when_to_call_back(client, known):
    finish(client, known, "callback")
    ticket = Ticket.objects.get()
    assert "Call the customer back at" in ticket.posts.get(kind="note").body
    assert ticket.posts.get(kind="call").next_update_at > timezone.now() + timedelta(hours=2)


def test_f9_gives_the_ticket_to_the_lead_and_tells_them(client, known, lead):
    finish(client, known, "escalate")
    ticket = Ticket.objects.get()
    assert ticket.owner == lead
    assert Notification.objects.get(user=lead).ticket_id == ticket.pk


def test_f9_without_anybody_to_escalate_to_is_refused_and_leaves_no_trace(client, known):
    response = finish(client, known, "escalate")
    assert response.status_code == 422
    assert "No team lead or supervisor" in response.content.decode()
    assert not Ticket.objects.exists()
    assert Call.objects.get().ended_at is None


def test_f10_closes_the_call_without_a_ticket_and_keeps_record_and_number(client, call):
    response = finish(client, call, "dropped", kind=None, subject=None)
    call.refresh_from_db()
    assert response.url == reverse("desk:intake")
    assert (call.outcome, call.number) == ("dropped", "+8613812341234") and call.draft["words"]
    assert not Ticket.objects.exists()
    page = client.get(reverse("desk:intake")).content.decode()
    assert "138****1234" in page
    client.post(reverse("desk:intake_start"), {"redial": call.pk})
    again = Call.objects.latest("pk")
    assert (again.direction, again.number) == ("out", call.number)


def test_nobody_dials_a_number_from_somebody_elses_call(signed_in, lead, call):
    calls.finish(call, outcome="dropped")
    assert signed_in(lead).post(reverse("desk:intake_start"), {"redial": call.pk}).status_code == 404


def test_a_form_sent_twice_gives_one_ticket(client, known):
    first, second = finish(client, known, "ticket"), finish(client, known, "ticket")
    assert first.url == second.url
    assert Ticket.objects.count() == 1 and Event.objects.filter(kind="call_ended").count() == 1


def test_the_service_too_gives_one_ticket_however_often_it_is_called(known, agent):
    facts = Facts(kind="service", subject="漏水", wish="上门")
    tickets = {desk_calls.finish(call=known, outcome="ticket", facts=facts, by=agent).ticket for _ in range(3)}
    assert len(tickets) == 1 == Ticket.objects.count()


def test_a_new_number_makes_a_customer_with_consent_and_its_proof(client, call):
    finish(client, call, "ticket", phone=NUMBER, name="王小雨", company="华东机械", consent_callback="on")
    customer = Customer.objects.get()
    assert (customer.name, customer.company, customer.initials) == ("王小雨", "华东机械", "wxy")
    assert customer.contacts.get().masked == "138****1234"
    word = Consent.objects.get()
    assert word.purpose == "callback" and word.given and str(call.pk) in word.way
    call.refresh_from_db()
    assert call.customer == customer


def test_a_number_that_is_known_takes_its_customer_even_when_nobody_chose_them(client, call, rain):
    finish(client, call, "ticket", phone="+86 138-1234-1234", name="小王")
    assert Ticket.objects.get().customer == rain
    assert Customer.objects.count() == 1


def test_a_chaser_is_appended_and_counted_instead_of_doubled(client, known):
    ticket = TicketFactory(customer=known.customer)
    chaser = {"kind": None, "subject": None, "wish": None, "chase": ticket.pk, "words": "怎么还没人来"}
    response = finish(client, known, "ticket", **chaser)
    ticket.refresh_from_db()
    assert response.url == reverse("desk:ticket", args=[ticket.pk])
    assert Ticket.objects.count() == 1 and ticket.chases == 1
    post = ticket.posts.latest("pk")
    assert (post.call, post.kind, post.author) == (known, "call", known.agent) and "怎么还没人来" in post.body


def test_a_chaser_of_somebody_elses_ticket_is_refused(client, known, team):
    other = TicketFactory(customer=CustomerFactory(team=team))
    assert finish(client, known, "ticket", chase=other.pk).status_code == 422
    other.refresh_from_db()
    assert other.chases == 0


@pytest.mark.parametrize(
    ("outcome", "left_out", "says"),
    [
        ("ticket", "kind", "Choose what kind of request it is."),
        ("ticket", "category", "Choose a topic."),
        ("ticket", "subject", "Sum the matter up in one line."),
        ("ticket", "wish", "Note the result and time the customer hopes for."),
        ("ticket", "promised_at", "say by when the customer hears from us"),
        ("escalate", "promised_at", "say by when the customer hears from us"),
        ("callback", "callback_at", "Pick the time to call back."),
    ],
)
def test_what_is_missing_is_said_beside_its_field_and_the_rest_is_kept(client, known, outcome, left_out, says):
    response = finish(client, known, outcome, **{left_out: None})
    page = response.content.decode()
    assert response.status_code == 422
    assert says in page and "is-invalid" in page and f'id="id_{left_out}_error"' in page
    assert "早上发现机器下面有水。" in page
    assert Call.objects.get().draft["words"] == "早上发现机器下面有水。"
    assert not Ticket.objects.exists()


def test_an_unknown_caller_needs_a_name_and_a_whole_number(client, team, agent):
    call = calls.start(team=team, agent=agent)
    page = finish(client, call, "ticket", phone="138 12").content.decode()
    assert "no complete telephone number" in page and "caller&#x27;s name" in page


def test_a_special_complaint_needs_its_ground(client, known):
    response = finish(client, known, "ticket", kind="complaint", level="special")
    assert response.status_code == 422 and "Say what makes it special." in response.content.decode()


def test_a_time_that_has_passed_is_no_promise(client, known):
    response = finish(client, known, "ticket", promised_at=in_hours(-1))
    assert response.status_code == 422 and "That time has passed." in response.content.decode()


def test_an_ended_call_leads_to_its_ticket(client, known):
    finish(client, known, "ticket")
    response = client.get(reverse("desk:intake_call", args=[known.pk]))
    assert response.url == reverse("desk:ticket", args=[Ticket.objects.get().pk])
