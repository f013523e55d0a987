"""Every page, in Chinese on a light desktop and in English on a dark telephone: whole, accessible, translated."""

import io
import re
from datetime import time, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.test import TransactionTestCase
from django.utils import timezone
from playwright.sync_api import expect

from complaints import sheets
from core.management.commands.defaults import fill_all
from core.models import Event
from customers import duplicates, needs, ordering, requests, scoring
from customers.models import CommunicationPlan, DataRequest, DuplicatePair, Reveal, Task
from customers.transfer import loading, runs
from desk import leaving
from followups import callbacks, feedback, outgoing
from messaging import calls
from messaging.models import Mailbox
from processes import confirmations, running
from processes.models import Template
from staff import absences, announcing, handing_over, notifications, rosters
from staff.floor_models import HandOverLine, Shift
from staff.models import Role
from tests import standard
from tests.e2e.conftest import Visits
from tests.factories import CustomerFactory, TeamFactory, TicketFactory, UserFactory, make_late
from tickets import conversation, escalation, intake, sla, workflow
from tickets.models import Channel, Kind, Level, State
from visits import flow as visit_flow
from visits import slips
from visits.models import Technician, Visit

LOOKS = {
    "zh-light-1440": {"language": "zh-hans", "theme": "light", "size": (1440, 900)},
    "en-dark-390": {"language": "en", "theme": "dark", "size": (390, 844)},
}
# page → (who looks, address, status)
PAGES = {
    "sign-in": (None, "/sign-in/", 200),
    "workbench": ("agent", "/?view=team", 200),
    "workbench-empty": ("agent", "/?view=vip", 200),
    "ticket": ("agent", "/tickets/{ticket}/", 200),
    "timer": ("supervisor", "/tickets/{ticket}/timers/{timer}/", 200),
    "ticket-in-callback": ("specialist", "/tickets/{resolved}/", 200),
    "ticket-merge-with": ("agent", "/tickets/{ticket}/merge/", 200),
    "ticket-merge": ("agent", "/tickets/{ticket}/merge/?other={resolved}", 200),
    "ticket-split": ("agent", "/tickets/{ticket}/split/", 200),
    "intake-start": ("specialist", "/intake/", 200),
    "intake-call": ("agent", "/intake/{call}/", 200),
    "customers": ("agent", "/customers/", 200),
    "customer": ("agent", "/customers/{customer}/", 200),
    "customer-edit": ("agent", "/customers/{customer}/edit/", 200),
    "customer-orders": ("agent", "/customers/{customer}/orders/", 200),
    "customer-privacy": ("specialist", "/customers/{customer}/privacy/", 200),
    "customer-tasks": ("lead", "/customers/tasks/", 200),
    "steps": ("lead", "/steps/", 200),
    "escalations": ("lead", "/escalations/", 200),
    "breaches": ("lead", "/breaches/", 200),
    "order-new": ("agent", "/customers/{customer}/orders/new/", 200),
    "orders": ("agent", "/orders/", 200),
    "order": ("agent", "/orders/{order}/", 200),
    "order-edit": ("agent", "/orders/{order}/edit/", 200),
    "duplicates": ("lead", "/duplicates/", 200),
    "duplicate": ("lead", "/duplicates/{pair}/", 200),
    "merge-with": ("lead", "/customers/{customer}/merge/", 200),
    "requests": ("lead", "/requests/", 200),
    "request": ("lead", "/requests/{request}/", 200),
    "access-log": ("supervisor", "/reveals/", 200),
    "imports": ("supervisor", "/imports/", 200),
    "import": ("supervisor", "/imports/{run}/", 200),
    "tiers": ("supervisor", "/dashboard/tiers/", 200),
    "tier-value": ("supervisor", "/dashboard/tiers/platinum/", 200),
    "stages": ("supervisor", "/dashboard/stages/", 200),
    "needs": ("supervisor", "/dashboard/needs/", 200),
    "callbacks": ("specialist", "/callbacks/", 200),
    "callbacks-list": ("specialist", "/callbacks/?view=list", 200),
    "callback-audit": ("specialist", "/callbacks/{audit}/", 200),
    "callback": ("specialist", "/callbacks/{callback}/", 200),
    "outgoing-call": ("lead", "/callbacks/calls/{outgoing}/", 200),
    "feedback-list": ("agent", "/feedback/", 200),
    "feedback": ("agent", "/feedback/{feedback}/", 200),
    "visits": ("lead", "/visits/", 200),
    "visits-mine": ("agent", "/visits/mine/", 200),
    "visit": ("agent", "/visits/{visit}/", 200),
    "visit-slip": ("agent", "/visits/{slip}/slip/", 200),
    "complaints": ("lead", "/complaints/", 200),
    "complaint": ("lead", "/complaints/{sheet}/", 200),
    "floor": ("lead", "/floor/handover/", 200),
    "hand-over": ("agent", "/floor/handover/{handover}/", 200),
    "transfer": ("lead", "/floor/transfers/{transfer}/", 200),
    "roster": ("lead", "/floor/roster/", 200),
    "absences": ("lead", "/floor/absences/", 200),
    "announcements": ("lead", "/floor/announcements/", 200),
    "announcement": ("lead", "/floor/announcements/{announcement}/", 200),
    "dashboard": ("supervisor", "/dashboard/", 200),
    "notifications": ("lead", "/staff/notifications/", 200),
    "preferences": ("agent", "/staff/preferences/", 200),
    "my-notices": ("lead", "/me/notices/", 200),
    "search": ("agent", "/search/?q=漏水", 200),
    "help": ("agent", "/help/", 200),
    "not-found": ("agent", "/tickets/999999/", 404),
    "forbidden": ("agent", "/dashboard/", 403),
}
# Latin words that stand on a Chinese page by right: keys, units, names of things.
LATIN = {"ctrl", "enter", "shift", "alt", "esc", "sla", "vip", "english", "min", "json", "csv", "xlsx", "utf", "api"}
DATA = re.compile(r"[\w.*+-]+@[\w.*-]+|\b[TKCF]-\d+|\bF\d{1,2}\b|\bp\d0\b")


