"""An erasure that leaves no trace: every column of every table is searched, sealed ones opened."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.db import connection, models
from django.utils import timezone

from complaints import sheets
from core.crypto import EncryptedField
from core.models import Event
from customers import consent, registry, requests, reveal
from customers.models import (
    Communication,
    Customer,
    DataRequest,
    ImportPart,
    ImportRun,
    Merge,
    Need,
    Order,
    OrderLine,
    Reveal,
)
from desk import erasure, mail_intake, merging
from followups import callbacks, feedback, outgoing
from followups.models import Attempt, Callback, HandOff
from loyalty import ledger
from messaging import calls, inbound, outbox
from messaging.models import Message
from processes import confirmations, running
from processes.models import Template
from staff import handing_over
from staff.floor_models import HandOverLine
from staff.notifications import notify
from tests.factories import CustomerFactory, TicketFactory
from tickets import conversation, workflow
from tickets.models import Level, Post, State, Ticket
from visits import flow, slips
from visits.models import Technician

NAME, PHONE, MAIL, ADDRESS = "欧阳震霆", "13987651234", "zhenting@ouyang.example", "北京市朝阳区望京街七号"
NEEDLES = ["203.0.113.7", NAME, PHONE, "139 8765 1234", "139****1234", MAIL, ADDRESS, "震霆", "oyzt", "87651234"]
RAW = f"""From: {NAME} <{MAIL}>
To: service@desk.example
Subject: {NAME} 的净水机漏水
Message-ID: <one@ouyang.example>
Content-Type: text/plain; charset=utf-8

