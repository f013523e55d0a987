"""The events of a service process in the reader's words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.models import Event
from processes.models import Confirmation


@dataclass(frozen=True)
class Told:
    icon: str
    text: str
    look: str = ""
    note: str = ""


def _step(data: dict[str, Any]) -> str:
    chinese = (get_language() or "").startswith("zh")
    return data.get("title_zh" if chinese else "title_en") or "–"


def _how(data: dict[str, Any]) -> str:
    return str(dict(Confirmation.How.choices).get(data.get("how", ""), "–"))


def _planned(who: str, data: dict[str, Any]) -> Told:
    if data.get("voided"):
        text = _("%(who)s changed the plan: it has to be confirmed anew") % {"who": who}
        return Told("pencil-square", text, "u-amber")
    return Told("pencil-square", _("%(who)s wrote the plan") % {"who": who})


TOLD: dict[str, Callable[[str, dict[str, Any]], Told]] = {
    "process_started": lambda who, data: Told("list-check", _("%(who)s started the process") % {"who": who}),
    "plan_written": _planned,
    "confirmation_asked": lambda who, data: Told(
        "envelope-paper", _("%(who)s asked the customer to confirm the plan") % {"who": who}
    ),
    "plan_accepted": lambda who, data: Told(
        "patch-check", _("The customer confirmed the plan: %(how)s") % {"how": _how(data)}, "u-green"
    ),
    "plan_declined": lambda who, data: Told(
        "patch-exclamation", _("The customer did not accept the plan: %(how)s") % {"how": _how(data)}, "u-amber"
    ),
    "step_done": lambda who, data: Told(
        "check2-square", _("Step done: %(step)s (%(who)s)") % {"step": _step(data), "who": who}
    ),
    "step_skipped": lambda who, data: Told(
        "skip-forward", _("Step skipped: %(step)s (%(who)s)") % {"step": _step(data), "who": who}, "u-amber"
    ),
    "step_assigned": lambda who, data: Told(
        "person-check",
        _("%(who)s gave the step “%(step)s” to %(name)s")
        % {"who": who, "step": _step(data), "name": data.get("to") or "–"},
    ),
    "process_done": lambda who, data: Told("check2-all", _("The process is finished"), "u-green"),
    "process_stopped": lambda who, data: Told(
        "stop-circle", _("%(who)s stopped the process") % {"who": who}, "u-amber"
    ),
}
KINDS = tuple(TOLD)


def told(event: Event, who: str) -> Told:
    found = TOLD[event.kind](who, event.data)
    return Told(found.icon, found.text, found.look, event.data.get("note") or "")
