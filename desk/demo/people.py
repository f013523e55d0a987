"""The customers of the demo desk: the archive as it stood before the story, made in bulk."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from django.utils import timezone
from pypinyin import lazy_pinyin
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from core import events
from core.models import Event
from customers import registry, scoring
from customers.models import Consent, Contact, Customer
from desk.demo import words_en, words_zh
from desk.demo.cast import Crew
from desk.demo.clock import Clock

ENGLISH_SHARE, COMPANY_SHARE, MAIL_SHARE = 0.2, 0.12, 0.88
BIRTHDAYS_TODAY = 4
SCORED_BEFORE = 6  # times, every other month
SHARES = {"callback": 0.7, "recording": 0.5, "care": 0.45, "marketing": 0.25}
WORDING = {
    "callback": ("请问可以就此事回访您吗？", "May we call you back about this matter?"),
    "recording": ("本次通话将被录音，请问您是否同意？", "This call may be recorded; do you agree?"),
    "care": ("请问可以向您发送问候和关怀信息吗？", "May we send you greetings and care messages?"),
    "marketing": ("请问可以向您介绍优惠和新品吗？", "May we tell you about offers and products?"),
}
WAYS = (("电话中同意，通话有录音", "On the phone, recorded"), ("会员注册时勾选", "Ticked at registration"), ("书面确认", "In writing"))
WITHDRAWN = (("客户邮件要求停止", "Asked to stop by mail"), ("回复“退订”", "Replied “unsubscribe”"))


@dataclass
class Draft:
    """A customer not yet saved, with the contacts that belong to them."""

    customer: Customer
    contacts: list[Contact]


def settle(crew: Crew, count: int, *, rng: Random, clock: Clock, now: datetime) -> list[Customer]:
    """Makes `count` customers of a team with contacts, consents and tiers, and returns them in random order."""
    drafts = [_draft(crew, at, rng, clock.now) for at in range(count)]
    customers = [draft.customer for draft in drafts]
    _birthdays(customers, rng, timezone.localdate(now))
    _grow(crew, sorted(customers, key=lambda customer: customer.created_at), clock.now)
    contacts = [contact for draft in drafts for contact in draft.contacts]
    for draft in drafts:
        for contact in draft.contacts:
            contact.customer = draft.customer
            contact._history_date = draft.customer.created_at  # type: ignore[attr-defined]  # read by simple_history
    bulk_create_with_history(contacts, Contact)
    today = timezone.localdate(now)
    words = [word for c in customers for word in _consents(c, crew, rng, clock.now, birthday=_born_on(c, today))]
    Consent.objects.bulk_create(words)
    Event.objects.bulk_create([_made(customer) for customer in customers] + [_told(word, crew) for word in words])
    _managers(crew, clock.now)
    known = list(Customer.objects.filter(team=crew.team).select_related("tier").prefetch_related("contacts").order_by("pk"))
    rng.shuffle(known)
    return known


def _grow(crew: Crew, customers: list[Customer], start: datetime) -> None:
    """The archive fills from month to month, and is scored as it stood then; `customers` by the time they came."""
    for until in [start - timedelta(days=61 * ago) for ago in range(SCORED_BEFORE, -1, -1)]:
        came = [customer for customer in customers if customer.pk is None and customer.created_at <= until]
        bulk_create_with_history(came, Customer)
        scoring.assign(team=crew.team, now=until)


def _draft(crew: Crew, at: int, rng: Random, start: datetime) -> Draft:
    english = rng.random() < ENGLISH_SHARE
    words = words_en if english else words_zh
    years = rng.choices((0.1, 0.6, 1.5, 2.5, 4, 6), (18, 22, 22, 16, 14, 8))[0] * rng.uniform(0.8, 1.15)
    made = _office_time(start - timedelta(days=max(6, years * 365)), rng)
    contact = start - timedelta(days=rng.uniform(2, 150))
    spend = Decimal(0) if rng.random() < 0.14 else Decimal(round(rng.lognormvariate(7.4, 0.9), 2)).quantize(Decimal("0.01"))
    name, entry = _name(english, rng), registry.entry_tier()
    company, industry = rng.choice(words.COMPANIES) if rng.random() < COMPANY_SHARE else ("", "")
    customer = Customer(
        team=crew.team, kind=Customer.Kind.COMPANY if company else Customer.Kind.PERSON, name=name,
        initials=registry.initials_of(name), company=company, industry=industry,
        occupation="" if company else rng.choice(words.OCCUPATIONS), language="en" if english else "zh-hans",
        birthday=date(rng.randint(1955, 2003), rng.randint(1, 12), rng.randint(1, 28)) if rng.random() < 0.75 else None,
        stage=_stage(years, spend, rng), source=rng.choice([s for s in Customer.Source.values if s != "import"]),
        spend=spend, since=timezone.localdate(made), created_at=made, tier=entry,
        last_contact_at=max(made, contact),
    )
    customer._history_date = made  # type: ignore[attr-defined]  # read by simple_history
    return Draft(customer, _contacts(customer, at, english, rng))


def _name(english: bool, rng: Random) -> str:
    if english:
        return f"{rng.choice(words_en.FIRST)} {rng.choice(words_en.LAST)}"
    return rng.choice(words_zh.SURNAMES) + rng.choice(words_zh.GIVEN)


def _stage(years: float, spend: Decimal, rng: Random) -> str:
    stage = Customer.Stage
    if spend == 0:
        return stage.EXPLORATION
    if years < 1:
        return rng.choices((stage.EXPLORATION, stage.FORMATION), (1, 2))[0]
    return rng.choices((stage.FORMATION, stage.STABLE, stage.DECLINE), (3, 6, 1))[0]


def _contacts(customer: Customer, at: int, english: bool, rng: Random) -> list[Contact]:
    prefix = rng.choice(("130", "135", "136", "138", "139", "150", "158", "177", "186", "188"))
    values = [("phone", f"{prefix}{rng.randint(0, 9999):04d}{rng.randint(0, 9999):04d}")]
    if rng.random() < MAIL_SHARE or english:
        words = customer.name.lower().split() if english else ["".join(lazy_pinyin(customer.name))]
        values.append(("email", f"{'.'.join(words)}{customer.team_id}{at:03d}@example.com"))
    if rng.random() < 0.4 and not english:
        values.append(("address", f"{rng.choice(words_zh.PLACES)}{rng.choice('文学建中解人')}{rng.choice('一二三')}路 {rng.randint(1, 399)} 号"))
    if rng.random() < 0.25 and not english:
        values.append(("wechat", f"{customer.initials}_{rng.randint(80, 99)}"))
    contacts = []
    for kind, value in values:
        contact = Contact(
            kind=kind, value=value, source=customer.source, preferred=kind in ("phone", "email"),
            verified_on=customer.since if rng.random() < 0.6 else None,
        )
        contact.seal()
        contacts.append(contact)
    return contacts


def _birthdays(customers: list[Customer], rng: Random, today: date) -> None:
    """Some keep their birthday today; one more tomorrow."""
    for customer in customers[:BIRTHDAYS_TODAY]:
        customer.birthday = date(rng.randint(1960, 1999) // 4 * 4, today.month, today.day)
    tomorrow = today + timedelta(days=1)
    for customer in customers[BIRTHDAYS_TODAY : BIRTHDAYS_TODAY + 1]:
        customer.birthday = date(1988, tomorrow.month, tomorrow.day)


def _managers(crew: Crew, start: datetime) -> None:
    """Each VIP has a manager of their own."""
    vips = list(Customer.objects.filter(team=crew.team, tier__rank=1).order_by("pk"))
    for place, customer in enumerate(vips):
        customer.account_manager = crew.agents[place % len(crew.agents)]
    bulk_update_with_history(vips, Customer, ["account_manager"], default_date=start)


def _made(customer: Customer) -> Event:
    return events.draft(
        "customer_made", customer, customer_id=customer.pk, team_id=customer.team_id, now=customer.created_at,
        source=customer.source,
    )


def _born_on(customer: Customer, day: date) -> bool:
    birthday = customer.birthday
    return birthday is not None and (birthday.month, birthday.day) == (day.month, day.day)


def _consents(customer: Customer, crew: Crew, rng: Random, start: datetime, *, birthday: bool) -> list[Consent]:
    """What the customer agreed to when they came to us, and what some took back later."""
    english, rows = customer.language == "en", []
    for purpose, wording in WORDING.items():
        wished = birthday and purpose == "care"
        if not wished and rng.random() > SHARES[purpose]:
            continue
        # Whoever has a matter here may be called back about it; the stories rest on it.
        first = Consent(
            customer=customer, purpose=purpose, given=rng.random() < 0.85 or purpose == "callback", wording=wording[english],
            way=rng.choice(WAYS)[english], at=customer.created_at + timedelta(minutes=rng.randint(2, 600)),
            recorded_by_id=rng.choice(crew.agents).pk,
        )
        rows.append(first)
        if first.given and not wished and purpose in ("care", "marketing") and rng.random() < 0.2:
            rows.append(Consent(
                customer=customer, purpose=purpose, given=False, wording=first.wording,
                way=rng.choice(WITHDRAWN)[english], at=first.at + (start - first.at) * rng.random(),
                recorded_by_id=first.recorded_by_id,
            ))
    return rows


def _told(row: Consent, crew: Crew) -> Event:
    by = next(agent for agent in crew.agents if agent.pk == row.recorded_by_id)
    return events.draft(
        "consent_given" if row.given else "consent_withdrawn", row, by=by, customer_id=row.customer_id,
        team_id=crew.team.pk, now=row.at, purpose=row.purpose, channel=row.channel,
    )


def _office_time(moment: datetime, rng: Random) -> datetime:
    local = timezone.localtime(moment)
    return timezone.make_aware(datetime.combine(local.date(), time(rng.randint(9, 17), rng.randint(0, 59), rng.randint(0, 59))))
