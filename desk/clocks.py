"""Times in the reader's words: what a promise has left or is over, how long ago, how soon."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from django.utils import formats, timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tickets.models import SLATimer

SOON = timedelta(hours=1)
ICONS = {
    "": "clock",
    "soon": "hourglass-split",
    "breached": "exclamation-triangle-fill",
    "paused": "pause-fill",
    "met": "check2",
}


@dataclass(frozen=True)
class Chip:
    """What an SLA chip shows: state, text, share of time used (0 to 100), and the deadline it counts to, if it runs."""

    state: str
    text: str
    burn: int = 0
    due: datetime | None = None
    start: datetime | None = None

    @property
    def icon(self) -> str:
        return ICONS[self.state]


def left_of(left: timedelta) -> str:
    """Time left: 06:18 within the hour, 4:10 within the day, 2d 21h beyond."""
    seconds = max(int(left.total_seconds()), 0)
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes:02d}:{seconds % 60:02d}"
    if minutes < 24 * 60:
        return f"{minutes // 60}:{minutes % 60:02d}"
    return _("{n}d {h}h").format(n=minutes // 1440, h=minutes % 1440 // 60)


def over_by(over: timedelta) -> str:
    """Time past a deadline: 24m over, 24:04 over, 3d over."""
    minutes = max(int(over.total_seconds()), 0) // 60
    if minutes < 60:
        return _("{n}m over").format(n=minutes)
    if minutes < 48 * 60:
        return _("{n} over").format(n=f"{minutes // 60}:{minutes % 60:02d}")
    return _("{n}d over").format(n=minutes // 1440)


def span(seconds: float, *, days: bool = True) -> str:
    """A length of time: 19m, 4h 10m, 24h, 2d 3h; of working time no `days`, for none of its days has 24 hours."""
    minutes = max(int(seconds), 0) // 60
    if minutes < 60:
        return _("{n}m").format(n=minutes)
    if minutes % 60 == 0 and (minutes < 48 * 60 or not days):
        return _("{h}h").format(h=minutes // 60)
    if minutes < 24 * 60 or not days:
        return _("{h}h {n}m").format(h=minutes // 60, n=minutes % 60)
    return _("{n}d {h}h").format(n=minutes // 1440, h=minutes % 1440 // 60)


def running(due: datetime, *, start: datetime | None = None, now: datetime) -> Chip:
    """The chip of a clock that runs towards `due`, or beyond it."""
    if now >= due:
        return Chip("breached", over_by(now - due), 100, due, start)
    burn = 0
    if start and start < due:
        burn = min(max(round((now - start) / (due - start) * 100), 0), 100)
    return Chip("soon" if due - now < SOON else "", left_of(due - now), burn, due, start)


def of_timer(timer: SLATimer, *, now: datetime) -> Chip | None:
    """The chip of one promise; None once it is cancelled. A breach, once recorded, stands."""
    state = SLATimer.State
    if timer.state == state.CANCELLED:
        return None
    if timer.state == state.PAUSED:
        rest = timedelta(seconds=timer.target_seconds - timer.consumed_seconds)
        burn = round(100 * timer.consumed_seconds / timer.target_seconds) if timer.target_seconds else 0
        return Chip("paused", _("{t} left").format(t=left_of(rest)), min(burn, 100))
    if timer.state == state.MET:
        return Chip("met", _("met in {t}").format(t=span(timer.consumed_seconds)))
    if timer.due_at is None:
        return None
    if timer.stopped_at and timer.stopped_at > timer.due_at:
        return Chip("breached", over_by(timer.stopped_at - timer.due_at), 100)
    return running(timer.due_at, start=timer.started_at, now=now)


def ago(moment: datetime | None, *, now: datetime | None = None) -> str:
    """4m ago, 2h ago, Yesterday, November 20: how long since a moment."""
    if not moment:
        return ""
    now = now or timezone.now()
    minutes = int((now - moment).total_seconds()) // 60
    if minutes < 0:
        return until(moment, now=now)
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        return _("{n}m ago").format(n=minutes)
    return _day(moment, now, yesterday_or_tomorrow=_("Yesterday")) or _("{n}h ago").format(n=minutes // 60)


def until(moment: datetime | None, *, now: datetime | None = None) -> str:
    """in 8m, in 3h, Tomorrow, November 24: how long to a moment."""
    if not moment:
        return ""
    now = now or timezone.now()
    minutes = int((moment - now).total_seconds()) // 60
    if minutes < 0:
        return ago(moment, now=now)
    if minutes < 60:
        return _("in {n}m").format(n=minutes)
    return _day(moment, now, yesterday_or_tomorrow=_("Tomorrow")) or _("in {n}h").format(n=minutes // 60)


def _day(moment: datetime, now: datetime, *, yesterday_or_tomorrow: str) -> str:
    """The day in words, or "" when it is today."""
    day, today = timezone.localdate(moment), timezone.localdate(now)
    if day == today:
        return ""
    if abs((day - today).days) == 1:
        return yesterday_or_tomorrow
    return _named(day, "MONTH_DAY_FORMAT" if day.year == today.year else "DATE_FORMAT", get_language())


@lru_cache(maxsize=512)
def _named(day: date, form: str, language: str | None) -> str:
    """A list names the same few days in all its rows."""
    return formats.date_format(day, form)
