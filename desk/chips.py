"""The small marks of lists and pages: class, tier, channel, and the chip of a clock. Drawn here and nowhere else."""

from datetime import datetime
from functools import lru_cache

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, pgettext_lazy

from core.markup import fill
from desk import clocks
from messaging.models import Channel
from tickets.models import Kind, Metric

TIER_ICONS = {"platinum": "gem", "gold": "star-fill", "silver": "circle-fill"}
CHANNEL_ICONS = {
    Channel.PHONE: "telephone",
    Channel.MAIL: "envelope",
    Channel.API: "plug",
    Channel.WEB: "globe2",
    Channel.WECHAT: "wechat",
    Channel.CHAT: "chat-dots",
    Channel.VISIT: "shop",
    Channel.IMPORT: "box-arrow-in-down",
    Channel.MARKET_12315: "bank",
    Channel.CITY_12345: "building",
}
SHORT_METRICS = {
    Metric.FIRST_RESPONSE: pgettext_lazy("timer", "Reply"),
    Metric.RESOLUTION: pgettext_lazy("timer", "Resolve"),
    Metric.CHASER: pgettext_lazy("timer", "Chaser"),
    Metric.NEXT_RESPONSE: pgettext_lazy("timer", "Next reply"),
    Metric.PROPOSAL: pgettext_lazy("timer", "Propose"),
    Metric.INVESTIGATION: pgettext_lazy("timer", "Investigate"),
    Metric.CALLBACK: pgettext_lazy("timer", "Call back"),
}


@lru_cache(maxsize=512)
def _drawn(part: str, language: str, values: tuple[tuple[str, str | bool], ...]) -> SafeString:
    return render_to_string(f"components/{part}", dict(values))


def draw(part: str, **values) -> SafeString:
    """A component that hangs on these values and the language alone, rendered once for each of its looks."""
    texts = tuple((name, value if isinstance(value, bool) else str(value)) for name, value in values.items())
    return _drawn(part, get_language() or "", texts)


def class_chip(kind: str, tag: str = "span") -> SafeString:
    return draw("_class.html", kind=kind, label=Kind(kind).label if kind in Kind else "", tag=tag)


def tier_badge(look: str, name: str, *, icon_only: bool = False) -> SafeString:
    """Empty for a tier without a look."""
    return draw("_tier.html", look=look, icon=TIER_ICONS.get(look, ""), label=name, icon_only=icon_only)


def long_standing_badge(*, icon_only: bool = False) -> SafeString:
    return tier_badge("silver", gettext("Long-standing"), icon_only=icon_only)


def channel_icon(channel: str) -> SafeString:
    label = Channel(channel).label if channel in Channel else channel
    return draw("_channel.html", icon=CHANNEL_ICONS.get(channel, "chat"), label=label)


def clock_chip(chip: clocks.Chip | None, label="") -> SafeString | str:
    """What a promise has left or is over; timers.js counts on where data-due is set."""
    if not chip:
        return ""
    return fill(
        '<span class="c-sla{}" style="--burn:{}" {}><i class="bi bi-{}" aria-hidden="true"></i>{}'
        "<span data-left>{}</span></span>",
        f" c-sla--{chip.state}" if chip.state else "", chip.burn, _counted(chip), chip.icon,
        fill("<span>{}</span>", label) if label else "", chip.text,
    )


def _counted(chip: clocks.Chip) -> SafeString | str:
    """Between which moments the browser counts on; moments and states hold nothing to escape."""
    if not chip.due:
        return ""
    start = f' data-start="{chip.start.isoformat()}"' if chip.start else ""
    return SafeString(f'data-due="{chip.due.isoformat()}" data-state="{chip.state}"{start}')


def next_deadline(ticket, now: datetime) -> SafeString | str:
    """The chip of a ticket's, or a row's, next deadline; asks the database nothing."""
    if ticket.due_at:
        chip = clocks.running(ticket.due_at, start=ticket.due_from, now=now)
        return clock_chip(chip, SHORT_METRICS.get(ticket.due_kind, ""))
    return clock_chip(clocks.Chip("paused", gettext("paused"))) if ticket.waiting_customer else ""