我是{NAME}，电话 {PHONE}，住 {ADDRESS}。
""".encode()


def traces(*needles):
    """(table, column) wherever one of the texts stands, in plain or under seal, history included."""
    found = set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
            " AND data_type IN ('text', 'character varying', 'json', 'jsonb', 'bytea', 'ARRAY', 'tsvector')"
        )
        for table, column, kind in cursor.fetchall():
            for needle in needles:
                text = f'convert_from("{column}", \'SQL_ASCII\')' if kind == "bytea" else f'"{column}"::text'
                where = f'position(%s::bytea in "{column}") > 0' if kind == "bytea" else f"position(%s in {text}) > 0"
                cursor.execute(
                    f'SELECT count(*) FROM "{table}" WHERE {where}',  # noqa: S608 names come from the catalogue
                    [needle.encode() if kind == "bytea" else needle],
                )
                if cursor.fetchone()[0]:
                    found.add((table, column))
    for model in apps.get_models():
        sealed = [field.attname for field in model._meta.concrete_fields if isinstance(field, EncryptedField)]
        for row in models.QuerySet(model).only("pk", *sealed) if sealed else ():
            for name in sealed:
                value = getattr(row, name)
                text = bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else str(value)
                if any(needle in text for needle in needles):
                    found.add((model._meta.db_table, name))
    return found


@pytest.fixture
def person(team, agent, specialist, lead):
    """Somebody who has left words in every place that the product keeps."""
    mail_intake.route(inbound.store(RAW))
    customer = Customer.objects.get()
    assert customer.name == NAME
    registry.add_contact(customer, kind="phone", value=PHONE, source="call")
    registry.add_contact(customer, kind="address", value=ADDRESS, source="call")
    Customer.objects.filter(pk=customer.pk).update(company=f"{NAME}商行", attributes={"note": NAME})
    customer.refresh_from_db()
    customer.occupation = NAME
    customer.save()
    ticket = Ticket.objects.get()
    conversation.reply(ticket, body=f"{NAME}先生您好", by=agent, next_update_at=timezone.now() + timedelta(days=1))
    conversation.note(ticket, body=f"回电 {PHONE}", by=agent)
    call = calls.start(team=team, agent=agent, number=PHONE)
    calls.save_draft(call, {"name": NAME, "phone": PHONE})
    calls.attach_customer(call, customer, by=agent)
    calls.finish(call, outcome="dropped")
    unlinked = calls.start(team=team, agent=agent, number=PHONE)
    calls.finish(unlinked, outcome="dropped")
    complaint = TicketFactory(customer=customer, kind="complaint", level=Level.SPECIAL, subject=f"{NAME}投诉",
                              body=ADDRESS, wish=f"给{NAME}赔偿")
    workflow.move(complaint, State.CLASSIFIED, by=agent)
    sheet = sheets.open_sheet(complaint, by=agent, ground="safety")
    sheet.known = f"{NAME}说漏水"
    sheet.save()
    line = HandOverLine(ticket_id=ticket.pk, reasons=["vip"], remark=f"{NAME}等回电 {PHONE}")
    handing_over.hand_over(team=agent.team, shift=None, until=ticket.opened_at, lines=[line], by=agent, key="h")
    of_process(ticket, agent)
    event = Event.objects.filter(ticket_id=ticket.pk).first()
    callback = Callback.objects.create(ticket=ticket, resolution=event, due_at=timezone.now())
    Attempt.objects.create(callback=callback, by=agent, outcome="satisfied", score=5, words=f"{NAME}满意")
    record = feedback.open_record(ticket, by=agent)
    feedback.save(record, by=agent, version=record.version, opinion=f"{NAME}建议", extras=ADDRESS)
    HandOff.objects.create(record=record, number=1, was="agent", now="specialist", by=agent, remark=f"{NAME}急")
    made = outgoing.dial(by=agent, ticket=ticket)
    outgoing.finish(made, by=agent, outcome="reached", words=f"{NAME}说改天")
    consent.record(customer=customer, purpose="care", given=True, wording=f"我{NAME}同意", way=MAIL, by=agent)
    reveal.reveal(contact=customer.contacts.get(kind="phone"), by=agent, reason=f"找{NAME}")
    ledger.post(customer=customer, points=7, reason="gift", key="g:1", note=f"给{NAME}", by=agent)
    Need.objects.create(customer=customer, text=f"{NAME}要更安静的")
    went_out(ticket, agent)
    order = Order.objects.create(customer=customer, code="A-1", address=ADDRESS, need=NAME, amount=99)
    OrderLine.objects.create(order=order, product="RO-75", serial="SN1")
    Communication.objects.create(order=order, by=agent, result="agreed", note=f"{NAME}确认 {PHONE}")
    outbox.put(key="x:1", to=MAIL, subject=NAME, body=ADDRESS, purpose="service")
    notify(agent, "news", ticket_id=ticket.pk, text=NAME)
    inbound.store(RAW.replace(b"one@", b"two@"))  # quarantined, never a ticket
    Message.objects.filter(post=None).update(state="quarantined")
    run = ImportRun.objects.create(team=team, what="customers", file_name="a.csv", state="done",
                                   rejects=[[2, "name", f"{NAME}: no number", ""], [3, "name", "other", ""]])
    for of in ImportPart.Of.values:
        ImportPart.objects.create(run=run, of=of, number=1, content=f"{NAME},{PHONE}".encode())
    events_of_admin = LogEntry(user=lead, action_flag=2, object_id=str(customer.pk), object_repr=NAME)
    events_of_admin.content_type_id = _content_type(Customer)
    events_of_admin.save()
    twin = CustomerFactory(team=team, name=NAME + "二", phone=PHONE, company=NAME)
    TicketFactory(customer=twin, subject=f"{NAME}的另一单")
    merging.merge(winner=customer, loser=twin, by=lead, choices={"name": "loser"})
    return customer


def went_out(ticket, agent):
    """A visit to the person, with everything that is written down about one."""
    technician, now = Technician.objects.create(user=agent, team=agent.team), timezone.now()
    visit = flow.request(
        ticket, kind="repair", address=ADDRESS, contact_name=NAME, phone=PHONE, task=f"去{NAME}家", by=agent
    )
    window = {"starts_at": now, "ends_at": now + timedelta(hours=4)}
    flow.dispatch(visit, technician=technician, by=agent, **window)
    for _n in range(2):
        flow.appoint(visit, reason=f"{NAME}要求", by=agent, **window)
    flow.arrive(visit, by=agent)
    slips.write(
        visit, by=agent, work=f"给{NAME}换滤芯", result="done", signed_how="paper", signed_by=NAME,
        opinion=f"回电 {PHONE}", arrived_at=now, left_at=now,
    )


def of_process(ticket, by):
    """A service process with words of and about the person in each of its tables."""
    served = TicketFactory(customer=ticket.customer, owner=by, by=by, kind="service")
    process = running.start(served, template=Template.objects.get(kind="service"), by=by)
    running.complete(process.steps.get(stage="need"), by=by, result=f"{NAME}要换")
    running.write_plan(process, text=f"去{ADDRESS}，先打 {PHONE}", by=by)
    running.complete(process.steps.get(stage="plan"), by=by)
    asked = confirmations.invite(process, by=by, root="https://desk.example/")
    confirmations.answer_link(asked, accepted=True, words=f"我是{NAME}，同意", ip="203.0.113.7")
    running.note(process, what=f"已到{ADDRESS}", by=by)


def _content_type(model):
    from django.contrib.contenttypes.models import ContentType

    return ContentType.objects.get_for_model(model).pk


def asked(customer, by, kind="erase"):
    return requests.open_request(customer=customer, kind=kind, way=f"mail of {NAME}", by=by)


def test_an_erasure_leaves_no_trace_in_any_table(person, specialist, agent):
    request = asked(person, specialist)
    assert {table for table, _column in traces(*NEEDLES)} >= {
        "customers_customer", "customers_historicalcustomer", "customers_contact", "tickets_post", "messaging_message",
        "messaging_outbox", "messaging_call", "customers_order", "complaints_sheet", "followups_attempt",
        "processes_process", "processes_historicalprocess", "processes_step", "processes_logentry",
        "processes_confirmation",
        "followups_feedback", "followups_historicalfeedback", "followups_handoff", "followups_outgoing",
        "customers_merge", "customers_importrun", "customers_importpart", "customers_need",
        "customers_consent", "customers_reveal", "staff_handoverline",
        "visits_visit", "visits_appointment", "visits_slip",
        "loyalty_pointsentry", "staff_notification", "django_admin_log", "customers_datarequest",
    }  # the search itself sees what is there
    erasure.erase(request=request, by=specialist)
    assert traces(*NEEDLES) == set()


def test_figures_stay(person, specialist, agent):
    before = figures()
    erasure.erase(request=asked(person, specialist), by=specialist)
    after = figures()
    assert after["events"] == before["events"] + 3  # asked, erased, answered
    assert {**after, "events": 0} == {**before, "events": 0}
    assert ledger.balance(person) == 7 and Order.objects.get().amount == 99 and Attempt.objects.get().score == 5
    moves = Event.objects.filter(kind="moved")
    assert all(event.data.get("to") for event in moves) and moves.exists()


def figures():
    return {
        "tickets": list(Ticket.objects.order_by("pk").values_list("pk", "state", "kind", "opened_at", "due_at")),
        "posts": list(Post.objects.order_by("pk").values_list("pk", "kind", "at")),
        "history": Ticket.history.count(), "events": Event.objects.count(), "messages": Message.objects.count(),
    }


def test_the_certificate_counts_by_table_and_a_second_submit_changes_nothing(person, specialist):
    request = asked(person, specialist)
    done = erasure.erase(request=request, by=specialist)
    assert done.state == "done" and done.summary["tables"]["tickets.Ticket"] == 4
    assert erasure.erase(request=request, by=specialist).closed_at == done.closed_at
    person.refresh_from_db()
    assert person.erased_at and person.name == erasure.GONE
    assert not Customer.objects.present().exists()


def test_a_legal_hold_wins_also_one_on_a_merged_archive(person, specialist, lead):
    loser = Customer.objects.get(merged_into=person)
    held = requests.hold(customer=loser, reason="仲裁 2026-18", by=lead)
    request = asked(person, specialist)
    with pytest.raises(erasure.EraseRefused, match="2026-18"):
        erasure.erase(request=request, by=specialist)
    request.refresh_from_db()
    assert request.state == "open"
    requests.release(hold=held, by=lead)
    assert erasure.erase(request=request, by=specialist).state == "done"


def test_others_lose_nothing(person, specialist, team):
    other = CustomerFactory(team=team, name="李四", phone="13711112222", email="li@example.com")
    TicketFactory(customer=other, subject="李四的单", body="请回电")
    was = traces("李四")
    erasure.erase(request=asked(person, specialist), by=specialist)
    assert traces("李四") == was


def test_an_erased_archive_is_neither_merged_nor_unmerged(person, specialist, team, lead):
    erasure.erase(request=asked(person, specialist), by=specialist)
    person.refresh_from_db()
    with pytest.raises(merging.MergeRefused):
        merging.undo(merge=Merge.objects.get(), by=lead)
    with pytest.raises(merging.MergeRefused):
        merging.merge(winner=CustomerFactory(team=team), loser=person, by=lead)


def test_tickets_fade_three_years_after_closing_unless_held(person, team, lead, agent):
    late = timezone.now() + timedelta(days=3 * 366)
    held = CustomerFactory(team=team, name="持有人")
    kept = TicketFactory(customer=held, subject="留着")
    requests.hold(customer=held, reason="仲裁", by=lead)
    fresh = TicketFactory(customer=held, subject="还开着")
    Ticket.objects.exclude(pk=fresh.pk).update(
        state="archived", outcome="withdrawn", cause="customer", archived_at=timezone.now()
    )
    assert erasure.retain()["tickets"] == 0
    assert erasure.retain(now=late)["tickets"] == Ticket.objects.exclude(customer=held).count() == 4
    assert erasure.retain(now=late)["tickets"] == 0
    kept.refresh_from_db()
    assert kept.subject == "留着"
    left = {table for table, _column in traces(NAME)}
    assert not left & {"tickets_ticket", "tickets_post", "tickets_historicalticket", "complaints_sheet"}


def test_access_logs_fade_after_six_months(person, agent):
    assert erasure.retain(now=timezone.now() + timedelta(days=100))["reveals"] == 0
    assert Reveal.objects.exists()
    erasure.retain(now=timezone.now() + timedelta(days=190))
    assert not Reveal.objects.exists()
    looked = Event.objects.get(kind="revealed")
    assert looked.actor_id is None and looked.customer_id is None and looked.data == {}


def test_callbacks_are_unharmed_by_what_was_erased(person, specialist):
    erasure.erase(request=asked(person, specialist), by=specialist)
    callbacks.plan_due()
    assert DataRequest.objects.get().summary["tables"]
