"""A desk filled through its own services, every number in it known, and a search that finds any of them anywhere."""

import base64
import binascii
import io
import quopri
import re
from datetime import timedelta
from email.message import EmailMessage

from django.utils import timezone

from complaints import sheets
from core import events
from customers import consent, needs, ordering, overrides, profile, registry, requests, reveal
from customers.models import Tier
from customers.transfer import loading, out, runs
from desk import calls as desk_calls
from desk import mail_intake
from followups import callbacks, feedback, outgoing
from loyalty import ledger
from messaging import calls, inbound, outbox
from processes import running
from processes.models import Template
from tickets import conversation, intake, workflow
from visits import flow, slips
from visits.models import Technician

# Every one stands in a place of its own, so that a leak names where it came from.
PHONES = {
    "contact": "13810010001", "call": "13910020002", "mail body": "13710030003", "note": "13610040004",
    "reply": "13510050005", "sheet": "15810060006", "callback words": "15910070007", "need": "15010080008",
    "order": "15110090009", "order note": "15210100010", "consent": "18610110011", "import": "18710120012",
    "subject": "18810130013", "attribute": "17710140014", "event": "17810150015", "reveal": "13110160016",
    "export": "13210170017", "file name": "13310180018", "history": "15510190019", "attachment": "15610200020",
    "points": "18910210021", "hold": "19910220022", "draft": "16610230023", "ticket note": "13410240024",
    "customer name": "14710250025", "import header": "14510260026", "override": "15710270027",
    "visit": "13710280028", "visit task": "13610290029", "slip": "13510300030", "plan": "15810310031",
    "step": "15910320032", "feedback": "15010330033", "outgoing": "15210350035",
}  # fmt: skip
MAILS = {
    "contact": "yu.leak@private.example", "body": "second.leak@private.example", "import": "third.leak@private.example",
}  # fmt: skip
DOCUMENTS = {"contact": "11010519491231002X", "note": "440524188001010014", "card": "6222021234567894"}
ADDRESSES = {"contact": "浦东新区泄漏路9527号", "order": "黄浦区绝密弄9528号", "visit": "静安区隐匿街9529号"}
SECRETS = {
    **{f"phone of {place}": number for place, number in PHONES.items()},
    **{f"mail of {place}": address for place, address in MAILS.items()},
    **{f"document of {place}": number for place, number in DOCUMENTS.items()},
    **{f"address of {place}": address for place, address in ADDRESSES.items()},
}
_GAPS = re.compile(r"(?<=[0-9])[ \-.()\u00a0]{1,3}(?=[0-9])")
_HEX = re.compile(r"\\\\?x((?:[0-9a-f]{2}){8,})")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{16,}={0,2}")


def leaked(text: str | bytes) -> set[str]:
    """Which secrets stand in a text: as written, grouped, in hex, base64, quoted-printable or a Chinese charset."""
    found: set[str] = set()
    raw = text.encode("utf-8", "replace") if isinstance(text, str) else text
    for data in _readings(raw):
        for charset in ("utf-8", "gb18030", "utf-16-le"):
            words = data.decode(charset, "ignore")
            plain = _GAPS.sub("", words)
            found |= {name for name, secret in SECRETS.items() if secret in words or secret in plain}
    return found


def _readings(raw: bytes):
    yield raw
    for found in _HEX.finditer(raw.decode("utf-8", "ignore")):
        data = bytes.fromhex(found[1])
        yield data
        yield from _decoded(data)
    yield from _decoded(raw)


def _decoded(data: bytes):
    if b"=" in data:
        yield quopri.decodestring(data)
    for found in _BASE64.finditer(data):
        try:
            yield base64.b64decode(found.group() + b"=" * (-len(found.group().rstrip(b"=")) % 4))
        except binascii.Error:
            continue


