"""The workbench: which tickets, in which order, and at what cost."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from customers.models import Customer, Tier
from desk import queue, queue_order, queue_rows
from messaging import calls
from tests.factories import CustomerFactory, TicketFactory, UserFactory
from tickets import routing, sla, snoozing, standing, watching, workflow
from tickets.list_models import SavedView
from tickets.models import Category, Cause, Kind, Outcome, State, Tag, Tagging, Ticket

URL = "/"


def rows_of(response) -> list[int]:
    return [ticket.pk for group in response.context["page"].groups for ticket in group.rows]


def groups_of(response) -> dict[str, int]:
    return {group.code: len(group.rows) for group in response.context["page"].groups}


@pytest.fixture
def customer(team):
    return CustomerFactory(team=team, name="王小雨", phone="13812341234", email="wang@mail.example")


def due_in(ticket, **delta):
    """Moves the deadline that lists sort by."""
    Ticket.objects.filter(pk=ticket.pk).update(due_at=timezone.now() + timedelta(**delta))
    return ticket


def test_the_queue_is_grouped_by_time_left_and_paused_tickets_come_last(signed_in, agent, customer):
    late = TicketFactory(customer=customer, owner=agent, late=True)
    soon = due_in(TicketFactory(customer=customer, owner=agent), minutes=30)
    fine = due_in(TicketFactory(customer=customer, owner=agent), hours=5)
    paused = TicketFactory(customer=customer, owner=agent, channel="phone")
    sla.stop(paused, "first_response")
    sla.pause(paused, by=agent, reason="Waits for a photo")

    response = signed_in(agent).get(URL)

    assert rows_of(response) == [late.pk, soon.pk, fine.pk, paused.pk]
    assert groups_of(response) == {"breached": 1, "soon": 1, "on_time": 1, "paused": 1}


def test_the_queue_costs_the_same_with_three_rows_and_with_sixty(signed_in, agent, team):
    def cost():
        client = signed_in(agent)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(URL).status_code == 200
        return len(asked)

    for number in range(3):
        TicketFactory(customer=CustomerFactory(team=team, phone=f"1380000{number:04}"), owner=agent)
    TicketFactory(customer=CustomerFactory(team=team, vip=True), owner=agent)
    cost()  # what is to be read of the announcements is remembered from here on
    few = cost()
    for number in range(3, 60):
        TicketFactory(customer=CustomerFactory(team=team, phone=f"1380000{number:04}"), owner=agent)
    many = cost()

    assert few == many
    assert many <= 12


def test_a_page_holds_fifty_and_the_next_one_goes_on_where_it_ended(signed_in, agent, customer):
    opened = [TicketFactory(customer=customer, owner=agent) for _ in range(queue.PAGE + 7)]
    Ticket.objects.filter(pk__in=[ticket.pk for ticket in opened[:20]]).update(due_at=None)
    client = signed_in(agent)

    first = client.get(URL)
    second = client.get(URL, {"after": first.context["page"].next_cursor})

    assert len(rows_of(first)) == queue.PAGE
    assert len(rows_of(second)) == 7
    assert set(rows_of(first)) | set(rows_of(second)) == {ticket.pk for ticket in opened}
    assert second.context["page"].next_cursor == ""


def test_a_cursor_survives_being_written_and_read(agent, customer):
    row = queue_rows.read([TicketFactory(customer=customer).pk], ())[0]
    assert queue_order.read_cursor(queue_order.write_cursor(row)) == (False, row.due_at, row.pk)
    row.due_at, row.first_in_queue = None, True
    assert queue_order.read_cursor(queue_order.write_cursor(row)) == (True, None, row.pk)


def test_what_people_wrote_stays_text_in_a_row(signed_in, agent, customer):
    tag = Tag.objects.create(name="<i>tag</i>", colour="red")
    Customer.objects.filter(pk=customer.pk).update(name='<b>"王"</b>')
    ticket = TicketFactory(customer=customer, owner=agent, subject="<script>alert(1)</script>")
    Tagging.objects.create(ticket=ticket, tag=tag, by=agent)
    html = signed_in(agent).get(URL, {"cols": ["tags", "owner"]}).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;</a>" in html and "<script>alert" not in html
    assert "<b>&lt;b&gt;&quot;王&quot;&lt;/b&gt;</b>" in html
    assert "&lt;i&gt;tag&lt;/i&gt;</span>" in html


def test_first_customers_stand_before_everybody_and_the_overdue_lead_each_part(signed_in, agent, team, customer):
    vip = CustomerFactory(team=team, vip=True)
    late = TicketFactory(customer=customer, owner=agent, late=True)
    fine = due_in(TicketFactory(customer=customer, owner=agent), hours=5)
    vip_fine = due_in(TicketFactory(customer=vip, owner=agent), hours=20)
    vip_late = TicketFactory(customer=vip, owner=agent, late=True)

    response = signed_in(agent).get(URL)

    assert rows_of(response) == [vip_late.pk, vip_fine.pk, late.pk, fine.pk]
    assert groups_of(response) == {"first": 2, "breached": 1, "on_time": 1}
    assert "First in the queue" in response.content.decode() or "优先处理" in response.content.decode()


def test_which_tier_stands_first_is_the_admins(signed_in, agent, team, customer):
    vip = CustomerFactory(team=team, vip=True)
    theirs = due_in(TicketFactory(customer=vip, owner=agent), hours=5)
    sooner = due_in(TicketFactory(customer=customer, owner=agent), hours=2)
    Tier.objects.update(first_in_queue=False)
    assert rows_of(signed_in(agent).get(URL)) == [sooner.pk, theirs.pk]
    Tier.objects.filter(code="vip").update(first_in_queue=True)
    assert rows_of(signed_in(agent).get(URL)) == [theirs.pk, sooner.pk]


def test_open_tickets_follow_their_customers_tier_and_archived_ones_do_not(team, customer):
    waiting, done = TicketFactory(customer=customer), TicketFactory(customer=customer)
    Ticket.objects.filter(pk=done.pk).update(
        state="archived", outcome="satisfied", cause="customer", archived_at=timezone.now()
    )
    before = customer.tier_id
    vip = Tier.objects.get(code="vip")
    Customer.objects.filter(pk=customer.pk).update(tier=vip)
    assert [standing.follow_tiers(), standing.follow_tiers()] == [1, 0]
    assert Ticket.objects.get(pk=waiting.pk).tier == vip
    assert Ticket.objects.get(pk=done.pk).tier_id == before


@pytest.mark.parametrize("first", [0, 3, 50, 51, 60])
def test_pages_go_on_through_both_parts_and_miss_nobody(signed_in, agent, team, customer, first):
    vip = CustomerFactory(team=team, vip=True)
    opened = [TicketFactory(customer=vip if n < first else customer, owner=agent) for n in range(70)]
    same = timezone.now() + timedelta(hours=3)
    Ticket.objects.filter(pk__in=[ticket.pk for ticket in opened[::3]]).update(due_at=same)
    Ticket.objects.filter(pk__in=[ticket.pk for ticket in opened[1::5]]).update(due_at=None)
    client = signed_in(agent)

    one = client.get(URL)
    two = client.get(URL, {"after": one.context["page"].next_cursor})

    seen = rows_of(one) + rows_of(two)
    assert len(seen) == len(set(seen)) == 70
    assert set(seen[:first]) == {ticket.pk for ticket in opened[:first]}
    assert two.context["page"].next_cursor == ""


@pytest.mark.parametrize(
    "text", ["", "none", "f1.x", "fx.1", "r99999999999999999999.1", "fnone.-1", "f1.1.1", "1.1", "x1.1", "r١.١"]
)
def test_a_cursor_that_is_none_shows_the_first_page(signed_in, agent, customer, text):
    ticket = TicketFactory(customer=customer, owner=agent)
    assert rows_of(signed_in(agent).get(URL, {"after": text})) == [ticket.pk]


def test_each_view_holds_what_its_count_says(signed_in, agent, lead, team, customer):
    vip = CustomerFactory(team=team, vip=True)
    TicketFactory(customer=customer, owner=agent)
    TicketFactory(customer=customer, late=True)
    TicketFactory(customer=vip, owner=lead, kind=Kind.COMPLAINT, level="special")
    TicketFactory(customer=vip, owner=agent, by=agent, late=True)

    for user in (agent, lead):
        client = signed_in(user)
        counted = {view.code: count for view, count, _more in client.get(URL).context["views"]}
        for code, count in counted.items():
            assert len(rows_of(client.get(URL, {"view": code}))) == count, code
    assert counted["special"] == 1
    assert counted["vip"] == 2
    assert counted["team"] == 4


def test_an_agent_answers_for_their_own_and_nobodys_late_tickets(signed_in, agent, lead, customer):
    mine = TicketFactory(customer=customer, owner=agent, late=True)
    nobodys = TicketFactory(customer=customer, late=True)
    anothers = TicketFactory(customer=customer, owner=lead, late=True)

    assert set(rows_of(signed_in(agent).get(URL, {"view": "breached"}))) == {mine.pk, nobodys.pk}
    assert set(rows_of(signed_in(lead).get(URL, {"view": "breached"}))) == {mine.pk, nobodys.pk, anothers.pk}


def test_the_rail_and_the_view_agree_on_what_is_breached(signed_in, agent, lead, customer):
    TicketFactory(customer=customer, owner=lead, late=True)
    TicketFactory(customer=customer, owner=agent, late=True)
    context = signed_in(agent).get(URL).context
    assert context["rail_breached"] == context["figures"]["breached"] == 1


def test_ones_own_is_counted_exactly_among_more_than_the_cap(signed_in, agent, lead, customer, monkeypatch):
    monkeypatch.setattr(queue, "CAP", 4)
    for _ in range(5):
        TicketFactory(customer=customer, owner=lead, late=True)
    own = [TicketFactory(customer=customer, owner=agent) for _ in range(3)]
    late = TicketFactory(customer=customer, late=True)
    Ticket.objects.filter(pk__in=[own[0].pk, late.pk]).update(unread=True)
    Ticket.objects.exclude(pk__in=[own[0].pk, late.pk]).update(unread=False)
    snoozing.snooze(own[1], until=timezone.now() + timedelta(hours=1), by=agent)
    watching.watch(own[2], user=agent)

    response = signed_in(agent).get(URL)
    held = {view.code: (count, more) for view, count, more in response.context["views"]}
    assert held["mine"] == (2, False) and held["unread"] == (2, False) and held["breached"] == (1, False)
    assert held["snoozed"] == held["watched"] == (1, False)
    assert held["team"] == (4, True) and "4+" in response.content.decode()
    led = {view.code: (count, more) for view, count, more in signed_in(lead).get(URL).context["views"]}
    assert led["mine"] == led["breached"] == (4, True)


def test_whatever_a_saved_view_asks_for_is_counted_as_it_is_listed(signed_in, agent, customer):
    tag, topic = Tag.objects.create(name="leak", colour="red"), Category.objects.first()
    fitting = TicketFactory(customer=customer, owner=agent, kind=Kind.COMPLAINT, category=topic, subject="100% 漏水 '")
    other = TicketFactory(customer=customer, owner=agent)
    Tagging.objects.create(ticket=fitting, tag=tag, by=agent)
    asked = [
        "kind=complaint", f"state={fitting.state}&kind=complaint", f"owner={agent.pk}", f"category={topic.pk}",
        f"priority={fitting.priority}", f"tag={tag.pk}", "q=100%25 漏水 '", "state=archived", "owner=none",
    ]
    for number, query in enumerate(asked):
        SavedView.objects.create(owner=agent, name=f"{number}", query=f"view=team&{query}")
    client = signed_in(agent)
    counted = {view.name: count for view, count, _more in client.get(URL).context["saved_views"]}
    listed = {str(number): len(rows_of(client.get(f"{URL}?view=team&{query}"))) for number, query in enumerate(asked)}
    assert counted == listed and {0, 1, 2} == set(listed.values()) and other.pk != fitting.pk


def test_who_has_no_team_sees_an_empty_queue(db, signed_in):
    nobody = UserFactory(team=None, role="agent")
    context = signed_in(nobody).get(URL).context
    assert {count for _view, count, _more in context["views"]} == {0}
    assert context["figures"]["closed_today"] == 0


def test_filters_narrow_the_view_and_unknown_values_are_left_out(signed_in, agent, lead, customer):
    complaint = TicketFactory(customer=customer, owner=agent, kind=Kind.COMPLAINT, subject="送货迟到")
    service = TicketFactory(customer=customer, owner=lead, kind=Kind.SERVICE, subject="安装预约")
    client = signed_in(agent)

    def shown(**params):
        return rows_of(client.get(URL, {"view": "team", **params}))

    assert shown(kind="complaint") == [complaint.pk]
    assert shown(owner=lead.pk) == [service.pk]
    assert shown(owner="me") == [complaint.pk]
    assert shown(owner="none") == []
    assert shown(state=State.ANSWERED) == []
    assert shown(q="送货") == [complaint.pk]
    assert set(shown(kind="x", state="y", owner="z")) == {complaint.pk, service.pk}


def test_htmx_gets_the_list_with_its_counts_and_no_frame(signed_in, agent, customer):
    ticket = TicketFactory(customer=customer, owner=agent)
    html = signed_in(agent).get("/?view=mine&kind=service", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in html
    assert f'id="row-{ticket.pk}"' in html
    assert 'hx-get="/?view=mine&amp;kind=service"' in html
    assert 'id="views"' in html
    assert 'id="figures"' in html


def test_going_back_in_the_browser_gets_the_whole_page(signed_in, agent, customer):
    back = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in signed_in(agent).get(URL, headers=back).content.decode()


def test_rows_show_masked_contacts_only(signed_in, agent, customer):
    TicketFactory(customer=customer, owner=agent, channel="phone")
    TicketFactory(customer=customer, owner=agent, channel="mail")
    html = signed_in(agent).get(URL).content.decode()
    assert "138****1234" in html
    assert "w***@mail.example" in html
    assert "13812341234" not in html
    assert "wang@mail.example" not in html


def test_a_claim_from_the_queue_takes_the_ticket_and_goes_back_to_the_queue(signed_in, agent, customer):
    ticket = TicketFactory(customer=customer)
    answer = signed_in(agent).post(reverse("desk:ticket_claim", args=[ticket.pk]), {"next": "/?view=unassigned"})
    ticket.refresh_from_db()
    assert ticket.owner == agent
    assert (answer.status_code, answer["Location"]) == (302, "/?view=unassigned")


def test_a_claim_never_leads_to_another_site(signed_in, agent, customer):
    ticket = TicketFactory(customer=customer)
    answer = signed_in(agent).post(reverse("desk:ticket_claim", args=[ticket.pk]), {"next": "https://evil.example/"})
    assert answer["Location"] == "/"


def test_a_lost_claim_names_the_winner_in_the_refreshed_queue(signed_in, agent, lead, customer):
    ticket = TicketFactory(customer=customer)
    routing.claim(ticket, by=lead)
    client = signed_in(agent)
    htmx = {"HX-Request": "true"}
    answer = client.post(reverse("desk:ticket_claim", args=[ticket.pk]), {"next": "/"}, headers=htmx)
    assert (answer.status_code, answer["HX-Trigger"]) == (204, "live")
    assert "王强" in client.get(URL, headers=htmx).content.decode()


def test_closed_today_counts_what_this_person_archived_today(signed_in, agent, lead, customer):
    for owner in (agent, lead):
        ticket = TicketFactory(customer=customer, owner=owner)
        workflow.move(
            ticket, State.ARCHIVED, by=owner, outcome=Outcome.SPAM, cause=Cause.CUSTOMER, note="Advertising"
        )
    assert signed_in(agent).get(URL).context["figures"]["closed_today"] == 1
    assert signed_in(lead).get(URL).context["figures"]["closed_today"] == 2


def test_a_call_that_was_not_finished_can_be_taken_up_again(signed_in, agent, lead):
    call = calls.start(team=agent.team, agent=agent, number="13812341234")
    assert reverse("desk:intake_call", args=[call.pk]) in signed_in(agent).get(URL).content.decode()
    assert reverse("desk:intake_call", args=[call.pk]) not in signed_in(lead).get(URL).content.decode()


def test_an_empty_view_says_so_and_leads_onward(signed_in, agent):
    html = signed_in(agent).get(URL).content.decode()
    assert "c-state" in html
    assert "?view=team" in html


def test_another_team_sees_nothing_of_it(signed_in, outsider, customer):
    TicketFactory(customer=customer, late=True)
    response = signed_in(outsider).get(URL, {"view": "team"})
    assert rows_of(response) == []
    assert {count for _view, count, _more in response.context["views"]} == {0}
    assert response.context["rail_breached"] == 0
    assert "王小雨" not in response.content.decode()


def test_nobody_gets_in_without_signing_in(client, db):
    assert client.get(URL).status_code == 302


SORTS = ["due", "updated", "opened", "priority"]


@pytest.mark.parametrize("sort", SORTS)
def test_pages_of_every_order_go_on_where_they_ended_and_miss_nobody(signed_in, agent, customer, sort):
    opened = [TicketFactory(customer=customer, owner=agent) for _ in range(queue.PAGE + 13)]
    same = timezone.now()
    ids = [ticket.pk for ticket in opened]
    Ticket.objects.filter(pk__in=ids[::2]).update(updated_at=same, opened_at=same)
    Ticket.objects.filter(pk__in=ids[::3]).update(priority=1)
    client = signed_in(agent)

    one = client.get(URL, {"sort": sort})
    two = client.get(URL, {"sort": sort, "after": one.context["page"].next_cursor})

    seen = rows_of(one) + rows_of(two)
    assert len(seen) == len(set(seen)) == len(opened)
    assert two.context["page"].next_cursor == ""
    assert f"sort={sort}" in one.content.decode() or sort == "due"


def test_every_order_stands_as_it_says(signed_in, agent, customer):
    first, second, third = (TicketFactory(customer=customer, owner=agent) for _ in range(3))
    Ticket.objects.filter(pk=second.pk).update(updated_at=timezone.now() + timedelta(minutes=1), priority=1)
    client = signed_in(agent)
    assert rows_of(client.get(URL, {"sort": "updated"})) == [second.pk, third.pk, first.pk]
    assert rows_of(client.get(URL, {"sort": "opened"})) == [third.pk, second.pk, first.pk]
    assert rows_of(client.get(URL, {"sort": "priority"})) == [second.pk, first.pk, third.pk]


@pytest.mark.parametrize("text", ["p9.1", "pnone.1", "u5.1", "p1.x", "r5.1"])
def test_a_cursor_of_another_order_shows_the_first_page(signed_in, agent, customer, text):
    ticket = TicketFactory(customer=customer, owner=agent)
    assert rows_of(signed_in(agent).get(URL, {"sort": "priority", "after": text})) == [ticket.pk]


def test_columns_are_chosen_in_the_address(signed_in, agent, customer):
    TicketFactory(customer=customer, owner=agent)
    client = signed_in(agent)
    shown = client.get(URL, {"cols": ["priority", "opened"]})
    assert [column.code for column in shown.context["filters"].columns] == ["priority", "opened"]
    assert "cols=priority&amp;cols=opened" in shown.content.decode()
    usual = [column.code for column in client.get(URL, {"cols": "x"}).context["filters"].columns]
    assert usual == ["kind", "state", "sla", "owner", "updated"]


def test_topic_and_priority_narrow_the_view(signed_in, agent, customer):
    topic = Category.objects.first()
    told = TicketFactory(customer=customer, owner=agent, category=topic)
    TicketFactory(customer=customer, owner=agent)
    client = signed_in(agent)
    assert rows_of(client.get(URL, {"category": topic.pk})) == [told.pk]
    assert len(rows_of(client.get(URL, {"priority": told.priority}))) == 2
