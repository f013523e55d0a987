"""Chips, badges, times and the frame of the pages, for templates: `{% load desk_ui %}`."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django import template
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import formats, timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from staff.models import Presence

register = template.Library()

SOON = timedelta(hours=1)
THEMES = ("light", "dark")
SLA_ICONS = {
    "": "clock",
    "soon": "hourglass-split",
    "breached": "exclamation-triangle-fill",
    "paused": "pause-fill",
    "met": "check2",
}
# Icon and colour of a tier follow its place in the ladder; ordinary customers carry no badge.
TIERS = {
    "vip": ("platinum", "gem", gettext_lazy("VIP")),
    "important": ("gold", "star-fill", gettext_lazy("Important")),
    "long_standing": ("silver", "circle-fill", gettext_lazy("Long-standing")),
}
CLASSES = {
    "consult": gettext_lazy("Consult"),
    "service": gettext_lazy("Service"),
    "complaint": gettext_lazy("Complaint"),
}
CHANNELS = {
    "phone": ("telephone", gettext_lazy("Phone")),
    "mail": ("envelope", gettext_lazy("Mail")),
    "email": ("envelope", gettext_lazy("Mail")),
    "sms": ("chat-left-text", gettext_lazy("SMS")),
    "chat": ("chat-dots", gettext_lazy("Live chat")),
    "social": ("wechat", gettext_lazy("Social media")),
    "wechat": ("wechat", gettext_lazy("WeChat")),
    "form": ("globe2", gettext_lazy("Web form")),
    "web": ("globe2", gettext_lazy("Web form")),
    "api": ("plug", gettext_lazy("API")),
    "app": ("phone", gettext_lazy("App")),
    "forum": ("people", gettext_lazy("Forum")),
    "visit": ("shop", gettext_lazy("Visit")),
    "import": ("box-arrow-in-down", gettext_lazy("Import")),
    "12315": ("bank", gettext_lazy("Regulator 12315")),
    "12345": ("bank", gettext_lazy("Hotline 12345")),
}


@dataclass(frozen=True)
class RailEntry:
    """One place in the main navigation; `parts` are the starts of the view names that belong to it."""

    view: str
    icon: str
    label: str
    keys: str
    parts: tuple[str, ...]
    supervisors_only: bool = False


RAIL = (
    RailEntry("desk:workbench", "inbox", pgettext_lazy("navigation", "Desk"), "g q",
              ("desk:workbench", "desk:ticket", "tickets:")),
    RailEntry("desk:intake", "telephone-inbound", pgettext_lazy("navigation", "Intake"), "g i, c", ("desk:intake",)),
    RailEntry("followups:callbacks", "telephone-outbound", gettext_lazy("Callbacks"), "g b", ("followups:",)),
    RailEntry("desk:customers", "person-vcard", gettext_lazy("Customers"), "g c", ("desk:customer", "customers:")),
    RailEntry("complaints:list", "shield-exclamation", gettext_lazy("Complaints"), "", ("complaints:",)),
    RailEntry("metrics:dashboard", "bar-chart-line", gettext_lazy("Dashboard"), "g d", ("metrics:",), True),
)


def link_to(view: str) -> str:
    """The address of a named view, or "" where that page is not part of this installation."""
    try:
        return reverse(view)
    except NoReverseMatch:
        return ""


def _rail_for(request) -> list[dict]:
    match = getattr(request, "resolver_match", None)
    here = match.view_name if match else ""
    supervises = getattr(getattr(request, "user", None), "supervises", False)
    return [
        {"url": url, "icon": entry.icon, "label": entry.label, "keys": entry.keys,
         "here": here.startswith(entry.parts), "counts": entry.view == "desk:workbench"}
        for entry in RAIL
        if (supervises or not entry.supervisors_only) and (url := link_to(entry.view))
    ]


@register.inclusion_tag("components/_rail.html", takes_context=True)
def rail(context):
    """The main navigation. Reads `rail_breached` from the context."""
    request = context.get("request")
    return {
        "entries": _rail_for(request),
        "breached": context.get("rail_breached") or 0,
        "help_url": link_to("desk:help"),
        "admin_url": link_to("admin:index") if getattr(context.get("user"), "is_admin", False) else "",
        "request": request,
    }


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
    """The server's clock in ISO 8601, so that timers in the browser do not trust the computer's."""
    return timezone.now().isoformat(timespec="seconds")


@register.simple_tag
def presences():
    """Choices of presence as (value, label)."""
    return Presence.choices


@register.simple_tag(takes_context=True)
def palette_commands(context) -> list[dict]:
    """Commands of the palette: `href` opens a page, `press` clicks what carries that data-key on this page."""
    commands = [
        {"label": str(entry["label"]), "icon": entry["icon"], "keys": entry["keys"].split(",")[0], "href": entry["url"]}
        for entry in _rail_for(context.get("request"))
    ]
    for label, icon, key in (
        (_("Reply"), "reply", "r"),
        (_("Add a note"), "lock", "n"),
        (_("Assign"), "person-check", "a"),
        (_("Schedule callback"), "calendar-plus", "b"),
        (_("Escalate this ticket"), "arrow-up-right-circle", "shift+e"),
        (_("Switch light and dark"), "moon", "theme"),
        (_("All shortcuts"), "keyboard", "?"),
    ):
        commands.append({"label": label, "icon": icon, "keys": "" if key == "theme" else key, "press": key})
    for view, label, icon in (("staff:preferences", _("Preferences"), "sliders"), ("desk:help", _("Help"), "question")):
        if url := link_to(view):
            commands.append({"label": label, "icon": icon, "keys": "", "href": url})
    return commands


@register.simple_tag
def ui_words() -> dict[str, str]:
    """Words that scripts show; `{...}` is filled in the browser."""
    return {
        "over_minutes": _("{n}m over"),
        "over_hours": _("{n} over"),
        "over_days": _("{n}d over"),
        "days_left": _("{n}d {h}h"),
        "no_results": _("Nothing found for “{q}”."),
        "search_failed": _("The search did not answer. What you typed is kept."),
        "commands": _("Commands"),
        "results": _("{n} results"),
        "failed": _("That did not work. What you typed is kept; try again."),
        "forbidden": _("You may not do this. Ask your team lead."),
        "gone": _("This no longer exists or is not yours to see."),
        "too_many": _("Too many requests at once. Wait a moment and try again."),
        "signed_out": _("You have been signed out. Sign in again in a new tab; what you typed is kept."),
        "offline": _("No connection. What you typed is kept; the page refreshes when it is back."),
        "online": _("Connected again"),
        "draft_kept": _("Draft kept on this computer"),
        "draft_back": _("Your draft is back"),
        "show_password": _("Show password"),
        "hide_password": _("Hide password"),
        "as_table": _("Show as table"),
        "as_chart": _("Show as chart"),
        "dismiss": _("Dismiss"),
        "sending": _("Sending…"),
    }


def spell_left(left: timedelta) -> str:
    """Time left: 06:18 within the hour, 4:10 within the day, 2d 21h beyond."""
    seconds = max(int(left.total_seconds()), 0)
    minutes, days = seconds // 60, seconds // 86400
    if minutes < 60:
        return f"{minutes:02d}:{seconds % 60:02d}"
    if days < 1:
        return f"{minutes // 60}:{minutes % 60:02d}"
    return _("{n}d {h}h").format(n=days, h=seconds % 86400 // 3600)


def spell_over(over: timedelta) -> str:
    """Time past a deadline: 24m over, 24:04 over, 3d over."""
    minutes = max(int(over.total_seconds()), 0) // 60
    if minutes < 60:
        return _("{n}m over").format(n=minutes)
    if minutes < 48 * 60:
        return _("{n} over").format(n=f"{minutes // 60}:{minutes % 60:02d}")
    return _("{n}d over").format(n=minutes // 1440)


def sla_chip(due: datetime | None, *, start=None, met=None, paused=None, breached=False, now=None) -> dict:
    """State, text and share of time used (0 to 100) of one timer.

    `start`, `met` and `paused` are the moments it began, was fulfilled and was stopped; a breach once recorded stands.
    """
    now = now or timezone.now()
    if due is None and not met:
        return {"state": "", "text": "", "burn": 0, "ticks": False}
    late = breached or bool(met and due and met > due)
    if met:
        text = _("met late") if late else _("met")
        return {"state": "breached" if late else "met", "text": text, "burn": 100 if late else 0, "ticks": False}
    at = paused if isinstance(paused, datetime) else now
    left = due - at
    burn = 0
    if start and due > start:
        burn = min(max(round((at - start) / (due - start) * 100), 0), 100)
    if paused and left.total_seconds() > 0:
        return {"state": "paused", "text": _("{t} left").format(t=spell_left(left)), "burn": burn, "ticks": False}
    if left.total_seconds() <= 0 or breached:
        return {"state": "breached", "text": spell_over(max(-left, timedelta())), "burn": 100, "ticks": True}
    return {"state": "soon" if left < SOON else "", "text": spell_left(left), "burn": burn, "ticks": True}


@register.inclusion_tag("components/_sla.html")
def sla(due=None, label="", start=None, met=None, paused=None, breached=False, now=None):
    """`{% sla timer.due_at label=_("Reply") start=timer.started_at met=timer.met_at paused=timer.paused_at %}`."""
    chip = sla_chip(due, start=start, met=met, paused=paused, breached=bool(breached), now=now)
    return {**chip, "icon": SLA_ICONS[chip["state"]], "label": label, "due": due, "start": start}


@register.inclusion_tag("components/_class.html")
def class_chip(kind, label="", tag="span"):
    """Shape, colour and word of a ticket's class: consult, service or complaint."""
    return {"kind": kind, "label": label or CLASSES.get(kind, kind), "tag": tag}


