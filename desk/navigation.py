"""The places of the product: main navigation and the commands of the palette."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy


@dataclass(frozen=True)
class Place:
    """One entry of the rail; `parts` are the starts of the view names that belong to it."""

    view: str
    icon: str
    label: str | Promise
    keys: str
    parts: tuple[str, ...]
    supervisors_only: bool = False
    less: bool = False  # on a phone it stands under "Menu"


DESK = pgettext_lazy("navigation", "Desk")
INTAKE = pgettext_lazy("navigation", "Intake")
RAIL = (
    Place("desk:workbench", "inbox", DESK, "g q", ("desk:workbench", "desk:ticket", "tickets:")),
    Place("desk:intake", "telephone-inbound", INTAKE, "g i, c", ("desk:intake",)),
    Place("followups:callbacks", "telephone-outbound", gettext_lazy("Callbacks"), "g b", ("followups:",)),
    Place(
        "desk:customers", "person-vcard", gettext_lazy("Customers"), "g c",
        ("desk:customer", "desk:order", "customers:"),
    ),
    Place("complaints:list", "shield-exclamation", gettext_lazy("Complaints"), "", ("complaints:",), less=True),
    Place(
        "desk:floor", "people", pgettext_lazy("navigation", "Floor"), "g f",
        ("desk:floor", "desk:handover", "desk:roster", "desk:absence", "desk:announcement", "desk:transfer"),
        less=True,
    ),
    Place("visits:board", "truck", gettext_lazy("Visits"), "", ("visits:",)),
    Place("metrics:dashboard", "bar-chart-line", gettext_lazy("Dashboard"), "g d", ("metrics:",), True, less=True),
)
MORE = (
    Place("desk:customer_tasks", "list-check", gettext_lazy("Customer tasks"), "", ()),
    Place("desk:steps", "list-ol", gettext_lazy("Process steps"), "", ("desk:steps",)),
    Place("feedback:list", "clipboard-data", gettext_lazy("Feedback records"), "", ("feedback:",)),
    Place("desk:escalations", "alarm", gettext_lazy("Escalations to acknowledge"), "", ("desk:escalations",)),
    Place("desk:breaches", "stopwatch", gettext_lazy("Missed promises"), "", ("desk:breach",), True),
)


def link_to(view: str) -> str:
    """The address of a named view, or "" where that page is not part of this installation."""
    try:
        return reverse(view)
    except NoReverseMatch:
        return ""


def rail_for(here: str, *, supervises: bool) -> list[dict]:
    """What the rail shows to those who supervise or do not; `here` is the name of the view they look at."""
    return _entries(here, [place for place in RAIL if supervises or not place.supervisors_only])


def more_for(here: str) -> list[dict]:
    """The pages that the rail keeps under "Menu"."""
    return _entries(here, MORE)


def _entries(here: str, places: Iterable[Place]) -> list[dict]:
    return [
        {
            "url": url,
            "icon": place.icon,
            "label": place.label,
            "keys": place.keys,
            "here": here.startswith(place.parts),
            "counts": place.view == "desk:workbench",
            "less": place.less,
        }
        for place in places
        if (url := link_to(place.view))
    ]


def commands_for(*, supervises: bool) -> list[dict]:
    """Commands of the palette: `href` opens a page, `press` clicks what carries that data-key on this page."""
    commands = [
        {"label": str(entry["label"]), "icon": entry["icon"], "keys": entry["keys"].split(",")[0], "href": entry["url"]}
        for entry in rail_for("", supervises=supervises) + more_for("")
    ]
    for view, label, icon in (
        ("staff:preferences", _("Preferences"), "sliders"),
        ("me:notices", _("My notices"), "bell"),
        ("desk:search", _("Search everything, with conditions"), "search"), ("desk:help", _("Help"), "question"),
    ):
        if url := link_to(view):
            commands.append({"label": label, "icon": icon, "keys": "", "href": url})
    commands += [
        {"label": label, "icon": icon, "keys": "" if key == "theme" else key, "press": key}
        for label, icon, key in (
            (_("Reply"), "reply", "r"),
            (_("Add a note"), "lock", "n"),
            (_("Assign"), "person-check", "a"),
            (_("Schedule callback"), "calendar-plus", "b"),
            (_("Escalate this ticket"), "arrow-up-right-circle", "shift+e"),
            (_("Switch light and dark"), "moon", "theme"),
            (_("All shortcuts"), "keyboard", "?"),
        )
    ]
    return commands


def script_words() -> dict[str, str]:
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
        "draft_waits": _("Not kept on the server yet; kept in this window"),
        "file_too_large": _("{name} is larger than {limit} MB."),
        "file_failed": _("{name} was not taken in. Try again."),
        "file_uploading": _("Taking in {name}"),
        "file_added": _("{name} added"),
        "pasted_picture": _("picture"),
        "show_password": _("Show password"),
        "hide_password": _("Hide password"),
        "as_table": _("Show as table"),
        "as_chart": _("Show as chart"),
        "dismiss": _("Dismiss"),
    }
