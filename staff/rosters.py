"""The roster 排班: who works which shift on which day. Nobody works two shifts at once (M4)."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from staff.floor_models import Duty, Shift
from staff.models import Team, User

WEEK = timedelta(days=7)


class DutyRefused(Exception):
    """The person cannot be put on this shift; the text says why."""


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


@transaction.atomic
def assign(*, user: User, shift: Shift, day: date) -> Duty:
    """Puts somebody on a shift; again is harmless. Raises `DutyRefused` where it overlaps another duty of theirs."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # of two at once the second sees the first
    if not shift.is_active:
        raise DutyRefused(_("This shift is not worked any more."))
    near = Duty.objects.filter(user=user, date__range=(day - timedelta(days=1), day + timedelta(days=1)))
    starts, ends = shift.span(day)
    for duty in near.select_related("shift"):
        if duty.shift_id == shift.pk and duty.date == day:
            return duty
        began, ended = duty.shift.span(duty.date)
        if began < ends and starts < ended:
            raise DutyRefused(
                _("%(name)s works %(shift)s then; the two overlap.") % {"name": user, "shift": duty.shift}
            )
    return Duty.objects.create(user=user, shift=shift, date=day)


def copy_week(*, team: Team, monday: date) -> tuple[int, int]:
    """Last week's duties of a team into this one; returns (made, left out because they overlap or are there)."""
    made = left_out = 0
    last = Duty.objects.filter(
        shift__team=team, shift__is_active=True, user__is_active=True, date__gte=monday - WEEK, date__lt=monday
    )
    before = set(Duty.objects.filter(shift__team=team, date__gte=monday, date__lt=monday + WEEK).values_list("pk"))
    for duty in last.select_related("shift", "user").order_by("user", "date"):
        try:
            fresh = assign(user=duty.user, shift=duty.shift, day=duty.date + WEEK)
        except DutyRefused:
            left_out += 1
            continue
        made += (fresh.pk,) not in before
        left_out += (fresh.pk,) in before
    return made, left_out


def present(team: Team, now: datetime) -> tuple[Shift | None, datetime, datetime]:
    """(the shift that runs now, when it ends, when the one after it ends); eight hours each where none is set up."""
    spans = _spans(team, now)
    running = next(((shift, span) for shift, span in spans if span[0] <= now < span[1]), None)
    ends = running[1][1] if running else now
    following = next((span for _shift, span in spans if span[0] >= ends), None)
    until = following[1] if following else ends + timedelta(hours=8)
    return (running[0] if running else None), ends, until


def _spans(team: Team, now: datetime) -> list[tuple[Shift, tuple[datetime, datetime]]]:
    """The shifts of a team from yesterday to the day after tomorrow, in the order of their beginning."""
    today = timezone.localdate(now, timezone.get_default_timezone())
    shifts = list(Shift.objects.filter(team=team, is_active=True))
    days = [today + timedelta(days=ahead) for ahead in (-1, 0, 1, 2)]
    return sorted(((shift, shift.span(day)) for day in days for shift in shifts), key=lambda one: one[1])