@pytest.fixture(scope="module")
def floor(django_db_setup, django_db_blocker):
    """A desk in the middle of a day, on which all pages of this module look: the names in the addresses."""
    with django_db_blocker.unblock():
        fill_all()
        people = cast()
        yield SimpleNamespace(**people, **cases(people))
        standard.empty()


def cast() -> dict:
    team = TeamFactory(name="华东一组")
    Mailbox.objects.create(address="service@desk.example", name="客服中心", team=team, is_default=True)
    names = {Role.AGENT: "李娜", Role.SPECIALIST: "周敏", Role.LEAD: "王强", Role.SUPERVISOR: "陈静"}
    return {role.value: UserFactory(username=role.value, display_name=names[role], role=role, team=team)
            for role in names}  # fmt: skip


def cases(people) -> dict:
    """One of everything that a page can show; the same names as in `PAGES`."""
    agent, specialist = people["agent"], people["specialist"]
    customer = CustomerFactory(
        team=agent.team, vip=True, name="王小雨", company="上海云杉家居有限公司", phone="13812341234",
        email="wang@mail.example",
    )
    other = CustomerFactory(team=agent.team, name="赵一凡", phone="13912345678")
    ticket = worked(customer, agent)
    in_process(customer, agent)
    late = TicketFactory(customer=other, owner=agent, subject="漏水三天没有人管", late=True)
    TicketFactory(customer=other, subject="发票抬头写错了，请重新开一张并寄到公司前台，谢谢", channel=Channel.WECHAT)
    complaint = TicketFactory(customer=customer, kind=Kind.COMPLAINT, level=Level.SPECIAL, owner=agent, by=agent)
    sheet = sheets.open_sheet(complaint, by=agent, ground="media")
    sheets.save_sheet(sheet, by=specialist, version=sheet.version, known="接口老化", finding="upheld")
    make_late(complaint)
    escalation.escalate_due()
    notifications.notify(people["lead"], "assigned", ticket_id=late.pk, by="李娜")
    service = resolved(other, agent, Kind.SERVICE, State.CLASSIFIED, State.RECORDED, State.AUDIT_CALLBACK)
    consult = resolved(customer, agent, Kind.CONSULT, State.UNDERSTOOD, State.ANSWERED)
    call = calls.start(team=agent.team, agent=agent, number="13912345678")
    calls.save_draft(call, {"phone": "13912345678", "kind": "complaint", "level": "special", "subject": "漏水，要投诉"})
    return archive(people, customer) | went_out(ticket, agent) | {
        "timer": ticket.timers.get(metric="resolution").pk,
        "ticket": ticket.pk, "customer": customer.pk, "resolved": service.ticket_id, "audit": service.pk,
        "callback": consult.pk, "sheet": sheet.pk, "call": call.pk,
        "feedback": feedback.open_record(ticket, by=agent).pk, **of_floor(people, ticket),
        "outgoing": outgoing.dial(by=people["lead"], ticket=ticket).pk,
    }  # fmt: skip


