"""Orders of the demo desk at every step of their way, needs, fields of the admin's own, and profiles grown old."""

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils import timezone

from customers import freshness, needs, ordering, plans, profile
from customers.models import Contact, Customer, CustomField, Order
from customers.ordering import Line
from desk.demo.cast import Crew
from desk.demo.walks import Steps

if TYPE_CHECKING:
    from desk.demo.story import Story

State = Order.State
WRITTEN, BOUGHT, NOTED, VERIFIED = 22, 60, 24, 70
PRODUCTS = (
    ("净水机 M3", "五级过滤，台下式", 2899), ("滤芯套装", "四支装，一年用量", 189), ("洗碗机 D8", "嵌入式 8 套", 4399),
    ("前置过滤器 Q1", "40 微米", 399), ("管线机 G2", "即热，三档温度", 1299),
)
NEEDS = (
    ("家里水碱重，想要出水快的机器", "水质"), ("晚上机器有声音，希望更静音", "噪声"), ("希望周末能上门安装", "上门时间"),
    ("想要滤芯到期前提醒", "耗材"), ("公司有二十多人，需要大流量", "流量"), ("厨房台面小，要台下安装", "空间"),
)
ADVICE = ("推荐 M3，台下安装，日产水量足够", "建议滤芯套装按年更换", "先测水质，再定型号")
FIELDS = (
    ("water-hardness", "水质硬度", "Water hardness", CustomField.Kind.NUMBER, []),
    ("home", "住房", "Home", CustomField.Kind.CHOICE, ["自有住房", "租房", "商用"]),
    ("installed-on", "首次安装日期", "First installed on", CustomField.Kind.DATE, []),
    ("household", "家庭成员", "Household", CustomField.Kind.TEXT, []),
)
# How far the orders of the last days have come, one after the other.
AS_FAR_AS = (
    State.NEED, State.CONFIRMED, State.PLANNED, State.RECONFIRMED, State.SHIPPED, State.DELIVERED, State.INSTALLED,
    State.AFTER_SALE, State.PLANNED, State.CANCELLED,
)
PAUSE = timedelta(hours=5)


def plot(story: "Story", scale: float) -> None:
    """Lays the orders down over the two weeks, most of them whole by now."""
    def some(number: int) -> range:
        return range(max(2, round(number * scale)))

    for place, (code, name_zh, name_en, kind, choices) in enumerate(FIELDS):
        CustomField.objects.get_or_create(code=code, defaults={
            "name_zh": name_zh, "name_en": name_en, "kind": kind, "choices": choices, "position": 10 * (place + 1),
        })
    start = story.hours.days()[0]
    span = story.now - timedelta(hours=3) - start
    for _n in some(BOUGHT):
        story.begin(start + timedelta(minutes=5), _bought(story))
    for number in some(WRITTEN):
        at = story.hours.working(start + span * story.rng.random())
        story.begin(at, _ordered(story, AS_FAR_AS[number % len(AS_FAR_AS)]))
    for _n in some(NOTED):
        story.begin(story.hours.working(start + span * story.rng.random()), _noted(story))
    for _n in some(VERIFIED):
        story.begin(story.hours.working(start + span * story.rng.random()), _verified(story))
    story.begin(story.now - timedelta(minutes=1), _nightly(story))


def _somebody(story: "Story") -> tuple[Customer, Crew]:
    team = story.rng.choice(list(story.customers))
    return story.rng.choice(story.customers[team]), story.crews[team]


def _lines(story: "Story") -> list[Line]:
    chosen = story.rng.sample(PRODUCTS, story.rng.choice((1, 1, 2)))
    return [Line(name, story.rng.choice((1, 1, 1, 2)), Decimal(price), about) for name, about, price in chosen]


def _address(customer: Customer) -> str:
    rows = [contact.value for contact in customer.contacts.all() if contact.kind == Contact.Kind.ADDRESS]
    return rows[0] if rows else "上海市浦东新区张杨路 188 号"


