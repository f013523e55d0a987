"""When things happen at the demo desk: busy mornings and afternoons, quieter weekends, all up to the present moment."""

import math
from datetime import datetime, time, timedelta
from random import Random

from django.utils import timezone

DAYS = 14
OPENS, CLOSES = time(8, 30), time(20, 30)
WEEKEND = 0.5
HUMPS = ((10.3, 1.1, 0.5), (15.2, 1.4, 0.4), (19.3, 0.6, 0.08))  # hour, spread, share
NIGHT = timedelta(hours=10)  # started outside office hours, the night shift has worked for so long
LATEST = timedelta(minutes=6)


class Timetable:
    """The hours of the story, which ends at `now`."""

    def __init__(self, now: datetime, rng: Random):
        self.now, self.rng = now, rng
        self.at_night = not OPENS <= timezone.localtime(now).time() < CLOSES

    def days(self) -> list[datetime]:
        """The local midnights of the story's days, the oldest first."""
        today = timezone.localtime(self.now).date()
        return [_at(today - timedelta(days=back), time.min) for back in range(DAYS - 1, -1, -1)]

    def arrivals(self, midnight: datetime, busy: float) -> list[datetime]:
        """When customers turn to us on one day; `busy` is the number of a full working day."""
        weekend = timezone.localtime(midnight).weekday() >= 5 and midnight != self.days()[-1]
        hours = sorted(self._hour() for _n in range(round(busy * (WEEKEND if weekend else 1))))
        if midnight != self.days()[-1]:
            return [midnight + timedelta(hours=hour) for hour in hours]
        return self._today(midnight, hours)

    def _today(self, midnight: datetime, hours: list[float]) -> list[datetime]:
        """The day so far; early in the day a part of it is pressed into the hours that have passed."""
        passed = (self.now - LATEST - midnight).total_seconds() / 3600
        if passed >= 12:
            return [midnight + timedelta(hours=hour) for hour in hours if hour < passed]
        some = hours[: max(1, math.ceil(len(hours) * max(passed, 4) / 12))]
        first = min(8.5, max(0.0, passed) * 0.4)
        return [midnight + timedelta(hours=first + max(0.0, passed - first) * (at + 0.5) / len(some)) for at in range(len(some))]

    def _hour(self) -> float:
        hour, spread, _share = self.rng.choices(HUMPS, [share for _h, _s, share in HUMPS])[0]
        return min(max(self.rng.gauss(hour, spread), 8.2), 21.8)

    def working(self, at: datetime) -> datetime:
        """The moment itself while somebody works, else some minutes after the next opening."""
        if self.at_night and at > self.now - NIGHT:
            return at
        local = timezone.localtime(at)
        if OPENS <= local.time() < CLOSES:
            return at
        day = local.date() + timedelta(days=local.time() >= CLOSES)
        return _at(day, OPENS) + timedelta(minutes=self.rng.uniform(1, 45))

    def after(self, at: datetime, minutes: float, spread: float = 0.6) -> datetime:
        """About so many minutes later, when somebody works; few wait much longer, as it is."""
        return self.working(at + timedelta(minutes=minutes * self.rng.lognormvariate(0, spread)))

    def calling(self, at: datetime) -> datetime:
        """The moment, moved into the hours in which customers may be called."""
        local = timezone.localtime(at)
        if local.hour < 9:
            return _at(local.date(), time(9, self.rng.randint(0, 50)))
        return _at(local.date(), time(19, self.rng.randint(5, 50))) if local.hour >= 20 else at


def _at(day, clock: time) -> datetime:
    return datetime.combine(day, clock, tzinfo=timezone.get_default_timezone())
