"""The steps of a visit as buttons and forms: the same for the visit's own page and for the panel of its ticket."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from staff.models import User
from visits import flow
from visits.forms import AppointForm, CancelForm, DispatchForm, FailForm, HandOverForm, PlainForm, StepForm
from visits.models import State, Visit


@dataclass(frozen=True)
class Act:
    """One step: the form that it asks for, the service that takes it, and the states in which it is open."""

    name: str
    label: str | Promise
    icon: str
    form: type[StepForm]
    service: Callable
    states: tuple[State, ...]
    office: bool = False
    done: str | Promise = ""

    @property
    def plain(self) -> bool:
        return self.form is PlainForm


S = State
ACTS = (
    Act("dispatch", _("Dispatch"), "send", DispatchForm, flow.dispatch, (S.REQUESTED, S.FAILED), True,
        _("Dispatched; agree on the window with the customer.")),
    Act("appoint", _("Customer agreed"), "calendar-check", AppointForm, flow.appoint, (S.DISPATCHED,), False,
        _("The appointment stands.")),
    Act("set_out", _("On the way"), "truck", PlainForm, flow.set_out, (S.APPOINTED,), False, _("On the way.")),
    Act("arrive", _("Arrived"), "geo-alt", PlainForm, flow.arrive, (S.APPOINTED, S.ON_WAY), False, _("Arrived.")),
    Act("change", _("Change the appointment"), "calendar-event", AppointForm, flow.appoint,
        (S.APPOINTED, S.ON_WAY, S.FAILED), False, _("The appointment has been changed.")),
    Act("dispatch_again", _("Dispatch anew"), "send", DispatchForm, flow.dispatch, (S.DISPATCHED,), True,
        _("Dispatched; agree on the window with the customer.")),
    Act("hand_over", _("Another technician"), "arrow-left-right", HandOverForm, flow.hand_over, (S.APPOINTED,), True,
        _("Another technician goes; the appointment stands.")),
    Act("fail", _("Failed"), "x-octagon", FailForm, flow.fail, (S.APPOINTED, S.ON_WAY, S.ARRIVED), False,
        _("Recorded; the visit needs a new appointment.")),
    Act("cancel", _("Cancel the visit"), "calendar-x", CancelForm, flow.cancel,
        (S.REQUESTED, S.DISPATCHED, S.APPOINTED, S.ON_WAY, S.FAILED), True, _("The visit is cancelled.")),
)  # fmt: skip
BY_NAME = {act.name: act for act in ACTS}


@dataclass(frozen=True)
class Step:
    """What may be done next with one visit."""

    act: Act
    form: StepForm
    open: bool = False  # the form was refused and is shown as it was sent


def steps(visit: Visit, *, office: bool, now: datetime, bound: StepForm | None = None, name: str = "") -> list[Step]:
    """The steps that are open in this state; `office` says whether the reader may dispatch."""
    found = []
    for act in ACTS:
        if visit.state not in act.states or (act.office and not office):
            continue
        mine = bound is not None and act.name == name
        found.append(Step(act, bound if mine and bound else act.form(visit=visit, now=now), open=mine))
    return found


def take(visit: Visit, name: str, data, *, by: User, now: datetime) -> StepForm | None:
    """Takes a step; the form with what is wrong comes back where it was refused. Raises `flow.NotYours`, KeyError."""
    act = BY_NAME[name]
    form = act.form(data, visit=visit, now=now)
    if not form.is_valid():
        return form
    try:
        act.service(visit, by=by, now=now, **form.given())
    except flow.NotYours:
        raise
    except flow.VisitRefused as refused:
        form.add_error(None, str(refused))
        return form
    return None