def _bought(story: "Story") -> Steps:
    """What was bought before the story, as the shop's system knows it; it is part of what was spent."""
    customer, _crew = _somebody(story)
    placed = story.clock.now - timedelta(days=story.rng.uniform(20, 700))
    lines = _lines(story)
    serial = f"SN{story.rng.randint(10**7, 10**8 - 1)}"
    lines[0] = Line(
        **{**lines[0].__dict__, "serial": serial, "warranty_until": timezone.localdate(placed + timedelta(days=730))}
    )
    story.clock.actor = None
    ordering.take_in(
        customer=customer, source="shop", code=f"W{story.rng.randint(10**6, 10**7 - 1)}", lines=lines,
        state=State.DELIVERED, placed_at=placed, delivered_at=placed + timedelta(days=4), payment="prepaid",
        pay_by=timezone.localdate(placed), paid_on=timezone.localdate(placed), now=story.clock.now,
    )
    yield from ()


def _ordered(story: "Story", until: str) -> Steps:
    """From need and advice as far as it goes, with the calls in between."""
    customer, crew = _somebody(story)
    by = story.clock.actor = story.rng.choice(crew.agents)
    order = ordering.open_order(
        customer=customer, lines=_lines(story), address=_address(customer), payment=story.rng.choice(Order.Payment.values),
        need=story.rng.choice(NEEDS)[0], advice=story.rng.choice(ADVICE), by=by, now=story.clock.now,
    )
    if until == State.CANCELLED:
        yield story.clock.now + PAUSE
        story.clock.actor = by
        ordering.step(order, State.CANCELLED, by=by, note="客户改买其他型号", now=story.clock.now)
        return
    goal = ordering.STEPS.index(until)
    for to in ordering.STEPS[1 : goal + 1]:
        yield story.hours.working(story.clock.now + PAUSE * story.rng.uniform(0.6, 2))
        story.clock.actor = by
        order = _next(story, order, to, by)
        if to == State.PLANNED and story.rng.random() < 0.35:
            yield story.clock.now + timedelta(hours=1)
            story.clock.actor = by
            later = timezone.localdate(story.clock.now) + timedelta(days=5)
            order = ordering.plan(order, planned_on=later, window="下午", reason="客户出差，改约", by=by, now=story.clock.now)


def _next(story: "Story", order: Order, to: str, by) -> Order:
    now = story.clock.now
    if to == State.CONFIRMED:
        return ordering.confirm(order, by=by, note="型号、数量、地址、付款均已核对", now=now)
    if to == State.PLANNED:
        day = timezone.localdate(now) + timedelta(days=3)
        return ordering.plan(order, planned_on=day, window=story.rng.choice(("上午", "下午")), by=by, now=now)
    if to == State.RECONFIRMED:
        if story.rng.random() < 0.4:
            ordering.communicate(order, channel="phone", result="no_answer", note="响铃无人接", by=by, now=now)
        return ordering.reconfirm(order, by=by, note="发货时间和规格无误", now=now)
    return ordering.step(order, to, by=by, now=now)


def _noted(story: "Story") -> Steps:
    customer, crew = _somebody(story)
    text, topic = story.rng.choice(NEEDS)
    by = story.clock.actor = story.rng.choice(crew.agents)
    need = needs.note(customer=customer, text=text, topic=topic, by=by, now=story.clock.now)
    if story.rng.random() < 0.3:
        yield story.clock.now + timedelta(days=1)
        story.clock.actor = by
        needs.meet(need, by=by, now=story.clock.now)


def _verified(story: "Story") -> Steps:
    """Somebody goes through the profile with the customer and fills in what was missing."""
    customer, crew = _somebody(story)
    customer = Customer.objects.get(pk=customer.pk)
    rng, by = story.rng, story.rng.choice(crew.agents)
    story.clock.actor = by
    given = {
        "x_water-hardness": rng.randint(80, 420), "x_home": rng.choice(FIELDS[1][4]),
        "x_installed-on": timezone.localdate(story.clock.now - timedelta(days=rng.randint(30, 900))).isoformat(),
    }
    if customer.kind == Customer.Kind.COMPANY:
        given["company_size"] = rng.choice(Customer.Size.values)
    profile.edit(customer, seen=profile.snapshot(customer), given=given, by=by, verified=True, now=story.clock.now)
    yield from ()


def _nightly(story: "Story") -> Steps:
    story.clock.actor = None
    freshness.make_tasks(now=story.clock.now)
    plans.make_tasks(now=story.clock.now)
    yield from ()
