"""The visits of a technician who is away: handed on to whoever can go at the agreed time, told one by one, and undone.

A customer's appointment stands, whatever becomes of the rest of somebody's work; where nobody can go, the visit stays
with its technician, and the transfer says so, to be arranged anew on the board.
"""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from staff import floor
from staff.floor_models import Absence
from staff.models import User
from visits import flow, standing_in
from visits.models import Technician, Visit

WHAT = "visit"


def preview(
    user: User, *, begin: datetime, end: datetime | None, deputy: User | None, most: int
) -> list[tuple[Visit, Technician | None]]:
    """Each of the visits that fall into the absence, with who would go; nothing is written."""
    first = floor.stand_in(deputy, begin) if deputy else None
    return standing_in.choices(user, standing_in.visits_of(user, begin=begin, end=end)[:most], first=first)


def hand_on(
    user: User, *, absence: Absence | None, deputy: User | None, by: User | None, now: datetime
) -> list[dict[str, Any]]:
    """The rows of a transfer: {"what", "id", "after"} where somebody else goes, {"what", "id", "why"} where not."""
    end = absence.ends_at if absence else None
    chosen = standing_in.choices(user, standing_in.visits_of(user, begin=now, end=end), first=deputy)
    return [_handed(visit, user, to, by=by, now=now) for visit, to in chosen]


def _handed(visit: Visit, user: User, to: Technician | None, *, by: User | None, now: datetime) -> dict[str, Any]:
    row = {"what": WHAT, "id": visit.pk}
    if to is None:
        return row | {"why": _("No technician can go at that time; arrange it anew on the board.")}
    why = _give(visit, of=user, to=to, reason=_("%(name)s is away") % {"name": user}, by=by, now=now)
    return row | ({"why": why} if why else {"after": to.user_id})


def give_back(done: list[dict], *, user: User, by: User, now: datetime) -> dict[int, str]:
    """{visit: why it stays with whoever has it}, "" where `user` goes again."""
    home = Technician.objects.filter(user=user).first()
    people = User.objects.in_bulk([row["after"] for row in done])
    visits = Visit.objects.in_bulk([row["id"] for row in done])
    answers = {}
    for row in done:
        visit, holder = visits.get(row["id"]), people.get(row["after"])
        if home is None or visit is None or holder is None:
            answers[row["id"]] = _("It has changed since.")
        else:
            answers[row["id"]] = _give(visit, of=holder, to=home, reason=_("Taken back"), by=by, now=now)
    return answers


def _give(visit: Visit, *, of: User, to: Technician, reason: str, by: User | None, now: datetime) -> str:
    try:
        standing_in.give(visit, of=of, to=to, reason=reason, by=by, now=now)
    except standing_in.Changed:
        return _("It has changed since.")
    except flow.VisitRefused as refused:
        return str(refused)
    return ""
