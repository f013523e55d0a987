"""What a ticket is bound to, on its page, in the queue and in the search."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from desk import mail_intake, search
from desk.search_filters import resolve
from messaging import inbound
from tests.desk.test_mail_intake import raw_mail
from tests.factories import CustomerFactory, TicketFactory
from tickets import intake, joining, relations, todo, watching
from tickets.models import Join, Kind, Tag, Task, Ticket

HTMX = {"HX-Request": "true"}


@pytest.fixture
def customer(team):
    return CustomerFactory(team=team, name="王小雨", email="yu@mail.example")


@pytest.fixture
def ticket(customer, agent):
    return TicketFactory(customer=customer, owner=agent, kind=Kind.CONSULT)


@pytest.fixture
def client(signed_in, agent):
    return signed_in(agent)


def url(name, *args):
    return reverse(f"desk:{name}", args=[getattr(one, "pk", one) for one in args])


def rows_of(response):
    return [ticket.pk for group in response.context["page"].groups for ticket in group.rows]


def test_tags_are_put_on_and_taken_off_in_the_head(client, ticket):
    answer = client.post(url("ticket_tags", ticket), {"tag": "漏水"}, headers=HTMX)
    tag = Tag.objects.get()
    assert "漏水" in answer.content.decode() and answer.context["ticket"].tag_chips[0]["name"] == "漏水"
    assert "漏水" in client.get(url("ticket_tags", ticket)).content.decode()
    refused = client.post(url("ticket_tags", ticket), {"tag": "x" * 31})
    assert refused.status_code == 422 and "x" * 31 in refused.content.decode()
    client.post(url("ticket_untag", ticket, tag))
    assert not ticket.tags.exists()


def test_watching_begins_and_ends_with_one_button(client, agent, ticket):
    assert client.post(url("ticket_watch", ticket), {"on": "1"}, headers=HTMX).context["ticket"].watched
    assert not client.post(url("ticket_watch", ticket), headers=HTMX).context["ticket"].watched


def test_the_panel_adds_ticks_and_drops_tasks_and_keeps_what_was_refused(client, lead, ticket):
    sent = {"what": "查批次", "owner": lead.pk, "due_at": "2020-01-02T10:00", "key": "k"}
    html = client.post(url("ticket_todos", ticket), sent, headers=HTMX).content.decode()
    assert "查批次" in html and "u-red" in html
    refused = client.post(url("ticket_todos", ticket), {"what": "长" * 201}, headers=HTMX)
    assert refused.status_code == 422 and "长" * 201 in refused.content.decode()
    task = Task.objects.get()
    act = url("ticket_todo", ticket, task)
    assert client.post(act, {"act": "drop", "reason": ""}, headers=HTMX).status_code == 422
    dropped = {"act": "drop", "reason": "不用了"}
    for sent, done in (({"act": "done"}, True), ({"act": "reopen"}, False), (dropped, True)):
        assert client.post(act, sent, headers=HTMX).status_code == 200
        task.refresh_from_db()
        assert bool(task.done_at) == done
    assert task.dropped_because == "不用了"


def test_the_panel_links_tickets_and_says_how_many_parts_are_open(client, customer, ticket, outsider):
    part, foreign = TicketFactory(customer=customer), TicketFactory(customer=CustomerFactory(team=outsider.team))
    offered = client.get(url("ticket_links", ticket)).content.decode()
    assert part.number in offered and foreign.number not in offered
    assert part.number in client.get(url("ticket_links", ticket), {"number": part.number}).content.decode()
    links = url("ticket_links", ticket)
    html = client.post(links, {"number": part.number, "as_what": "child"}, headers=HTMX).content.decode()
    assert part.subject in html and "1 of 1 parts open" in html
    for number in (foreign.number, "nonsense", ticket.number):
        refused = client.post(links, {"number": number, "as_what": "related"}, headers=HTMX)
        assert refused.status_code == 422 and number in refused.content.decode()
    row = ticket.links_out.get()
    client.post(url("ticket_unlink", ticket, row), headers=HTMX)
    assert not ticket.links_out.exists()


def test_the_panel_costs_the_same_with_many_tasks_and_links(client, agent, customer, ticket):
    def grow(number):
        todo.add(ticket, what=f"第 {number} 件", by=agent, owner=agent)
        relations.link(ticket, target=TicketFactory(customer=customer), kind="related", by=agent)

    def cost():
        with CaptureQueriesContext(connection) as asked:
            assert client.get(url("ticket_work", ticket)).status_code == 200
        return len(asked)

    grow(0)
    few = cost()
    for number in range(1, 12):
        grow(number)
    assert cost() <= few


# --- Queue and search -------------------------------------------------------------------------------------------


def test_the_queue_narrows_to_a_tag_and_to_what_is_watched_and_shows_tags(client, agent, customer, ticket):
    other = TicketFactory(customer=customer, owner=agent)
    wet = relations.tag_named("漏水")
    relations.tag(ticket, tag=wet, by=agent)
    watching.watch(other, user=agent)
    assert rows_of(client.get("/", {"view": "team", "tag": wet.pk})) == [ticket.pk]
    assert rows_of(client.get("/", {"view": "watched"})) == [other.pk]
    with CaptureQueriesContext(connection) as asked:
        answer = client.get("/", {"view": "team", "cols": ["kind", "tags"]})
    assert "c-chip--line\">漏水" in answer.content.decode()
    assert len(asked) <= 13
    Tag.objects.update(is_active=False)
    gone = client.get("/", {"view": "team", "tag": wet.pk})
    assert len(rows_of(gone)) == 2 and gone.context["filters"].ignored


def test_rows_are_tagged_from_the_queue_and_that_is_undone(client, customer, ticket):
    sent = {"kind": "tag", "pick": [ticket.pk], "key": "a", "tag": "漏水"}
    answer = client.post(url("bulk"), sent, follow=True)
    assert ticket.tags.get().name == "漏水" and answer.context["may_undo"]
    client.post(url("bulk_undo", answer.context["bulk"]))
    assert not ticket.tags.exists()
    assert client.post(url("bulk"), sent | {"key": "b", "tag": ""}).status_code == 422
    assert client.post(url("bulk"), sent | {"key": "c", "kind": "untag", "tag": "没有"}).status_code == 422


@pytest.mark.parametrize("typed", ["tag:漏水", "标签:漏", "tag:漏水 -watching:me is:open"])
def test_the_search_knows_tags(agent, customer, ticket, typed):
    TicketFactory(customer=customer)
    relations.tag(ticket, tag=relations.tag_named("漏水"), by=agent)
    assert search.ticket_ids(resolve(typed, agent), 9) == [ticket.pk]


def test_the_search_knows_what_is_watched_and_says_which_tags_there_are(agent, customer, ticket):
    TicketFactory(customer=customer)
    watching.watch(ticket, user=agent)
    relations.tag_named("漏水")
    assert search.ticket_ids(resolve("关注:我", agent), 9) == [ticket.pk]
    assert "漏水" in resolve("tag:没有的", agent).problems[0]


# --- Merge and split --------------------------------------------------------------------------------------------


def test_two_tickets_are_compared_merged_and_taken_apart_again(client, agent, customer, ticket):
    twin = TicketFactory(customer=customer, subject="还是漏水")
    chosen = client.get(url("ticket_merge", twin))
    assert [one.pk for one in chosen.context["others"]] == [ticket.pk]
    preview = client.get(url("ticket_merge", twin), {"other": ticket.number})
    assert (preview.context["survivor"], preview.context["goes"]) == (ticket, twin)  # the older one stays
    merged = client.post(url("ticket_merge", twin), {"other": ticket.number, "stays": ticket.pk}, follow=True)
    assert merged.redirect_chain[-1][0] == url("ticket", ticket)
    assert f"Merged into {ticket.number}" in client.get(url("ticket", twin)).content.decode()
    panel = client.get(url("ticket_work", ticket)).content.decode()
    join = Join.objects.get()
    assert url("join_undo", join) in panel
    client.post(url("join_undo", join))
    twin.refresh_from_db()
    assert not twin.is_archived and not Join.objects.filter(undone_at=None).exists()


def test_what_cannot_be_merged_says_why_on_the_page(client, team, ticket):
    foreign = TicketFactory(customer=CustomerFactory(team=team))
    page = client.get(url("ticket_merge", ticket), {"other": foreign.number})
    assert "different customers" in page.content.decode()
    assert client.post(url("ticket_merge", ticket), {"other": foreign.number}).status_code == 422
    assert client.post(url("ticket_merge", ticket), {"other": "T-999999"}).status_code == 422


def test_a_mail_to_the_number_of_a_merged_ticket_goes_to_the_survivor(agent, customer, ticket):
    twin = TicketFactory(customer=customer)
    joining.merge(ticket, other=twin, by=agent)
    raw = raw_mail(subject=f"Re: [{twin.number}]", body="还有进展吗")
    assert mail_intake.route(inbound.store(raw)).ticket_id == ticket.pk
    third = TicketFactory(customer=customer)
    joining.merge(third, other=ticket, by=agent)
    raw = raw_mail(subject=f"Re: [{twin.number}]", body="再问一次", Message_ID="<two@mail.example>")
    assert mail_intake.route(inbound.store(raw)).ticket_id == third.pk


def test_entries_are_split_off_on_a_page_of_their_own(client, ticket):
    post = intake.append_inbound(ticket, body="另外发票没有收到")
    assert "另外发票没有收到" in client.get(url("ticket_split", ticket)).content.decode()
    sent = {"post": [post.pk], "subject": "", "kind": "consult", "key": "k"}
    refused = client.post(url("ticket_split", ticket), sent)
    assert refused.status_code == 422 and refused.context["chosen"] == [post.pk]
    made = client.post(url("ticket_split", ticket), sent | {"subject": "发票"}, follow=True)
    assert made.context["ticket"].subject == "发票"
    assert Ticket.objects.count() == 2


def test_an_overdue_task_is_marked_late(agent, ticket):
    task = todo.add(ticket, what="查", by=agent, due_at=timezone.now() + timedelta(hours=1))
    assert not task.is_late(timezone.now()) and task.is_late(timezone.now() + timedelta(hours=2))
