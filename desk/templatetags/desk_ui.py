"""Chips, badges, times and the frame of the pages, for templates: `{% load desk_ui %}`."""

import json
import re
from datetime import datetime
from functools import lru_cache

from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, format_html_join, json_script
from django.utils.safestring import mark_safe
from django.utils.translation import get_language, gettext

from core import masking, redaction
from core.markup import fill, together
from desk import chips, clocks, navigation
from desk.queue_markup import Drawing
from staff.models import Presence
from tickets import mentions

register = template.Library()

THEMES = ("light", "dark")
OPTION, SELECTED = '<option value="{}"{}>{}</option>', mark_safe(" selected")


# --- The frame --------------------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def rail(context):
    """The main navigation. Reads `rail_breached` from the context."""
    user, match = context.get("user"), getattr(context.get("request"), "resolver_match", None)
    return _rail(
        get_language() or "", match.view_name if match else "", getattr(user, "supervises", False),
        getattr(user, "is_admin", False), context.get("rail_breached") or 0,
    )


@lru_cache(maxsize=1024)
def _rail(language: str, here: str, supervises: bool, is_admin: bool, breached: int):
    return render_to_string(
        "components/_rail.html",
        {
            "entries": navigation.rail_for(here, supervises=supervises),
            "more": navigation.more_for(here),
            "breached": breached,
            "help_url": navigation.link_to("desk:help"),
            "helping": here == "desk:help",
            "admin_url": navigation.link_to("admin:index") if is_admin else "",
        },
    )


@register.simple_tag
def fixed(part: str):
    """A component that is the same on every page of a language: `{% fixed "_keyhelp.html" %}`."""
    return chips.draw(part)


@register.filter
def as_json(value) -> str:
    """Data for an attribute that a script reads; escaped like any text."""
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)


@register.simple_tag(takes_context=True)
def ui_theme(context) -> str:
    """light, dark or "" (as the device): the cookie of this browser first, then the user's own setting."""
    request = context.get("request")
    kept = request.COOKIES.get("theme", "") if request else ""
    if kept in THEMES:
        return kept
    return getattr(context.get("user"), "theme", "") or ""


@register.simple_tag
def server_now() -> str:
    """The server's clock, so that timers in the browser do not trust the computer's."""
    return timezone.now().isoformat(timespec="seconds")


@register.simple_tag
def presences():
    """Choices of presence as (value, label)."""
    return Presence.choices


@register.simple_tag(takes_context=True)
def palette_commands(context):
    """The commands of the palette, for its script."""
    return _commands(get_language() or "", getattr(context.get("user"), "supervises", False))


@lru_cache(maxsize=16)
def _commands(language: str, supervises: bool):
    return json_script(navigation.commands_for(supervises=supervises), "ui-commands")


@register.simple_tag
def ui_words() -> dict[str, str]:
    return navigation.script_words()


@register.simple_tag
def script(path: str):
    """A deferred script: `{% script "js/charts.js" %}`."""
    return format_html('<script src="{}" defer></script>', static(path))


@register.simple_tag
def options(choices, chosen=""):
    """The options of a select from (value, label) pairs: `{% options kinds filters.kind %}`."""
    chosen = str(chosen)
    return together(
        [fill(OPTION, value, SELECTED if str(value) == chosen else "", label) for value, label in choices]
    )


# --- Chips and badges -------------------------------------------------------------------------------------


@register.simple_tag
def clock_chip(chip, label=""):
    """The chip of a clock that the view has made."""
    return chips.clock_chip(chip, label)


@register.simple_tag
def sla(due: datetime | None = None, label="", start: datetime | None = None):
    """A clock that runs towards `due`: `{% sla ticket.due_at start=ticket.due_from %}`."""
    return chips.clock_chip(clocks.running(due, start=start, now=timezone.now()) if due else None, label)


@register.simple_tag
def timer_chip(timer, named=True):
    """One promise of a ticket, running, paused, met or breached; `named=False` leaves out its name."""
    if not timer:
        return ""
    return chips.clock_chip(
        clocks.of_timer(timer, now=timezone.now()), chips.SHORT_METRICS.get(timer.metric, "") if named else ""
    )


@register.simple_tag
def ticket_sla(ticket):
    """The next deadline of a ticket for a row of a list, without a query."""
    return chips.next_deadline(ticket, timezone.now())


@register.simple_tag(takes_context=True)
def queue_rows(context, rows):
    """Rows of the workbench, as the filters of the page want them."""
    filters = context["filters"]
    drawing = Drawing(
        filters.columns, now=context["now"], back=f"{reverse('desk:workbench')}?{filters.whole_address}",
        token=context["csrf_token"],
    )
    return drawing.rows(rows)


