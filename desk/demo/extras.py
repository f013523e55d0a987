"""What surrounds the tickets: dropped calls, mails that are none, purchases and points, reveals."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from core import events
from customers.models import Contact, Customer, Reveal
from desk import mail_intake
from desk.demo import mails
from desk.demo.walks import Steps
from loyalty import ledger
from loyalty.models import PointsEntry
from messaging import calls, inbound
from messaging.models import Call, Channel, Message, Outbox

if TYPE_CHECKING:
    from desk.demo.story import Story

PURCHASES, REDEMPTIONS, GIFTS, REVEALS, DROPPED = 26, 9, 5, 6, 5
GIFT, PRIZE = "服务补救赠送 Service recovery", "积分兑换滤芯套装 Filters for points"
WHY = ("核对上门地址", "客户要求核对预留号码", "与网点师傅确认联系方式")


def plot(story: "Story", scale: float) -> None:
    """Lays down all of it over the two weeks."""
    start, rng = story.hours.days()[0], story.rng

    def some(number: int) -> range:
        return range(max(1, round(number * scale)))

    def whenever() -> datetime:
        return start + (story.now - timedelta(hours=3) - start) * rng.random()

    story.begin(start, _nights(story))
    for _n in some(PURCHASES):
        story.begin(whenever(), _purchase(story))
    for _n in some(REDEMPTIONS):
        story.begin(story.hours.working(whenever()), _points(story, -600, PointsEntry.Reason.REDEMPTION, PRIZE))
    for _n in some(GIFTS):
        story.begin(story.hours.working(whenever()), _points(story, 600, PointsEntry.Reason.GIFT, GIFT))
    for _n in some(REVEALS):
        story.begin(story.hours.working(whenever()), _reveal(story))
    for _n in some(DROPPED):
        story.begin(story.hours.working(whenever()), _dropped(story))
    for number, odd in enumerate((_twice, _broken, _returned, _away)):
        story.begin(story.now - timedelta(hours=30 - 6 * number), odd(story))


def _anybody(story: "Story", *, spent: bool = True) -> Customer:
    return story.rng.choice([c for team in story.customers.values() for c in team if c.spend or not spent])


def _nights(story: "Story") -> Steps:
    """Points are credited each night."""
    for midnight in story.hours.days():
        yield midnight + timedelta(hours=2)
        ledger.credit_due(now=story.clock.now)


def _purchase(story: "Story") -> Steps:
    customer = Customer.objects.get(pk=_anybody(story).pk)
    customer.spend += Decimal(story.rng.choice((89, 189, 268, 399, 599, 1299)))
    story.clock.actor = None
    customer.save(update_fields=["spend"])
    yield from ()


def _points(story: "Story", points: int, reason: str, note: str) -> Steps:
    customer = _anybody(story)
    if points > 0 or ledger.balance(customer) + points >= 0:
        ledger.post(
            customer=customer, points=points, reason=reason, note=note, now=story.clock.now,
            by=story.rng.choice(story.crews["华东一组"].agents), key=f"{reason}:{customer.pk}:{story.clock.now:%y%m%d%H%M%S%f}",
        )
    yield from ()


def _reveal(story: "Story") -> Steps:
    customer = story.rng.choice(story.customers["华东一组"])
    contact = customer.contacts.all()[0]
    by, why = story.rng.choice(story.crews["华东一组"].agents), story.rng.choice(WHY)
    Reveal.objects.create(user=by, customer=customer, field=contact.kind, reason=why, at=story.clock.now)
    events.record(
        "revealed", contact, by=by, customer_id=customer.pk, team_id=customer.team_id, now=story.clock.now,
        field=contact.kind, reason=why,
    )
    yield from ()


def _dropped(story: "Story") -> Steps:
    """A call that breaks off before anything was said."""
    crew = story.crews["华东一组"]
    agent, customer = story.rng.choice(crew.agents), _anybody(story)
    while busy := story.busy_until(agent, story.clock.now):
        yield busy + timedelta(seconds=30)
    begun = story.clock.now
    story.busy[agent.pk] = begun + timedelta(seconds=40)
    number = next(c.value for c in customer.contacts.all() if c.kind == Contact.Kind.PHONE)
    story.clock.actor = agent
    call = calls.start(
        team=crew.team, agent=agent, number=number, ringing_at=begun - timedelta(seconds=12), now=begun
    )
    yield begun + timedelta(seconds=story.rng.uniform(6, 30))
    calls.finish(call, outcome=Call.Outcome.DROPPED, now=story.clock.now)


# --- Mails that are none ----------------------------------------------------------------------------------


def _take_in(story: "Story", raw: bytes) -> None:
    story.clock.actor = None
    mail_intake.route(inbound.store(raw, now=story.clock.now), now=story.clock.now)


def _twice(story: "Story") -> Steps:
    """A mail server delivers the same mail again."""
    earlier = Message.objects.filter(channel=Channel.MAIL, action=Message.Action.OPENED).order_by("-pk").first()
    if earlier:
        _take_in(story, bytes(earlier.raw))
    yield from ()


def _broken(story: "Story") -> Steps:
    _take_in(story, mails.BROKEN)
    yield from ()


def _returned(story: "Story") -> Steps:
    """One of ours comes back: the address does not exist any more."""
    sent = _sent(story)
    if sent:
        _take_in(story, mails.bounce(of=sent.message_id, recipient=sent.to, to=sent.from_address, at=story.clock.now))
    yield from ()


def _away(story: "Story") -> Steps:
    sent = _sent(story)
    if sent and sent.customer:
        _take_in(story, mails.away(
            sender=sent.to, name=sent.customer.name, to=sent.from_address, subject=sent.subject, at=story.clock.now,
            answers=sent.message_id,
        ))
    yield from ()


def _sent(story: "Story") -> Outbox | None:
    """The last reply that went out."""
    teams = [crew.team for crew in story.crews.values()]
    return Outbox.objects.filter(key__startswith="reply:", customer__team__in=teams).select_related("customer").order_by("-pk").first()
