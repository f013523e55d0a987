"""The fields that an admin adds to the archive: reading what was typed, storing it, finding by it.

Values lie in `Customer.attributes` under the field's code: text and choice as text, number as a number, date as
2026-03-01. They are found by `field:value`, by the code or either name of the field, when equal.
"""

import re
import unicodedata
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from customers.models import CustomField

Kind = CustomField.Kind
LONGEST = 200
SEARCH = re.compile(r"\s*([^:：]{1,60})\s*[:：]\s*(.{1,200}?)\s*")
DATE = re.compile(r"(\d{4})\D(\d{1,2})\D(\d{1,2})\D?")
MOST_DIGITS = 15


class BadValue(ValueError):
    """What was typed is no value of this field; the text says why."""


def active() -> list[CustomField]:
    return list(CustomField.objects.filter(is_active=True))


def read(field: CustomField, typed: Any) -> str | int | float | None:
    """The value to store for what was typed; None for nothing. Raises `BadValue`."""
    text = str("" if typed is None else typed).replace("\0", "").strip()
    if not text:
        return None
    if field.kind == Kind.NUMBER:
        return _number(text)
    if field.kind == Kind.DATE:
        return _date(text)
    if field.kind == Kind.CHOICE and text not in field.choices:
        raise BadValue(_("“%(value)s” is none of the choices.") % {"value": text[:40]})
    if len(text) > LONGEST:
        raise BadValue(_("At most %(n)d characters.") % {"n": LONGEST})
    return text


def shown(field: CustomField, value: Any) -> str:
    """A stored value as people read it."""
    if value is None or value == "":
        return ""
    day = parse_date(str(value)) if field.kind == Kind.DATE else None
    return date_format(day, "SHORT_DATE_FORMAT") if day else str(value)


def search(text: str) -> dict[str, Any] | None:
    """What `field:value` asks for, as {code: value}; None where it does not name a field. Raises `BadValue`."""
    found = SEARCH.fullmatch(text)
    if not found:
        return None
    name, typed = found.group(1).strip().casefold(), found.group(2)
    for field in active():
        if name in (field.code.casefold(), field.name_zh.casefold(), field.name_en.casefold()):
            return {field.code: read(field, typed)}
    return None


def _number(text: str) -> int | float:
    plain = unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "")
    try:
        value = Decimal(plain)
    except InvalidOperation:
        raise BadValue(_("“%(value)s” is no number.") % {"value": text[:40]}) from None
    if not value.is_finite() or len(value.as_tuple().digits) > MOST_DIGITS or abs(value.adjusted()) > MOST_DIGITS:
        raise BadValue(_("“%(value)s” is no number.") % {"value": text[:40]})
    return int(value) if value == value.to_integral_value() else float(value)


def _date(text: str) -> str:
    found = DATE.fullmatch(unicodedata.normalize("NFKC", text))
    try:
        return date(*(int(part) for part in found.groups())).isoformat() if found else _no_date(text)
    except ValueError:
        return _no_date(text)


def _no_date(text: str) -> str:
    raise BadValue(_("“%(value)s” is no date such as 2026-03-01.") % {"value": text[:40]})
