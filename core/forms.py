"""Opening hours as people write them, `08:30-12:00, 13:30-17:30`, instead of JSON."""

import re
import unicodedata

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

SPAN = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*[-–—~]\s*(?:(24):(00)|([01]?\d|2[0-3]):([0-5]\d))")


def read_hours(text: str) -> list[list[str]]:
    """[["08:30", "12:00"], …] of a line of opening hours, in order. Raises ValidationError in the reader's words."""
    plain = unicodedata.normalize("NFKC", text or "").replace("、", ",").replace(";", ",")
    spans: list[list[str]] = []
    for part in filter(None, (part.strip() for part in plain.split(","))):
        found = SPAN.fullmatch(part)
        if not found:
            raise ValidationError(_("“%(part)s” is not an interval such as 08:30-12:00.") % {"part": part})
        start, end = ("{:0>2}:{}".format(*pair) for pair in _pairs(found))
        if start >= end:
            raise ValidationError(
                _("“%(part)s” ends before it starts. A night is two intervals, until 24:00 and from 00:00.")
                % {"part": part}
            )
        spans.append([start, end])
    spans.sort()
    for earlier, later in zip(spans, spans[1:], strict=False):
        if later[0] < earlier[1]:
            raise ValidationError(_("The intervals %(one)s and %(other)s overlap.") % {
                "one": "-".join(earlier), "other": "-".join(later),
            })  # fmt: skip
    return spans


def _pairs(found: re.Match) -> tuple[tuple[str, str], tuple[str, str]]:
    hour, minute, *end = found.groups()
    closing = [part for part in end if part is not None]
    return (hour, minute), (closing[0], closing[1])


def write_hours(spans) -> str:
    return ", ".join("-".join(span) for span in spans or [])


class HoursField(forms.CharField):
    """The opening hours of one day."""

    def to_python(self, value):
        return read_hours(super().to_python(value))

    def prepare_value(self, value):
        return value if isinstance(value, str) else write_hours(value)

    def has_changed(self, initial, data):
        return super().has_changed(self.prepare_value(initial), data)


class WeekWidget(forms.MultiWidget):
    template_name = "core/_week.html"

    def __init__(self):
        super().__init__({f"day{day}": forms.TextInput(attrs={"class": "vTextField"}) for day in range(7)})

    def decompress(self, value):
        week = value or {}
        return [write_hours(week.get(str(day))) for day in range(7)]

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        for day, part in enumerate(context["widget"]["subwidgets"]):
            part["attrs"]["aria-label"] = part["day"] = WEEKDAYS[day]
        return context


class WeekField(forms.MultiValueField):
    """The opening hours of a week: {"0": [["08:30", "12:00"]], …}, 0 = Monday; closed days are left out."""

    def __init__(self, **kwargs):
        days = [HoursField(required=False) for _day in range(7)]
        super().__init__(fields=days, widget=WeekWidget(), require_all_fields=False, **kwargs)

    def compress(self, values):
        return {str(day): spans for day, spans in enumerate(values) if spans}