@register.simple_tag
def class_chip(kind, tag="span"):
    """Shape, colour and word of a ticket's class: consult, service or complaint."""
    return chips.class_chip(kind, tag)


@register.simple_tag
def tier_badge(tier, icon_only=False):
    """Badge of a customer's tier; tiers without a badge (ordinary, prospect) show nothing."""
    return chips.tier_badge(tier.badge, tier.name, icon_only=icon_only) if getattr(tier, "badge", "") else ""


@register.simple_tag
def long_standing_badge(customer, icon_only=False):
    """老客户: the mark beside the tier, for those who have it."""
    return chips.long_standing_badge(icon_only=icon_only) if getattr(customer, "long_standing", False) else ""


@register.simple_tag
def channel_icon(channel):
    """The square with a channel's icon, and its name for screen readers."""
    return chips.channel_icon(channel)


@register.simple_tag
def icon(name: str, label: str = ""):
    """A Bootstrap icon; with a label it is read aloud, without it is decoration."""
    spoken = format_html('<span class="visually-hidden">{}</span>', label) if label else ""
    return format_html('<i class="bi bi-{}" aria-hidden="true"></i>{}', name, spoken)


@register.simple_tag
def kbd(keys: str):
    """Keycaps: `{% kbd "Shift E" %}`."""
    caps = format_html_join(" ", '<kbd class="c-kbd">{}</kbd>', ((key,) for key in keys.split()))
    return format_html('<span class="u-nowrap">{}</span>', caps)


# --- Words and figures ------------------------------------------------------------------------------------


@register.filter
def ago(moment: datetime | None) -> str:
    return clocks.ago(moment)


@register.filter
def until(moment: datetime | None) -> str:
    return clocks.until(moment)


@register.filter
def span(seconds) -> str:
    """Seconds, or a timedelta, as 19m, 4h 10m, 2d 3h; a dash for none."""
    if seconds is None:
        return "–"
    return clocks.span(seconds.total_seconds() if hasattr(seconds, "total_seconds") else seconds)


@register.filter
def worked(seconds: int) -> str:
    """Seconds of working time, in hours however many: 37h 30m."""
    return clocks.span(seconds, days=False)


@register.filter
def listed(names) -> str:
    """Names one after the other, as the reader's language sets them apart."""
    return gettext(", ").join(str(name) for name in names)


@register.filter
def clock(moment: datetime | None) -> str:
    """Hours and minutes in the reader's time zone: 14:05."""
    return timezone.localtime(moment).strftime("%H:%M") if moment else ""


@register.filter
def iso(moment: datetime | None) -> str:
    """A moment for `datetime=` and `data-since=`."""
    return moment.isoformat(timespec="seconds") if moment else ""


@register.filter
def masked(value: str | None) -> str:
    """138****1234 and e***@northmail.example: numbers and addresses as every page shows them."""
    text = str(value or "").strip()
    return masking.email(text) if "@" in text else masking.phone(text)


@register.inclusion_tag("components/_hidden.html")
def hidden_words(what: str, pk: int, *texts: str):
    """The way to the masked numbers in these texts of one row: `{% hidden_words "post" post.pk post.body %}`."""
    return {"what": what, "pk": pk, "hidden": any(redaction.PLACEHOLDER.search(text or "") for text in texts)}


@register.simple_tag
def said(body: str, names: dict[int, str]):
    """What somebody wrote, with the colleagues mentioned in it under today's names."""
    pieces = mentions.pieces(body or "–", names or {})
    shown = (format_html('<span class="c-mention">{}</span>', words) if named else words for words, named in pieces)
    return format_html_join("", "{}", ((one,) for one in shown))


@register.filter
def capped(count: int, cap: int = 2000) -> str:
    """2,000+ beyond what is worth counting."""
    return f"{cap:,}+" if count > cap else f"{count:,}"


@register.filter
def highlight(text, words):
    """The text, escaped, with every occurrence of the searched words in <mark>."""
    text = str(text or "")
    parts = [re.escape(word) for word in str(words or "").split()]
    if not parts:
        return conditional_escape(text)
    pieces = re.split(f"({'|'.join(parts)})", text, flags=re.IGNORECASE)
    safe = (
        format_html("<mark>{}</mark>", piece) if index % 2 else conditional_escape(piece)
        for index, piece in enumerate(pieces)
    )
    return mark_safe("".join(safe))  # noqa: S308 - every piece is escaped above
