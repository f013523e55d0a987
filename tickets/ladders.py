"""Climbing: where a timer stands on its ladder, which rung comes next, and when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.hours import ALWAYS, WorkingCalendar
from core.models import WorkCalendar
from tickets.ladder_models import Rung, Trigger


@dataclass(frozen=True, slots=True)
class Place:
    """One open timer on its ladder; `level` is the rung it stands on, 0 before the first."""

    timer_id: int
    breached: bool
    level: int
    acknowledged: int  # up to which rung
    due_ack_at: datetime | None  # of the rung it stands on
    resumed_at: datetime
    due_at: datetime
    target: int  # seconds
    consumed: int


class Ladders:
    """All rungs, read once for a batch."""

    def __init__(self) -> None:
        self.standard: list[Rung] = []
        self.of: dict[int, list[Rung]] = {}
        for rung in Rung.objects.select_related("ladder", "person").order_by("ladder", "position"):
            self.of.setdefault(rung.ladder_id, []).append(rung)
            if rung.ladder.is_standard:
                self.standard = self.of[rung.ladder_id]

    def rungs(self, ladder_id: int | None) -> list[Rung]:
        """The rungs of a policy's ladder, lowest first; the standard ones where it names none."""
        return self.of.get(ladder_id, []) if ladder_id else self.standard

    def named(self) -> set[int]:
        """Everybody whom a rung names."""
        return {rung.person_id for rungs in self.of.values() for rung in rungs if rung.person_id}


class Clocks:
    """Working time by the id of its calendar, each read once."""

    def __init__(self) -> None:
        self._of: dict[int | None, WorkingCalendar] = {None: ALWAYS}

    def of(self, calendar_id: int | None) -> WorkingCalendar:
        if calendar_id is not None and calendar_id not in self._of:
            self._of[calendar_id] = WorkCalendar.objects.get(pk=calendar_id).hours()
        return self._of[calendar_id]


def upcoming(place: Place, rungs: Sequence[Rung], clock: WorkingCalendar) -> tuple[Rung, datetime] | None:
    """The next rung and its time; None where no clock leads any further.

    A rung that waits for silence comes when the one below was not acknowledged in time, a rung at a share of the target
    when that has gone by: whichever is first. Rungs of silence below a share that has come are passed over.
    """
    above = [rung for rung in rungs if rung.position > place.level]
    found: list[tuple[datetime, int, Rung]] = []
    if above and above[0].trigger == Trigger.SILENCE and place.due_ack_at and place.acknowledged < place.level:
        found.append((place.due_ack_at, above[0].position, above[0]))
    share = next((rung for rung in above if rung.trigger == Trigger.PERCENT), None)
    if share is not None and (at := reached(place, share.percent or 100, clock)):
        found.append((at, share.position, share))
    if not found:
        return None
    at, _position, rung = min(found)
    return rung, at


def reached(place: Place, percent: int, clock: WorkingCalendar) -> datetime | None:
    """When this share of the target has gone by; None while the breach, which looks again, has yet to be recorded."""
    if percent < 100:
        left = place.target * percent // 100 - place.consumed
        return clock.add(place.resumed_at, left) if left > 0 else place.resumed_at
    if not place.breached:
        return None
    return clock.add(place.due_at, place.target * (percent - 100) // 100) if percent > 100 else place.due_at


def first_share(rungs: Iterable[Rung]) -> int | None:
    """The first share of a ladder that lies before the breach."""
    shares = (rung.percent for rung in rungs if rung.trigger == Trigger.PERCENT and rung.percent)
    return next((percent for percent in shares if percent < 100), None)