def fill(*, team, agent, specialist, lead, supervisor):
    """Walks through the services as people do; returns the ticket that all of it is about."""
    customer, ticket = _mail_case(team, agent)
    _archive(customer, agent, lead, supervisor)
    _call_case(team, agent)
    _conversation(ticket, agent, specialist)
    _orders(customer, agent)
    _complaint(customer, agent, specialist)
    _transfer(team, lead)
    _service(customer, agent)
    return ticket


def _mail_case(team, agent):
    mail = EmailMessage()
    mail["From"], mail["To"] = f"小雨 <{MAILS['contact']}>", "service@desk.example"
    mail["Subject"] = f"漏水，请回电 {PHONES['subject']}"
    mail["Message-ID"] = "<leak@private.example>"
    mail.set_content(f"我的电话 137-1003-0003，或写到 {MAILS['body']}。")
    mail.add_alternative(f"<p>我的电话 {PHONES['mail body']}，或写到 {MAILS['body']}。</p>", subtype="html")
    mail.add_attachment(
        f"号码 {PHONES['attachment']}".encode("gb18030"), maintype="text", subtype="plain",
        filename=f"{PHONES['file name']}.txt",
    )
    result = mail_intake.route(inbound.store(mail.as_bytes()))
    assert result.action == "opened"
    ticket = result.message.post.ticket
    return ticket.customer, ticket


def _archive(customer, agent, lead, supervisor):
    for kind, value in (
        ("phone", "138 1001 0001"), ("address", ADDRESSES["contact"]), ("document", DOCUMENTS["contact"]),
    ):
        profile.add_contact(customer, kind=kind, value=value, by=agent)
    wrong = registry.add_contact(customer, kind="phone", value=PHONES["history"], source="call")
    wrong.value = PHONES["contact"][:-1] + "9"
    wrong.save()
    customer.refresh_from_db()
    seen = profile.snapshot(customer)
    profile.edit(customer, seen=seen, given={"name": f"王小雨 {PHONES['customer name']}"}, by=agent)
    customer.refresh_from_db()
    customer.attributes = {"spare": f"备用 {PHONES['attribute']}"}
    customer.save()
    needs.note(customer=customer, text=f"想换号 {PHONES['need']}", by=agent)
    consent.record(
        customer=customer, purpose="care", given=True, wording=f"可以，打 {PHONES['consent']}", way="phone", by=agent
    )
    requests.hold(customer=customer, reason=f"诉讼，对方电话 {PHONES['hold']}", by=supervisor)
    ledger.post(customer=customer, points=10, reason="gift", key="gift:1", note=f"联系 {PHONES['points']}")
    overrides.set_tier(
        customer=customer, tier=Tier.objects.get(code="vip"), reason=f"老客户 {PHONES['override']}", by=supervisor,
        expires_on=timezone.localdate() + timedelta(days=90),
    )
    reveal.reveal(contact=customer.contacts.filter(kind="phone").first(), by=agent, reason=f"回电 {PHONES['reveal']}")


def _call_case(team, agent):
    call = calls.start(team=team, agent=agent, number=PHONES["call"])
    calls.save_draft(call, {"phone": PHONES["call"], "words": f"另一个号码 {PHONES['draft']}"})
    facts = desk_calls.Facts(
        name="李四", phone=PHONES["call"], kind="service", subject="滤芯", words=f"请打 {PHONES['draft']}", answer="好",
    )
    desk_calls.finish(call=call, outcome="ticket", facts=facts, by=agent)
    dropped = calls.start(team=team, agent=agent, number=PHONES["call"])
    calls.save_draft(dropped, {"phone": PHONES["call"], "words": PHONES["draft"]})
    calls.finish(dropped, outcome="dropped")


def _conversation(ticket, agent, specialist):
    words = f"身份证 {DOCUMENTS['note']}，卡 6222 0212 3456 7894，电话 {PHONES['note']}"
    conversation.note(ticket, body=words, by=agent)
    conversation.reply(ticket, body=f"请拨 {PHONES['reply']}", by=agent, wait=True)
    outbox.send_due()
    events.record(
        "reclassified", ticket, by=agent, ticket_id=ticket.pk, customer_id=ticket.customer_id,
        reason=f"转 {PHONES['event']}",
    )