def of_floor(people, ticket) -> dict:
    """A roster, somebody away whose work was shared out, news to be acknowledged, and a hand-over."""
    lead, now, today = people["lead"], timezone.now(), timezone.localdate()
    shift = Shift.objects.create(team=lead.team, name_zh="早班", name_en="Early", starts=time(8), ends=time(16))
    rosters.assign(user=people["agent"], shift=shift, day=today)
    away = absences.record(
        user=people["specialist"], starts_at=now - timedelta(hours=1), ends_at=now + timedelta(days=1), kind="training",
        plan="shared", deputy=lead, by=lead,
    )
    leaving.begin(away, now=now)
    news = announcing.publish(
        by=lead, teams=[lead.team], title_zh="周五系统维护", title_en="Maintenance on Friday", must_acknowledge=True,
        body_zh="22:00 起停机一小时。", body_en="An hour without the desk from 22:00.", ends_at=now + timedelta(days=2),
    )
    line = HandOverLine(ticket_id=ticket.pk, reasons=["vip", "promised"], owner_name="李娜", remark="客户等报价")
    row = handing_over.hand_over(team=lead.team, shift=shift, until=now, lines=[line], by=lead, key="h")
    return {"handover": row.pk, "transfer": away.transfers.get().pk, "announcement": news.pk}


def went_out(ticket, agent) -> dict:
    """A visit that waits for its window, one whose slip is being written, and one that is done."""
    technician, now = Technician.objects.create(user=agent, team=agent.team, areas="浦东"), timezone.now()
    visits = []
    for number in range(3):
        visit = visit_flow.request(
            ticket, kind="repair", address="上海市浦东新区张江路88号", phone="13812341234", task="接口漏水", by=agent
        )
        starts_at = now + timedelta(hours=number)
        visit_flow.dispatch(
            visit, technician=technician, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1), by=agent
        )
        visits.append(visit)
    for visit in visits[:2]:
        visit_flow.appoint(visit, starts_at=visit_at(visit), ends_at=visit_at(visit) + timedelta(hours=1), by=agent)
        visit_flow.arrive(visit, by=agent)
    slips.write(
        visits[0], by=agent, work="换垫圈，试水正常", result="done", signed_how="paper", signed_by="王小雨",
        satisfaction=5, arrived_at=now, left_at=now,
    )
    visit_flow.request(ticket, kind="delivery", address="上海市浦东新区张江路88号", by=agent)
    return {"visit": visits[1].pk, "slip": visits[0].pk}


def in_process(customer, agent) -> None:
    """A service process whose plan is at the customer."""
    ticket = TicketFactory(customer=customer, owner=agent, by=agent, kind=Kind.SERVICE)
    process = running.start(ticket, template=Template.objects.get(kind="service"), by=agent)
    running.complete(process.steps.get(stage="need"), by=agent, result="要换接头")
    running.write_plan(process, text="周三上午上门更换接头，免费。", by=agent)
    running.complete(process.steps.get(stage="plan"), by=agent)
    confirmations.invite(process, by=agent, root="https://desk.example/")


def visit_at(visit):
    return Visit.objects.get(pk=visit.pk).starts_at


def archive(people, customer) -> dict:
    """What belongs to the archive of customers: an order, a twin, a request, a file, a score."""
    agent, lead, now = people["agent"], people["lead"], timezone.now()
    order = ordering.open_order(
        customer=customer, lines=[ordering.Line(product="净水机 M3", quantity=1, price=Decimal(2899))], by=agent,
        need="家里水碱重", payment="prepaid", address="上海市浦东新区东方路 1 号",
    )
    CustomerFactory(team=agent.team, name="王晓雨", phone="13812341234")
    duplicates.search_all()
    asked = requests.open_request(customer=customer, kind=DataRequest.Kind.ACCESS, way="电话", by=lead)
    contact = customer.contacts.first()
    Reveal.objects.create(user=agent, customer=customer, field=contact.kind, reason="核对上门地址", at=now)
    data = "姓名,电话\n陆明远,13700002101\n程立,1370\n".encode()
    run = runs.receive(
        team=agent.team, what="customers", upload=io.BytesIO(data), name="展会.csv", size=len(data),
        by=people["supervisor"],
    )
    runs.choose(run=run, columns=run.columns, by=people["supervisor"])
    loading.work()
    needs.note(customer=customer, text="希望周末能上门安装", topic="上门时间", by=agent)
    scoring.assign()
    plan, soon = CommunicationPlan.objects.get(tier__code="vip", method="phone"), timezone.localdate(now)
    for key, due_on in (("late", soon - timedelta(days=2)), ("soon", soon + timedelta(days=2))):
        Task.objects.create(
            customer=customer, kind="contact", key=key, plan=plan, due_on=due_on, assignee=agent,
            reason={"method": "phone"},
        )
    return {
        "order": order.pk, "pair": DuplicatePair.objects.get().pk, "request": asked.pk, "run": run.pk,
    }  # fmt: skip


