"""The page of all results: kinds, conditions, sight, paging; and that what is searched follows what is written."""

import io
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.finding import Sought, newest
from customers import needs
from customers.models import Customer, CustomerWords
from customers.transfer import loading, runs
from desk import erasure, merging, search_page
from desk.search import find
from knowledge.models import Article, ReplyTemplate
from staff.models import Role
from tests.factories import CustomerFactory, TicketFactory, UserFactory, make_late
from tickets import conversation, details, workflow
from tickets.models import Post, PostWords, State, Ticket, TicketWords

URL = "/search/"


def found(text, user, chosen="tickets", **more) -> list[str]:
    return [row["title"] for row in search_page.page(text, user, chosen=chosen, **more)["rows"]]


def counts(text, user) -> dict[str, int]:
    return {tab.code: tab.count for tab in search_page.page(text, user)["tabs"]}


@pytest.fixture
def leak(team):
    customer = CustomerFactory(team=team, name="王小雨", phone="13812341234", vip=True)
    body = "打过两次电话没有人回复"
    return TicketFactory(customer=customer, kind="complaint", subject="净水机漏水要求退款", body=body)


@pytest.fixture
def repair(team):
    customer = CustomerFactory(team=team, name="Emma Clarke", company="Northwind Trading")
    return TicketFactory(customer=customer, kind="service", channel="web", subject="Refund for the dishwasher",
                         body="The parts were refunded. 退款到账了。")


# --- What is found --------------------------------------------------------------------------------------------


def test_one_search_counts_every_kind(agent, leak, repair):
    Article.objects.create(title="退款流程", language="zh-hans", body="三个工作日内退款", is_published=True)
    Article.objects.create(title="退款草稿", language="zh-hans", body="未发布")
    assert counts("退款", agent) == {"tickets": 1, "messages": 1, "customers": 0, "articles": 1, "templates": 0}
    assert counts("refunds", agent)["tickets"] == counts("refunds", agent)["messages"] == 1
    assert found("退款", agent, "articles") == ["退款流程"]


@pytest.mark.parametrize(
    "text",
    ["class:complaint", "类别:投诉 退款", "tier:vip", "等级:贵宾 漏水", "customer:王小雨", "customer:“小雨” 退款",
     "-class:service", "is:open 退款 -refund", "owner:none class:complaint", "state:received 退款", "-channel:web",
     "opened>2020-01-01 退款", "opened<1d 退款", "team:华东 退款", "渠道：邮件", "“要求退款”"],
)  # fmt: skip
def test_conditions_narrow_to_the_complaint(agent, leak, repair, text):
    assert found(text, agent) == ["净水机漏水要求退款"]


@pytest.mark.parametrize(
    "text",
    ["class:consult", "tier:vip refund", "customer:赵敏", "is:archived", "opened<2020-01-01", "is:overdue", "due<1m",
     "-is:open", "-class:complaint -class:service", "state:archived 退款", "customer:K-999999"]
)  # fmt: skip
def test_conditions_that_hold_for_nobody(agent, leak, repair, text):
    assert found(text, agent) == []


def test_due_and_overdue(agent, leak, repair):
    make_late(repair)
    assert found("is:overdue", agent) == found("是:超时 refund", agent) == ["Refund for the dishwasher"]
    assert found("due<1m", agent) == ["Refund for the dishwasher"]
    assert set(found("due<30d", agent)) == {"Refund for the dishwasher", "净水机漏水要求退款"}


def test_owner_by_name_and_me(agent, specialist, leak):
    Ticket.objects.filter(pk=leak.pk).update(owner=agent)
    for text in ("owner:me", "负责人:我 退款", "owner:李娜", "owner:agent", "is:mine"):
        assert found(text, agent) == ["净水机漏水要求退款"]
    assert found("owner:me", specialist) == []


def test_conditions_reach_messages_through_their_tickets(agent, leak, repair):
    assert found("class:service 退款", agent, "messages") == ["Refund for the dishwasher"]
    assert found("class:complaint 退款", agent, "messages") == []
    assert found("customer:王小雨 电话", agent, "messages") == ["净水机漏水要求退款"]


def test_what_is_not_understood_is_told_and_the_rest_searched(signed_in, agent, leak):
    page = search_page.page("clas:complaint tier:gold owner:nobody-here team:xyz 退款", agent)
    assert len(page["problems"]) == 4 and [row["title"] for row in page["rows"]] == ["净水机漏水要求退款"]
    html = signed_in(agent).get(URL, {"q": "clas:complaint 退款"}).content.decode()
    assert "clas" in html and "<mark>退款</mark>" in html