def _orders(customer, agent):
    order = ordering.open_order(
        customer=customer, by=agent, address=ADDRESSES["order"], need=f"安装前打 {PHONES['order']}",
        lines=[ordering.Line(product="WP-3000", quantity=1)],
    )
    ordering.communicate(order, channel="phone", result="informed", note=f"改打 {PHONES['order note']}", by=agent)


def _complaint(customer, agent, specialist):
    ticket = intake.open_ticket(
        customer=customer, kind="complaint", subject="投诉", body="很不满意", channel="mail", by=agent, level="special",
        wish=f"致电 {PHONES['ticket note']}",
    )
    sheet = sheets.open_sheet(ticket, by=agent)
    sheets.save_sheet(sheet, by=agent, version=sheet.version, known=f"客户电话 {PHONES['sheet']}")
    consult = intake.open_ticket(customer=customer, kind="consult", subject="咨询", channel="mail", by=agent)
    for state in ("understood", "answered"):
        workflow.move(consult, state, by=agent)
    callbacks.plan_due()
    callback = consult.callbacks.get()
    callbacks.record_attempt(
        callback, by=specialist, outcome="satisfied", score=5, cause="information",
        words=f"下次打 {PHONES['callback words']}",
    )


def _service(customer, agent):
    """A visit with its slip, a process, a feedback record and a call of ours, on a ticket of their own."""
    ticket = intake.open_ticket(customer=customer, kind="service", subject="检修", channel="web", by=agent, owner=agent)
    process = running.start(ticket, template=Template.objects.get(kind="service"), by=agent)
    running.complete(process.steps.get(stage="need"), by=agent, result=f"回电 {PHONES['step']}")
    running.write_plan(process, text=f"上门检修，联系 {PHONES['plan']}", by=agent)
    now = timezone.now()
    technician = Technician.objects.create(user=agent, team=agent.team)
    visit = flow.request(
        ticket, kind="repair", address=ADDRESSES["visit"], phone=PHONES["visit"], by=agent,
        task=f"先打 {PHONES['visit task']}",
    )
    window = {"technician": technician, "starts_at": now, "ends_at": now + timedelta(hours=1), "by": agent}
    flow.appoint(flow.dispatch(visit, **window), **window)
    flow.arrive(visit, by=agent)
    slips.write(
        visit, by=agent, work=f"已修，备用 {PHONES['slip']}", result="done", arrived_at=now, left_at=now,
        signed_by="钱七", signed_how="paper",
    )
    record = feedback.open_record(ticket, by=agent)
    feedback.save(record, by=agent, version=record.version, opinion=f"请打 {PHONES['feedback']}")
    call = outgoing.dial(by=agent, ticket=ticket)
    outgoing.finish(call, by=agent, outcome="reached", hung_up_by="agent", words=f"改打 {PHONES['outgoing']}")


def _transfer(team, lead):
    head = f"编号,姓名,电话,邮箱,{PHONES['import header']}"
    text = f"{head}\n1,赵六,{PHONES['import']},{MAILS['import']},x\n2,坏,123,x,y\n"
    run = runs.receive(
        team=team, what="customers", upload=io.BytesIO(text.encode()), name=f"客户{PHONES['import']}.csv",
        size=len(text.encode()), by=lead,
    )
    runs.choose(run=run, columns=run.columns, by=lead, save_as="ours")
    assert loading.work()
    run.refresh_from_db()
    runs.load(run=run, by=lead)
    assert loading.work()
    rows = out.chosen(lead, q="")
    out.note(rows=rows, by=lead, format="csv", filters={"q": PHONES["export"]})


__all__ = ["DOCUMENTS", "MAILS", "PHONES", "SECRETS", "fill", "leaked"]
