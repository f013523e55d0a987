"""Customer care 客户关怀: birthday wishes, only to those who agreed to them (I1, PIPL)."""

from calendar import isleap
from datetime import date, datetime

from django.db import transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from customers.models import Consent, Customer
from loyalty.models import CareTemplate, PointsEntry
from messaging import outbox
from messaging.models import Mailbox, Outbox


def born_on(today: date):
    """Customers whose birthday is kept today; 29 February is kept on the 28th in other years."""
    kept = Q(birthday__month=today.month, birthday__day=today.day)
    if (today.month, today.day) == (2, 28) and not isleap(today.year):
        kept |= Q(birthday__month=2, birthday__day=29)
    return Customer.objects.filter(kept).present()


def consenting(customers):
    """Those whose latest word on care, by mail or in general, is yes."""
    latest = (
        Consent.objects.filter(
            customer=OuterRef("pk"), purpose=Consent.Purpose.CARE,
            channel__in=[Consent.Channel.ANY, Consent.Channel.EMAIL],
        )
        .order_by("-at", "-id")
        .values("given")[:1]
    )
    return customers.annotate(agreed=Subquery(latest)).filter(agreed=True)


def queue_birthdays(*, now: datetime | None = None) -> int:
    """Queues today's birthday mails and returns how many are new. One a customer and year, however often it runs."""
    now = now or timezone.now()
    today = timezone.localdate(now)
    texts = {text.language: text for text in CareTemplate.objects.filter(occasion="birthday", is_active=True)}
    if not texts:
        return 0
    queued = 0
    people = consenting(born_on(today)).filter(contacts__kind="email").distinct().order_by("pk")
    boxes = {box.team_id: box for box in Mailbox.objects.select_related("team")}
    for customer in people.prefetch_related("contacts").iterator(chunk_size=500):
        text = texts.get(customer.language) or next(iter(texts.values()))
        queued += _queue(customer, text, mailbox=boxes.get(customer.team_id), today=today, now=now)
    return queued


@transaction.atomic
def _queue(customer: Customer, text: CareTemplate, *, mailbox, today: date, now: datetime) -> bool:
    key = f"care:birthday:{customer.pk}:{today.year}"
    if Outbox.objects.filter(key=key).exists():
        return False
    mails = sorted((c for c in customer.contacts.all() if c.kind == "email"), key=lambda c: (not c.preferred, c.pk))
    words = {"name": customer.name, "points": str(PointsEntry.objects.balance(customer))}
    body = text.body
    for word, value in words.items():
        body = body.replace("{" + word + "}", value)
    with translation.override(customer.language):
        way_out = _("If you would rather not receive such greetings, reply “unsubscribe”.")
    outbox.put(
        key=key, to=mails[0].value, subject=text.subject, body=f"{body}\n\n{way_out}", purpose=Consent.Purpose.CARE,
        customer=customer, mailbox=mailbox, auto=True, now=now,
    )
    return True
