"""The log of needs and pain points 需求 (A4): what a customer spoke of, and when it was met."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events, live
from customers import registry
from customers.models import Customer, Need
from staff.models import User


class NeedRefused(ValueError):
    """Nothing was said that could be written down."""


@transaction.atomic
def note(
    *, customer: Customer, text: str, topic: str = "", source: str = Customer.Source.CALL, by: User | None = None,
    now: datetime | None = None,
) -> Need:
    """Writes down one need. Raises `NeedRefused` for an empty one."""
    text = text.replace("\0", "").strip()[:400]
    if not text:
        raise NeedRefused(_("Write what the customer needs."))
    customer, now = registry.standing(customer), now or timezone.now()
    row = Need(customer=customer, text=text, topic=topic.strip()[:60], source=source, at=now, by=by)
    row._history_user = by  # type: ignore[attr-defined]
    row.save()
    _log("need_noted", row, by=by, now=now)
    return row


@transaction.atomic
def meet(need: Need, *, by: User | None = None, now: datetime | None = None) -> Need:
    """The need has been met; saying so again changes nothing."""
    now = now or timezone.now()
    found = Need.objects.select_for_update(of=("self",)).select_related("customer").get(pk=need.pk)
    if found.met_at is None:
        found.met_at = now
        found._history_user = by  # type: ignore[attr-defined]
        found.save(update_fields=["met_at"])
        _log("need_met", found, by=by, now=now)
    return found


def _log(kind: str, need: Need, *, by: User | None, now: datetime) -> None:
    customer = need.customer
    events.record(
        kind, need, by=by, customer_id=customer.pk, team_id=customer.team_id, now=now, topic=need.topic
    )
    live.publish("customer", team_id=customer.team_id, customer=customer.pk)
