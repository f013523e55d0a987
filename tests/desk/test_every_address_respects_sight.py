"""Another team's rows are 404 at every address that names one, API and fragments included.

The addresses are read from the resolver: one whose rows are not known here fails, so that none is forgotten.
"""

import re
from datetime import time, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.urls import get_resolver, reverse
from django.utils import timezone
from rest_framework.test import APIClient

from complaints import sheets
from core.models import Event
from customers import needs, ordering, profile, requests
from customers.models import Contact, DuplicatePair, ImportRun, LegalHold, Task
from customers.ordering import Line
from desk import merging
from followups import callbacks, feedback, outgoing
from followups.models import HandOff
from messaging import calls
from messaging.models import Attachment, Message
from processes import confirmations, running
from processes.models import Template
from staff import absences, announcing, handing_over, rosters
from staff.floor_models import Shift, Transfer
from staff.models import ApiToken, Role
from tests.factories import CustomerFactory, TeamFactory, TicketFactory, UserFactory
from tickets import drafts, intake, joining, relations, saved_views, todo, workflow
from tickets.list_models import BulkAction
from tickets.models import Breach, Escalation, Kind, Level, PauseRequest, State
from visits import flow, slips
from visits.models import Technician

NAME, PHONE, MAIL = "欧阳震霆", "13987651234", "zhenting@ouyang.example"
# Where an address begins → the row that it names first.
ROWS = {
    "intake/<int:pk>/": "call",
    "views/<int:pk>/": "view",
    "bulk/<int:pk>/": "bulk",
    "tickets/<int:pk>/": "ticket",
    "customers/<int:pk>/": "customer",
    "orders/<int:pk>/": "order",
    "holds/<int:pk>/": "hold",
    "imports/<int:pk>/": "import",
    "duplicates/<int:pk>/": "pair",
    "merges/<int:pk>/": "merge",
    "joins/<int:pk>/": "join",
    "requests/<int:pk>/certificate/": "corrected",
    "requests/<int:pk>/correct/": "correct",
    "requests/<int:pk>/": "access",
    "escalations/<int:pk>/": "escalation",
    "breaches/<int:pk>/": "breach",
    "pauses/<int:pk>/": "pause_request",
    "complaints/open/<int:ticket>/": "ticket",
    "complaints/<int:pk>/": "sheet",
    "callbacks/<int:pk>/": "callback",
    "visits/<int:pk>/": "visit",
    "callbacks/dial/ticket/<int:ticket>/": "ticket",
    "callbacks/dial/task/<int:pk>/": "task",
    "callbacks/calls/<int:pk>/": "outgoing",
    "feedback/open/<int:ticket>/": "ticket",
    "feedback/<int:pk>/": "feedback",
    "floor/handover/<int:pk>/": "handover",
    "floor/people/<int:pk>/": "person",
    "floor/transfers/<int:pk>/": "transfer",
    "floor/roster/duty/<int:pk>/": "duty",
    "floor/absences/<int:pk>/": "absence",
    "floor/announcements/<int:pk>/": "announcement",
    "api/v1/tickets/<int:pk>/": "ticket",
    "api/v1/tickets/<int:pk>/messages/": "ticket",
    "api/v1/tickets/<int:pk>/replies/": "ticket",
    "api/v1/tickets/<int:pk>/reopen/": "ticket",
    "api/v1/orders/<int:pk>/": "order",
}
# What an address names besides, by the name of its parameter.
BESIDE = {"timer": "timer", "attachment": "file", "contact": "contact", "need": "need", "task": "task", "file": "draft",
          "visit": "visit", "todo_id": "todo", "link": "link", "tag": "tag"}  # fmt: skip
WORDS = ("ticket", "post", "todo", "file", "event", "need", "task", "order", "plan", "spoken", "return", "sheet",
         "feedback", "handoff", "outgoing", "visit", "appointment", "slip",
         "process", "step", "log", "confirmation")  # fmt: skip
# Addresses that name no row of staff's: a word out of a fixed list, and the customer's own signed link.
OF_NOBODY = ("dashboard/tiers/<slug:code>/", "confirm/<str:token>/")
# Addresses of what is one person's alone: a file of their draft, the call that they are in.
OF_ONE = ("tickets/<int:pk>/files/<int:file>/", "intake/", "callbacks/calls/", "views/", "bulk/")
SHUT = {403, 404, 405}