def test_customers_by_any_part_and_by_need_and_never_by_a_sealed_contact(agent, leak, repair):
    needs.note(customer=leak.customer, text="要更安静的机器", by=agent)
    for text in ("小雨", "雨", "安静的机器", "13812341234"):
        assert found(text, agent, "customers") == ["王小雨"], text
    assert found("trading", agent, "customers") == ["Emma Clarke"]
    words = CustomerWords.objects.get(row=leak.customer).tokens
    assert "1381234" not in words and "1234" not in words
    assert found("tier:vip", agent, "customers") == ["王小雨"] and found("is:open", agent, "customers") == []


def test_a_number_within_a_text_is_found_masked(agent, leak):
    conversation.note(leak, body="回电 13987651234", by=agent)
    assert found("13987651234", agent, "messages") == ["净水机漏水要求退款"]
    assert found("13912345678", agent, "messages") == []


def test_hits_are_marked_and_a_text_cannot_bring_markup(signed_in, agent, leak):
    conversation.note(leak, body="<script>alert(1)</script> 退款", by=agent)
    html = signed_in(agent).get(URL, {"q": "退款 alert", "in": "messages"}).content.decode()
    assert "&lt;script&gt;<mark>alert</mark>(1)&lt;/script&gt; <mark>退款</mark>" in html
    assert "<script>alert" not in html


# --- Sight ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["退款", "小雨", "class:complaint", "tier:vip", "customer:王小雨", "-安装 is:open",
                                  "电话", "team:华东", "owner:李娜", "opened>2020-01-01", "退"])  # fmt: skip
@pytest.mark.parametrize("kind", ["tickets", "messages", "customers"])
def test_another_team_finds_nothing(outsider, leak, repair, text, kind):
    assert found(text, outsider, kind) == []
    assert not any(row for group in find(text, outsider) for row in group["rows"])


def test_a_team_that_takes_over_finds_it_and_the_former_does_not(agent, outsider, leak):
    with connection.cursor() as cursor:  # whoever writes it, and however
        cursor.execute("UPDATE tickets_ticket SET team_id = %s WHERE id = %s", [outsider.team_id, leak.pk])
    assert found("退款", agent) == found("电话", agent, "messages") == []
    assert found("退款", outsider) == ["净水机漏水要求退款"]
    assert found("电话", outsider, "messages") == ["净水机漏水要求退款"]


def test_the_account_manager_finds_customers_of_another_team(outsider, leak):
    Customer.objects.filter(pk=leak.customer_id).update(account_manager=outsider)
    assert found("小雨", outsider, "customers") == ["王小雨"]
    assert found("退款", outsider) == []


def test_a_supervisor_an_admin_and_nobody(supervisor, admin, other_team, leak):
    assert found("退款", supervisor) == found("退款", admin) == ["净水机漏水要求退款"]
    assert found("-安装 is:open", admin) == found("-安装 -class:service", admin) == ["净水机漏水要求退款"]
    nobody = UserFactory(team=None, role=Role.AGENT)
    gone = UserFactory(team=leak.team, is_active=False)
    for user in (nobody, gone):
        for kind in ("tickets", "messages", "customers"):
            assert found("退款", user, kind) == found("class:complaint", user, kind) == []


def test_messages_of_an_archived_ticket_are_no_open_ones(agent, leak):
    assert found("is:open 电话", agent, "messages") == ["净水机漏水要求退款"]
    now = timezone.now()
    Ticket.objects.filter(pk=leak.pk).update(state="archived", archived_at=now, outcome="satisfied", cause="customer")
    assert found("is:open 电话", agent, "messages") == [] and found("电话", agent, "messages") == ["净水机漏水要求退款"]
    assert found("is:archived class:complaint 电话", agent, "messages") == ["净水机漏水要求退款"]


def test_templates_of_another_team_are_not_found(agent, outsider, other_team):
    ReplyTemplate.objects.create(name="海外退税", language="zh-hans", body="退税说明", team=other_team)
    assert found("退税", outsider, "templates") == ["海外退税"] and found("退税", agent, "templates") == []


# --- The index follows what is written ------------------------------------------------------------------------


def test_a_rolled_back_ticket_leaves_no_words(team):
    customer = CustomerFactory(team=team)
    tickets, posts = TicketWords.objects.count(), PostWords.objects.count()
    with transaction.atomic():
        TicketFactory(customer=customer)
        assert (TicketWords.objects.count(), PostWords.objects.count()) == (tickets + 1, posts + 1)
        transaction.set_rollback(True)
    assert (TicketWords.objects.count(), PostWords.objects.count()) == (tickets, posts)


def test_an_amended_summary_is_found_by_its_new_words(agent, leak):
    details.amend(leak, by=agent, subject="改为换货")
    assert found("换货", agent) == ["改为换货"] and found("漏水", agent) == []


def test_an_archived_ticket_is_open_no_more(agent, leak):
    workflow.move(leak, State.CLASSIFIED, by=agent)
    assert found("is:open 退款", agent) == ["净水机漏水要求退款"] and found("is:archived", agent) == []
    now = timezone.now()
    Ticket.objects.filter(pk=leak.pk).update(state="archived", archived_at=now, outcome="satisfied", cause="customer")
    assert found("is:open 退款", agent) == [] and found("is:archived 退款", agent) == ["净水机漏水要求退款"]


