"""The upkeep of the demo desk's archive: customers registered twice, requests of persons, files brought in."""

import io
from datetime import timedelta
from typing import TYPE_CHECKING

from customers import duplicates, registry, requests
from customers.models import Contact, Customer, DataRequest
from customers.transfer import loading, runs
from desk.demo.walks import Steps

if TYPE_CHECKING:
    from desk.demo.story import Story

MAIN = "华东一组"
# What the second archive of a customer shares with the first.
TWINS = ("email", "birthday", "email", "company")
# Days ago: written down, and earlier still when it reached us.
ASKED = (
    (2, 3, DataRequest.Kind.ACCESS, "邮件"), (5, 26, DataRequest.Kind.ERASE, "来信"),
    (9, 9, DataRequest.Kind.CORRECT, "电话"),
)
HELD = "合同纠纷未结，法务要求保留"
FILES = (
    ("展会客户 1115.csv", "姓名,电话,公司,行业\n"
     "陆明远,13700002101,苏州衡达仪表,仪器仪表\n方雅琴,13700002102,无锡清源酒店,酒店\n"
     "程立,1370000210,常州立人食品,食品\n唐宁,13700002104,南通宁泰物业,物业\n"),
    ("expo-leads.csv", "name,email,company\nNora Bright,nora.bright@example.com,Harbour Hotels\n"
     "Idris Kane,idris.kane@example.com,Northgate Clinics\n"),
)


def plot(story: "Story") -> None:
    """Lays it down over the two weeks."""
    for place, shared in enumerate(TWINS):
        story.begin(story.hours.working(story.now - timedelta(days=3 * place + 2)), _twice(story, shared))
    for ago, reached, kind, way in ASKED:
        story.begin(story.hours.working(story.now - timedelta(days=ago)), _asked(story, kind, way, reached))
    for place, (name, text) in enumerate(FILES):
        story.begin(story.hours.working(story.now - timedelta(days=7 - 4 * place)), _brought(story, name, text))
    story.begin(story.now - timedelta(hours=5), _searched(story))


def _twice(story: "Story", shared: str) -> Steps:
    """A colleague did not look, and wrote down somebody who is there already."""
    crew = story.crews[MAIN]
    fitting = [c for c in story.customers[MAIN] if _of(c, shared)]
    known = story.rng.choice(fitting)
    by = story.clock.actor = story.rng.choice(crew.agents)
    customer, _made = registry.find_or_create(
        team=crew.team, name=known.name, phone=f"159{story.rng.randrange(10**8):08d}", language=known.language,
        company=known.company if shared == "company" else "", source=Customer.Source.CALL, by=by, now=story.clock.now,
    )
    if shared == "email":
        registry.add_contact(customer, kind=Contact.Kind.EMAIL, value=_of(known, shared), source=Customer.Source.CALL)
    elif shared == "birthday":
        customer.birthday = known.birthday
        customer.save(update_fields=["birthday"])
    yield from ()


def _of(customer: Customer, shared: str):
    if shared == "email":
        return next((c.value for c in customer.contacts.all() if c.kind == Contact.Kind.EMAIL), "")
    return getattr(customer, shared)


def _asked(story: "Story", kind: str, way: str, reached: int) -> Steps:
    crew = story.crews[MAIN]
    customer = story.rng.choice([c for c in story.customers[MAIN] if c.spend and c.language != "en"])
    story.clock.actor = crew.specialist
    asked = requests.open_request(
        customer=customer, kind=kind, way=way, by=crew.specialist, now=story.clock.now,
        received_at=min(story.clock.now, story.now - timedelta(days=reached)),
    )
    if kind == DataRequest.Kind.ERASE:
        story.clock.actor = crew.lead
        requests.hold(customer=customer, reason=HELD, by=crew.lead, now=story.clock.now)
    if kind == DataRequest.Kind.CORRECT:
        yield story.clock.now + timedelta(days=2)
        story.clock.actor = crew.specialist
        requests.refuse(request=asked, by=crew.specialist, reason="所述号码即现有号码，无需更正", now=story.clock.now)


def _brought(story: "Story", name: str, text: str) -> Steps:
    """The lead brings a file in; what is wrong with a line is said beside it."""
    crew, data = story.crews[MAIN], text.encode()
    by = story.clock.actor = crew.lead
    run = runs.receive(
        team=crew.team, what="customers", upload=io.BytesIO(data), name=name, size=len(data), by=by, now=story.clock.now
    )
    runs.choose(run=run, columns=run.columns, by=by, now=story.clock.now)
    loading.work(now=story.clock.now)
    yield story.clock.now + timedelta(minutes=2)
    story.clock.actor = by
    runs.load(run=run, by=by, now=story.clock.now)
    loading.work(now=story.clock.now)


def _searched(story: "Story") -> Steps:
    story.clock.actor = None
    duplicates.search_all(now=story.clock.now)
    yield from ()