def routes(resolver=None, before=""):
    """Every route of the product, without the administration's, which asks for its own permissions."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = before + str(entry.pattern)
        if route.startswith("admin/"):
            continue
        if hasattr(entry, "url_patterns"):
            yield from routes(entry, route)
        else:
            yield route


def naming():
    return [route for route in routes() if "<" in route and route not in OF_NOBODY]


def addresses(rows):
    """[(route, path)] for every route that names a row, with the ids of rows of the team."""
    found = []
    for route in naming():
        if route.startswith("words/"):
            found += [(route, f"/words/{'contact' if what == 'spoken' else what}/{rows[what].pk}/") for what in WORDS]
            continue
        owner = next((name for start, name in ROWS.items() if route.startswith(start)), None)
        assert owner, f"{route}: say in ROWS whose row it names"
        values = {"pk": rows[owner].pk, "ticket": rows[owner].pk, "kind": "reply" if "/draft/" in route else "json"}
        values["act"] = "dispatch"
        values |= {name: rows[row].pk for name, row in BESIDE.items()}
        assert not (unknown := set(re.findall(r"<\w+:(\w+)>", route)) - set(values)), f"{route}: {unknown}"
        path = route
        for name, value in values.items():
            path = re.sub(rf"<\w+:{name}>", str(value), path)
        found.append((route, f"/{path}"))
    return found


@pytest.fixture
def customer(team, agent):
    made = CustomerFactory(
        team=team, name=NAME, phone=PHONE, email=MAIL, company="欧阳机械", account_manager=agent,
        external_source="erp", external_id="E-77",
    )
    profile.add_contact(made, kind="address", value="北京市朝阳区望京街七号", by=agent)
    return made


def of_orders(customer, agent):
    line = [Line("净水机 M3", 2, Decimal(100), serial="SN-7788")]
    order, _what = ordering.take_in(
        customer=customer, source="shop", code="SO-7788", lines=line, address="北京市朝阳区望京街七号",
        payment="prepaid", state="delivered", by=agent,
    )
    ordering.communicate(order, channel="phone", result="informed", note="明天送到", by=agent)
    planned = ordering.open_order(customer=customer, lines=line, address="望京街七号", payment="prepaid", by=agent)
    ordering.confirm(planned, by=agent)
    ordering.plan(planned, planned_on=timezone.localdate() + timedelta(days=1), by=agent)
    return {
        "order": order, "spoken": order.communications.all()[0], "plan": planned.plans.all()[0],
        "return": ordering.take_back(order, units={}, amount=Decimal(5), reason="破损", by=agent),
    }


def of_tickets(customer, agent):
    ticket = TicketFactory(customer=customer, owner=agent, by=agent, subject=f"{NAME} 的净水机漏水")
    message = Message.objects.create(raw=b"x", digest="d")
    file = Attachment.objects.create(
        message=message, name="照片.png", content_type="image/png", size=1, content=b"x"
    )
    post = intake.append_inbound(ticket, body="请看照片", message=message)
    special = TicketFactory(customer=customer, kind=Kind.COMPLAINT, level=Level.SPECIAL, owner=agent, by=agent)
    workflow.move(special, State.CLASSIFIED, by=agent)
    done = TicketFactory(customer=customer, kind=Kind.CONSULT, owner=agent, by=agent)
    for state in (State.UNDERSTOOD, State.ANSWERED):
        workflow.move(done, state, by=agent)
    resolution = Event.objects.filter(ticket_id=done.pk, kind="resolved").latest("id")
    relations.tag(ticket, tag=(wet := relations.tag_named("漏水")), by=agent)
    twins = [TicketFactory(customer=customer, by=agent) for _ in range(2)]
    return {
        "tag": wet, "todo": todo.add(ticket, what="查批次", by=agent),
        "link": relations.link(ticket, target=special, kind="related", by=agent),
        "join": joining.merge(twins[0], other=twins[1], by=agent),
        "timer": (timer := ticket.timers.first()),
        "escalation": Escalation.objects.create(timer=timer, ticket=ticket, level=1, at=timezone.now()),
        "breach": Breach.objects.create(
            timer=timer, ticket=ticket, metric=timer.metric, due_at=timezone.now(), recorded_at=timezone.now()
        ),
        "pause_request": PauseRequest.objects.create(
            ticket=ticket, cause="customer", days=1, by=agent, at=timezone.now(), event_id=1
        ),
        "ticket": ticket, "file": file, "draft": drafts.add_file(ticket, user=agent, name="a.txt", pieces=[b"x"]),
        "post": post or ticket.posts.latest("pk"),
        "event": Event.objects.filter(ticket_id=ticket.pk)[0], "sheet": sheets.open_sheet(special, by=agent),
        "callback": callbacks.plan(resolution), **of_feedback(ticket, agent),
        **of_visits(ticket, agent),
    }


def of_feedback(ticket, agent):
    record = feedback.open_record(ticket, by=agent)
    handed = HandOff.objects.create(record=record, number=1, was="agent", now="specialist", by=agent, remark="已核对")
    return {"feedback": record, "handoff": handed, "outgoing": outgoing.dial(by=agent, ticket=ticket)}


def of_visits(ticket, agent):
    now = timezone.now()
    technician = Technician.objects.create(user=UserFactory(team=ticket.team), team=ticket.team)
    made = [
        flow.request(ticket, kind="repair", address="北京市朝阳区望京街七号", phone=PHONE, task="漏水", by=agent)
        for _n in range(2)
    ]
    window = {"starts_at": now, "ends_at": now + timedelta(hours=1)}
    done = flow.dispatch(made[1], technician=technician, by=agent, **window)
    flow.appoint(done, by=agent, **window)
    flow.arrive(done, by=agent)
    slip = slips.write(done, by=agent, work="换垫圈", result="done", signed_how="refused", arrived_at=now, left_at=now)
    return {"visit": made[0], "appointment": done.appointments.get(), "slip": slip}


def of_floor(team, agent, lead):
    now = timezone.now()
    shift = Shift.objects.create(team=team, name_zh="早班", name_en="Early", starts=time(8), ends=time(16))
    absence = absences.record(
        user=agent, starts_at=now + timedelta(days=2), ends_at=now + timedelta(days=3), kind="leave", plan="queue",
        by=lead,
    )
    return {
        "person": agent, "absence": absence, "duty": rosters.assign(user=agent, shift=shift, day=timezone.localdate()),
        "transfer": Transfer.objects.create(user=agent, plan="queue", by=lead),
        "handover": handing_over.hand_over(team=team, shift=shift, until=now, lines=[], by=lead, key="h"),
        "announcement": announcing.publish(by=lead, teams=[team], title_zh="新规", ends_at=now + timedelta(days=1)),
    }


def of_process(ticket, agent):
    process = running.start(ticket, template=Template.objects.get(kind="service"), by=agent)
    running.complete(process.steps.get(stage="need"), by=agent, result=f"{NAME}要换")
    running.write_plan(process, text="周三上门更换", by=agent)
    running.complete(process.steps.get(stage="plan"), by=agent)
    invitation = confirmations.invite(process, by=agent, root="https://desk.example/")
    said = confirmations.answer_link(invitation, accepted=True)
    return {
        "process": process, "step": process.steps.get(stage="need"), "log": process.log.all()[0], "confirmation": said,
    }


def of_privacy(customer, specialist, lead):
    twin = CustomerFactory(team=customer.team, name=NAME, phone="13987650000")
    other = CustomerFactory(team=customer.team, name=NAME)
    first, second = sorted((customer, twin), key=lambda one: one.pk)
    corrected = requests.open_request(customer=twin, kind="correct", way="mail", asked="x", by=specialist)
    asked = {
        kind: requests.open_request(customer=customer, kind=kind, way="mail", asked="x", by=specialist)
        for kind in ("access", "correct")
    }
    return asked | {
        "corrected": requests.close(request=corrected, by=specialist, answer="ok"),
        "hold": LegalHold.objects.create(customer=customer, reason="仲裁", by=lead),
        "pair": DuplicatePair.objects.create(team=customer.team, first=first, second=second, score=90),
        "merge": merging.merge(winner=customer, loser=other, by=lead),
        "import": ImportRun.objects.create(team=customer.team, what="customers", file_name="a.csv", by=lead),
    }


@pytest.fixture
def rows(customer, agent, specialist, lead):
    """A row of 华东一组 for everything that an address names."""
    return {
        "customer": customer,
        "contact": customer.contacts.get(kind=Contact.Kind.PHONE),
        "need": needs.note(customer=customer, text="想换滤芯", by=agent),
        "task": Task.objects.create(customer=customer, kind="update", key="t", due_on=timezone.localdate()),
        "call": calls.finish(calls.start(team=customer.team, agent=agent, number=PHONE), outcome="dropped"),
        "bulk": BulkAction.objects.create(user=agent, key="k", kind="claim"),
        "view": saved_views.save(name="全组", query="view=team", by=lead, shared=True),
        **of_orders(customer, agent), **of_tickets(customer, agent), **of_privacy(customer, specialist, lead),
        **of_floor(customer.team, agent, lead),
        **of_process(TicketFactory(customer=customer, kind=Kind.SERVICE, owner=agent, by=agent), agent),
    }


@pytest.fixture
def stranger(request, team, outsider):
    """An agent of another department, and leads of the same and of another: who may do most, if they saw it."""
    made = {
        "agent": lambda: outsider,
        "specialist": lambda: UserFactory(role=Role.SPECIALIST, team=outsider.team),
        "neighbour": lambda: UserFactory(role=Role.LEAD, team=TeamFactory(department=team.department)),
        "supervisor": lambda: UserFactory(role=Role.SUPERVISOR, team=outsider.team),
    }
    return made[request.param]()


HTMX = {"HX-Request": "true"}
KINDS = ["agent", "specialist", "neighbour", "supervisor"]
STRANGERS = pytest.mark.parametrize("stranger", KINDS, indirect=True)


def client_of(user, path, signed_in):
    if path.startswith("/api/"):
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {ApiToken.issue(user)}")
        return client
    return signed_in(user)


@pytest.mark.parametrize(
    ("stranger", "headers"), [*((kind, {}) for kind in KINDS), ("agent", HTMX)], indirect=["stranger"]
)
def test_another_teams_rows_are_shut_at_every_address(rows, stranger, signed_in, headers):
    opened = {}
    page, api = client_of(stranger, "/", signed_in), client_of(stranger, "/api/", signed_in)
    for _route, path in addresses(rows):
        client = api if path.startswith("/api/") else page
        got = {client.get(path, headers=headers).status_code, client.post(path, {}, headers=headers).status_code}
        # A method that an address does not know says nothing; of the two at least one has to be refused for the row.
        if not got <= SHUT or not got & {403, 404} or (stranger.role == Role.SUPERVISOR and 404 not in got):
            opened[path] = got
    assert opened == {}


def test_the_same_addresses_are_there_for_whoever_sees_everything(rows, admin, signed_in):
    """So that a 404 above is the reader's and not the row's."""
    page, api = client_of(admin, "/", signed_in), client_of(admin, "/api/", signed_in)
    missing = []
    for route, path in addresses(rows):
        if route.startswith(OF_ONE):
            continue
        client = api if path.startswith("/api/") else page
        if client.get(path).status_code in (200, 302):
            continue
        with transaction.atomic():  # each finds the rows as they were
            got = client.post(path, {}).status_code
            transaction.set_rollback(True)
        if got in (404, 405, 500):
            missing.append((path, got))
    assert not missing, missing


@STRANGERS
def test_no_list_search_or_lookup_tells_of_another_teams_customer(rows, stranger, signed_in):
    rows["call"] = calls.start(team=stranger.team, agent=stranger, number="13700000000")
    page, api = client_of(stranger, "/", signed_in), client_of(stranger, "/api/", signed_in)
    known = (NAME, "oyzt", "欧阳机械", MAIL, "SO-7788", "SN-7788", rows["customer"].number, "净水机漏水", "E-77")
    told = []
    for route in routes():
        if "<" in route or route.startswith(("sign-", "language", "staff/language")):
            continue
        client = api if route.startswith("api/") else page
        for asked in known:
            query = dict.fromkeys(("q", "name", "company", "phone", "value", "words"), asked)
            for headers in ({}, HTMX) if asked in known[:2] else ({},):
                text = client.get("/" + route, query, headers=headers).content.decode()
                needles = (NAME, "欧阳机械", "zhenting", "7651234", "望京")
                # What was typed comes back in the field and in addresses.
                told += [(route, asked) for needle in needles if needle not in asked and needle in text]
    assert told == []


def test_ids_of_another_teams_rows_are_no_way_in_through_forms(rows, outsider, signed_in):
    pk = rows["customer"].pk
    page, api = client_of(outsider, "/", signed_in), client_of(outsider, "/api/", signed_in)
    mine = calls.start(team=outsider.team, agent=outsider, number="13700000000")
    for answer in (
        page.post(reverse("desk:intake_customer", args=[mine.pk]), {"customer": pk, "pick": pk}),
        page.get(reverse("desk:suspects"), {"customer": pk, "name": NAME}),
        page.get(reverse("desk:intake_start"), {"customer": pk}),
        page.post(reverse("desk:intake_start"), {"customer": pk}),
        api.get("/api/v1/orders/", {"customer_id": pk}),
        api.post("/api/v1/orders/", {"customer_id": pk, "code": "X"}, format="json"),
        api.post("/api/v1/tickets/", {"customer_id": pk, "kind": "consult", "subject": "x"}, format="json"),
    ):
        assert answer.status_code < 500
        assert NAME not in answer.content.decode() and "SO-7788" not in answer.content.decode()
    mine.refresh_from_db()
    assert mine.customer_id != pk


def test_an_account_manager_sees_theirs_in_another_team(rows, outsider, signed_in):
    client = signed_in(outsider)
    mine = CustomerFactory(team=rows["customer"].team, name="李大山", account_manager=outsider)
    assert client.get(reverse("desk:customer", args=[mine.pk])).status_code == 200
    assert client.get(reverse("desk:customer", args=[rows["customer"].pk])).status_code == 404