def test_an_import_by_copy_is_indexed_and_so_are_its_changes(team, lead, agent):
    def take_in(text):
        data = text.encode()
        run = runs.receive(
            team=team, what="customers", upload=io.BytesIO(data), name="in.csv", size=len(data), by=lead
        )
        runs.choose(run=run, columns=run.columns, by=lead)
        assert loading.work()
        runs.load(run=run, by=lead)
        assert loading.work()

    take_in("编号,姓名,公司\n1,欧阳震霆,恒信商贸有限公司\n2,李四,蓝海餐饮集团\n")
    assert found("商贸", agent, "customers") == ["欧阳震霆"]
    take_in("编号,姓名,公司\n1,欧阳震霆,新城酒店\n")
    assert found("酒店", agent, "customers") == ["欧阳震霆"] and found("商贸", agent, "customers") == []


def test_a_merge_moves_and_its_undoing_brings_back(lead, team):
    winner, loser = CustomerFactory(team=team, name="甲"), CustomerFactory(team=team, name="乙乙", company="恒信商贸")
    needs.note(customer=loser, text="安静的机器", by=lead)
    row = merging.merge(winner=winner, loser=loser, by=lead)
    assert found("安静", lead, "customers") == found("商贸", lead, "customers") == ["甲"]
    assert found("乙乙", lead, "customers") == []
    merging.undo(merge=row, by=lead)
    for text in ("安静", "商贸", "乙乙"):
        assert found(text, lead, "customers") == ["乙乙"]


def test_retention_takes_the_words_out(agent, leak):
    old = timezone.now() - erasure.TICKETS_KEPT - timedelta(days=1)
    Ticket.objects.filter(pk=leak.pk).update(state="archived", archived_at=old, outcome="satisfied", cause="customer")
    erasure.retain()
    assert newest(TicketWords, Sought("漏水"), limit=9) == newest(PostWords, Sought("电话"), limit=9) == []
    assert found("is:archived", agent) == [erasure.GONE]


# --- The page -------------------------------------------------------------------------------------------------


def test_pages_hold_every_hit_once(agent, team):
    customer = CustomerFactory(team=team)
    for number in range(45):
        TicketFactory(customer=customer, subject=f"退款第{number}次", body="")
    got, before = [], None
    while True:
        page = search_page.page("退款", agent, chosen="tickets", before=before)
        got += [row["title"] for row in page["rows"]]
        if not page["next_url"]:
            break
        before = page["rows"][-1]["pk"]
    assert got == [f"退款第{number}次" for number in reversed(range(45))]


def test_counts_stop_where_nobody_reads_on(agent, team, monkeypatch, signed_in):
    monkeypatch.setattr(search_page, "CAP", 3)
    customer = CustomerFactory(team=team)
    for _n in range(5):
        TicketFactory(customer=customer, subject="退款", body="")
    assert "3+" in signed_in(agent).get(URL, {"q": "退款"}).content.decode()


def test_the_named_ticket_leads_and_comes_once(agent, leak):
    other = TicketFactory(customer=leak.customer, subject=f"see {leak.pk}", body="")
    page = search_page.page(str(leak.pk), agent, chosen="tickets")
    assert [row["pk"] for row in page["rows"]] == [leak.pk, other.pk]


def test_a_page_costs_the_same_queries_however_much_there_is(agent, team, leak):
    with CaptureQueriesContext(connection) as few:
        search_page.page("退款 类别:投诉", agent)
    for number in range(30):
        TicketFactory(customer=CustomerFactory(team=team, name=f"客{number}"), kind="complaint", subject="退款")
    agent.__dict__.pop("_manages_elsewhere", None)
    with CaptureQueriesContext(connection) as many:
        search_page.page("退款 类别:投诉", agent)
    assert len(many) <= len(few) + 1 <= 14


@pytest.mark.parametrize("text", ["", "   ", "%", "'\"\\", "-", ":", "class:", "(", "&|!", "\0", "x" * 5000, "-退款",
                                  "is:open " * 40, "退" * 200])  # fmt: skip
def test_odd_input_breaks_nothing(signed_in, agent, leak, text):
    for more in ({}, {"in": "messages"}, {"in": "nonsense", "before": "x"}, {"before": "9" * 30}, {"before": "0"}):
        assert signed_in(agent).get(URL, {"q": text, **more}).status_code == 200


def test_a_message_found_leads_to_its_place_and_the_help_stands_there(signed_in, agent, leak):
    html = signed_in(agent).get(URL, {"q": "电话", "in": "messages"}).content.decode()
    assert f"/tickets/{leak.pk}/#post-{Post.objects.get().pk}" in html
    assert "class:complaint" in signed_in(agent).get(URL).content.decode()
