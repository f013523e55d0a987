"""What we keep about a person, for themselves: readable, and as JSON to take elsewhere (PIPL 45; mission N1)."""

import base64
import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events, redaction
from core.crypto import EncryptedBinaryField
from core.models import Event
from core.search import Words
from customers.models import Customer, DataRequest, DuplicatePair, Merge, Signals
from desk.person import collect
from staff.models import Notification, User

# The machinery's own: indexes, words to search by, keys, what staff were told, and guesses about two archives.
LEFT_OUT = (DuplicatePair, Merge, Signals, Notification)
HIDDEN = frozenset({
    "value_index", "last4_index", "digest", "key", "idempotency_key", "originals", "masked", "address_masked",
    "phone_masked", "to_masked", "message_id", "draft",
})


def access(customer: Customer) -> dict[str, Any]:
    """{"customer", "made", "records": [{"kind", "rows": [{field: value}]}]}, in the clear, over every app."""
    person = collect(customer)
    records = []
    for model in sorted(person.rows, key=lambda model: (model is not Customer, model._meta.label)):
        if model not in LEFT_OUT and not issubclass(model, Words):
            rows = [_row(row) for row in person.of(model).order_by("pk").iterator(200)]
            records.append({"kind": str(model._meta.verbose_name_plural), "rows": rows})
    return {"customer": customer.number, "made": timezone.now().isoformat(timespec="seconds"), "records": records}


@transaction.atomic
def hand_out(*, request: DataRequest, format: str, by: User) -> dict[str, Any]:
    """`access`, written down as what it is: somebody took everything about a person out."""
    customer = request.customer
    events.record(
        "access_file", request, by=by, customer_id=customer.pk, team_id=customer.team_id, what=format
    )
    return access(customer)


def as_json(found: dict[str, Any]) -> str:
    return json.dumps(found, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


def readable(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The same for a page: files are named, not spelled out, and what is empty is left out."""
    return [
        {
            "kind": record["kind"],
            "rows": [{name: _short(value) for name, value in row.items() if value not in ("", None, {}, [])}
                     for row in record["rows"]],
        }
        for record in found["records"] if record["rows"]
    ]


def _row(row: models.Model) -> dict[str, Any]:
    originals = getattr(row, "originals", None) or {}
    values = {}
    for column in row._meta.concrete_fields:
        if column.name in HIDDEN:
            continue
        name = column.name if isinstance(row, Event) else str(column.verbose_name)
        values[name] = _value(row, column, originals)
    return values


def _value(row: models.Model, column: models.Field, originals: dict[str, str]) -> Any:
    value = getattr(row, column.attname)
    if isinstance(column, EncryptedBinaryField):
        return {"base64": base64.b64encode(bytes(value or b"")).decode()}
    if column.choices and value not in (None, ""):
        return str(getattr(row, f"get_{column.name}_display")())
    return redaction.walk(value, lambda text: redaction.restore(text, originals))


def _short(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"base64"}:
        return _("%(n)d bytes, in the JSON file") % {"n": len(value["base64"]) * 3 // 4}
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False) if isinstance(value, dict | list) else value