def worked(customer, agent):
    """A ticket with every kind of post, paused."""
    ticket = TicketFactory(customer=customer, owner=agent, wish="今天下午上门", urgency=3, importance=3)
    conversation.reply(ticket, body="您好，请确认报价。", by=agent, wait=True)
    conversation.note(ticket, body="客户下午在家", by=agent)
    intake.append_inbound(ticket, body="可以，请尽快。")
    sla.pause(ticket, by=agent, reason="等客户确认")
    return ticket


def resolved(customer, agent, kind, *states):
    ticket = TicketFactory(customer=customer, kind=kind, owner=agent, by=agent)
    for state in states:
        workflow.move(ticket, state, by=agent)
    return callbacks.plan(Event.objects.get(ticket_id=ticket.pk, kind="resolved"))


@pytest.fixture
def desk(floor, monkeypatch, transactional_db):
    """Rows that stay from page to page: they all look at the same ones."""
    monkeypatch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: None)


@pytest.fixture(scope="module")
def visits(floor, browser, site):
    with Visits(browser, site) as visits:
        yield visits, {}


@pytest.fixture
def tab_of(desk, visits, floor):
    """tab_of(who, look) → their tab, which goes from page to page as people do."""
    entered, tabs = visits

    def tab(who, look):
        if (who, look) not in tabs:
            tabs[who, look] = entered.enter(getattr(floor, who) if who else None, **LOOKS[look])
        tabs[who, look].problems.clear()
        return tabs[who, look]

    return tab


def latin(page) -> set[str]:
    """Words in Latin letters that the page shows or speaks, beside keys, data and text in a language of its own."""
    said = page.evaluate("""() => {
      const said = [];
      const silent = "script, style, noscript, kbd, code, textarea, template, [lang]:not(html)";
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (!node.parentElement.closest(silent)) said.push(node.data);
      }
      document.querySelectorAll("[aria-label], [placeholder], [title], [alt]").forEach((node) => {
        if (!node.closest("[lang]:not(html)")) {
          ["aria-label", "placeholder", "title", "alt"].forEach((name) => said.push(node.getAttribute(name) || ""));
        }
      });
      return said.concat(document.title).join("\\n");
    }""")
    return {word for word in re.findall(r"[A-Za-z]{3,}", DATA.sub(" ", said)) if word.lower() not in LATIN}


def wider_than_the_screen(page) -> list[str]:
    """What can be moved sideways beyond the boxes that are meant to."""
    return page.evaluate("""() => {
      const over = (node) => node.scrollWidth > node.clientWidth + 1;
      const found = [...document.querySelectorAll("main, main *, aside, dialog[open]")].filter((node) =>
        over(node) && ["auto", "scroll"].includes(getComputedStyle(node).overflowX) &&
        !node.closest(".c-scroll-x, .c-week, .c-stages, .c-seg, .c-tabs"));
      if (over(document.documentElement)) found.push(document.documentElement);
      return found.map((node) => `${node.tagName}.${node.className} ${node.scrollWidth} > ${node.clientWidth}`);
    }""")


def leads_past_the_navigation(page) -> None:
    """The first stop of the Tab key is the way to the main part."""
    page.evaluate("""() => {
      const start = document.createElement("i");
      start.tabIndex = -1;
      document.body.prepend(start);
      start.focus();
    }""")
    page.keyboard.press("Tab")
    skip = page.locator("a.l-skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


@pytest.mark.parametrize(("name", "look"), [(name, look) for look in LOOKS for name in PAGES])
def test_a_page_is_whole(tab_of, floor, name, look):
    who, address, status = PAGES[name]
    tab = tab_of(who, look)
    page = tab.page
    answer = page.goto(tab.address + address.format(**vars(floor)))
    assert answer.status == status
    expect(page.locator("html")).to_have_attribute("lang", LOOKS[look]["language"])
    expect(page.locator("html")).to_have_attribute("data-bs-theme", LOOKS[look]["theme"])
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert tab.accessible() == []
    assert wider_than_the_screen(page) == []
    if LOOKS[look]["language"] == "zh-hans":
        assert latin(page) == set()
    if who:
        leads_past_the_navigation(page)
    assert [text for text in tab.problems if f"status of {status}" not in text] == []