@register.inclusion_tag("components/_tier.html")
def tier_badge(tier, label="", icon_only=False):
    """Badge of a tier (its code, or an object with `code` and `name`); ordinary customers and prospects have none."""
    code = str(getattr(tier, "code", tier) or "")
    style = TIERS.get(code)
    if not style:
        return {"look": ""}
    look, icon, word = style
    return {"look": look, "icon": icon, "label": label or getattr(tier, "name", "") or word, "icon_only": icon_only}


@register.inclusion_tag("components/_channel.html")
def channel_icon(channel, label=""):
    """The square with a channel's icon and its name for screen readers."""
    icon, word = CHANNELS.get(str(channel), ("chat", channel))
    return {"icon": icon, "label": label or word}


@register.filter
def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """4m ago, 2h ago, Yesterday, 20 Nov: how long since a moment."""
    if not moment:
        return ""
    now = now or timezone.now()
    minutes = int((now - moment).total_seconds()) // 60
    if minutes < 0:
        return until(moment, now)
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        return _("{n}m ago").format(n=minutes)
    day, today = timezone.localdate(moment), timezone.localdate(now)
    if day == today:
        return _("{n}h ago").format(n=minutes // 60)
    if day == today - timedelta(days=1):
        return _("Yesterday")
    return formats.date_format(day, "MONTH_DAY_FORMAT" if day.year == today.year else "DATE_FORMAT")


@register.filter
def until(moment: datetime | None, now: datetime | None = None) -> str:
    """in 8m, in 3h, Tomorrow, 24 Nov: how long to a moment."""
    if not moment:
        return ""
    now = now or timezone.now()
    minutes = int((moment - now).total_seconds()) // 60
    if minutes < 0:
        return ago(moment, now)
    day, today = timezone.localdate(moment), timezone.localdate(now)
    if minutes < 60:
        return _("in {n}m").format(n=minutes)
    if day == today:
        return _("in {n}h").format(n=minutes // 60)
    if day == today + timedelta(days=1):
        return _("Tomorrow")
    return formats.date_format(day, "MONTH_DAY_FORMAT" if day.year == today.year else "DATE_FORMAT")


@register.filter
def clock(moment: datetime | None) -> str:
    """Hours and minutes in the reader's time zone: 14:05."""
    return timezone.localtime(moment).strftime("%H:%M") if moment else ""


@register.filter
def iso(moment: datetime | None) -> str:
    """A moment for `datetime=` and `data-due`."""
    return moment.isoformat(timespec="seconds") if moment else ""


@register.filter
def masked(value: str | None) -> str:
    """138****1234 and e***@northmail.example: numbers and addresses as every page shows them."""
    text = str(value or "").strip()
    if "@" in text:
        name, _at, domain = text.rpartition("@")
        return f"{name[:1]}***@{domain}"
    digits = re.sub(r"\D", "", text)
    if len(digits) < 7:
        return "****" if digits else text
    if len(digits) == 13 and digits.startswith("86"):
        digits = digits[2:]
    return f"{digits[:3]}****{digits[-4:]}"


@register.filter
def capped(count: int, cap: int = 2000) -> str:
    """2,000+ beyond what is worth counting."""
    return f"{cap:,}+" if count > cap else f"{count:,}"


@register.filter
def highlight(text, words):
    """The text with every occurrence of the searched words in <mark>; safe for HTML."""
    text = str(text or "")
    parts = [re.escape(word) for word in str(words or "").split()]
    if not parts:
        return conditional_escape(text)
    pieces = re.split(f"({'|'.join(parts)})", text, flags=re.IGNORECASE)
    return mark_safe("".join(  # noqa: S308 - each piece is escaped
        format_html("<mark>{}</mark>", piece) if index % 2 else conditional_escape(piece)
        for index, piece in enumerate(pieces)
    ))


@register.simple_tag
def kbd(keys: str):
    """Keycaps: `{% kbd "Shift E" %}`; the letters are for the eye only."""
    caps = mark_safe(" ".join(  # noqa: S308 - escaped below
        format_html('<kbd class="c-kbd">{}</kbd>', key) for key in keys.split()
    ))
    return format_html('<span class="u-nowrap">{}</span>', caps)


@register.simple_tag
def icon(name: str, label: str = ""):
    """A Bootstrap icon; with a label it is read aloud, without it is decoration."""
    if not label:
        return format_html('<i class="bi bi-{}" aria-hidden="true"></i>', name)
    return format_html(
        '<i class="bi bi-{}" aria-hidden="true"></i><span class="visually-hidden">{}</span>', name, label
    )


@register.simple_tag
def script(path: str):
    """A deferred script of ours: `{% script "js/charts.js" %}`."""
    return format_html('<script src="{}" defer></script>', static(path))
