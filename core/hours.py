"""Working time: pure arithmetic on the hours in which a desk is open, right to the second, without a database.

An instant is open when its local wall clock lies in an interval of its local date; seconds between instants are real
elapsed seconds. So a night shift over the spring change is an hour shorter, over the autumn change an hour longer.
Instants are counted in whole seconds: a fraction of a second in an argument is cut off.

Time is kept in chunks of one UTC week since Monday 1970-01-05. A chunk lists its open intervals, relative to its start,
with their running sum; an ordinary week is the same chunk for all weeks of the same UTC offset.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from operator import index
from zoneinfo import ZoneInfo

DAY = 86_400
WEEK = 7 * DAY
EPOCH = datetime(1970, 1, 5, tzinfo=UTC)
EPOCH_ORDINAL = EPOCH.toordinal()
# Chunks that lie wholly within the years that datetime knows in every zone.
FIRST_CHUNK = (date(2, 1, 1).toordinal() - EPOCH_ORDINAL) // 7
LAST_CHUNK = (date(9998, 12, 1).toordinal() - EPOCH_ORDINAL) // 7
MAX_OFFSET = 26 * 3600  # no zone is further from UTC
CACHED_CHUNKS = 4_096

Spans = tuple[tuple[int, int], ...]


class BadCalendar(ValueError):
    """The week, the special days or the zone of a calendar make no sense; the message says which."""


class NeverOpens(Exception):
    """The calendar has no working time left after the given start."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Open intervals of one UTC week in seconds from its start; `sums[i]` counts up to the end of interval i."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    sums: tuple[int, ...]
    total: int

    def before(self, second: int) -> int:
        """Open seconds of this week before `second`."""
        i = bisect_right(self.starts, second) - 1
        return self.sums[i] - max(0, self.ends[i] - second) if i >= 0 else 0


class WorkingCalendar:
    """The open hours of a week in one zone, with days off and days of other hours (make-up workdays 调休).

    `week` maps 0 = Monday … 6 to intervals ("HH:MM", "HH:MM"), start included, end not; "24:00" may end a day, and an
    overnight shift is two intervals. `days_off` are closed. `extra_days` map a date to its intervals and win over week
    and days_off. Raises BadCalendar. Never changes; equal calendars are equal and hash alike.
    """

    def __init__(
        self,
        timezone: str,
        week: Mapping[int, Iterable[tuple[str, str]]],
        days_off: Iterable[date] = (),
        extra_days: Mapping[date, Iterable[tuple[str, str]]] | None = None,
    ):
        self._zone = _zone(timezone)
        unknown = [day for day in week if isinstance(day, bool) or day not in range(7)]
        if unknown:
            raise BadCalendar(f"weekdays are 0 to 6, not {unknown[0]!r}")
        self.timezone = timezone
        self.week = tuple(_spans(week.get(day, ()), f"weekday {day}") for day in range(7))
        self.days_off = frozenset(_day(day) for day in days_off)
        self.extra_days = tuple(sorted((_day(day), _spans(s, str(day))) for day, s in (extra_days or {}).items()))
        self._special: dict[int, Spans] = dict.fromkeys((day.toordinal() for day in self.days_off), ())
        self._special |= {day.toordinal(): spans for day, spans in self.extra_days}
        self._special_days = sorted(self._special)
        self._open_extra = [day.toordinal() for day, spans in self.extra_days if spans]
        self._weekly = any(self.week)
        self._chunks: dict[int, _Chunk] = {}
        self._usual: dict[int, _Chunk] = {}
        self._key = (timezone, self.week, self.days_off, self.extra_days)

    def __setattr__(self, name, value):
        if hasattr(self, "_key"):
            raise AttributeError("a working calendar does not change; make another")
        super().__setattr__(name, value)

    def __eq__(self, other):
        return self._key == other._key if isinstance(other, WorkingCalendar) else NotImplemented

    def __hash__(self):
        return hash(self._key)

    def __repr__(self):
        return f"<WorkingCalendar {self.timezone}, {len(self._special)} special days>"

    def __reduce__(self):
        return _rebuilt, self._key

    def add(self, start: datetime, seconds: int) -> datetime:
        """Return the earliest instant t, not before start, with between(start, t) == seconds, in UTC.

        So a sum that just reaches a closing gives the closing, and add(start, 0) is start itself, open or not.
        Raises NeverOpens, and ValueError for negative seconds or a naive start.
        """
        left = index(seconds)
        if left < 0:
            raise ValueError("seconds of working time cannot be negative")
        k, second = _split(start)
        if left == 0:
            return start.astimezone(UTC)
        chunk = self._chunk(k)
        left += chunk.before(second)
        if left > (LAST_CHUNK - k) * WEEK:
            raise NeverOpens("the sum lies beyond the calendar's end")
        while left > chunk.total:
            left -= chunk.total
            k = self._next(k)
            chunk = self._chunk(k)
        i = bisect_left(chunk.sums, left)
        return _instant(k, chunk.ends[i] - (chunk.sums[i] - left))

    def between(self, start: datetime, end: datetime) -> int:
        """Return the open seconds from start to end, negative when end lies before start."""
        (k, second), (last, last_second) = _split(start), _split(end)
        if (last, last_second) < (k, second):
            return -self.between(end, start)
        whole = sum(self._chunk(j).total for j in range(k, last))
        return whole - self._chunk(k).before(second) + self._chunk(last).before(last_second)

    def is_open(self, at: datetime) -> bool:
        """True when the instant lies in an interval; a closing is closed, an opening open."""
        k, second = _split(at)
        chunk = self._chunk(k)
        i = bisect_right(chunk.starts, second) - 1
        return i >= 0 and second < chunk.ends[i]

    def next_open(self, at: datetime) -> datetime:
        """Return `at` when open, else the next opening, in UTC. Raises NeverOpens."""
        if self.is_open(at):
            return at.astimezone(UTC)
        k, second = _split(at)
        i = bisect_right(self._chunk(k).ends, second)
        while i == len(self._chunk(k).ends):
            k, i = self._next(k), 0
        return _instant(k, self._chunk(k).starts[i])

    def intervals(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Return the open intervals within [start, end) in UTC, adjoining ones joined; their sum is `between`."""
        (k, second), (last, last_second) = _split(start), _split(end)
        found: list[tuple[int, int]] = []
        for j in range(k, last + 1):
            chunk = self._chunk(j)
            low, high = (second if j == k else 0), (last_second if j == last else WEEK)
            for opening, closing in zip(chunk.starts, chunk.ends, strict=True):
                if max(opening, low) < min(closing, high):
                    found.append((j * WEEK + max(opening, low), j * WEEK + min(closing, high)))
        return [(_instant(0, opening), _instant(0, closing)) for opening, closing in _joined(found)]

    def add_days(self, start: datetime, days: int) -> datetime:
        """Return the instant `days` open days later, in UTC: for promises such as "5 working days".

        Start is moved to next_open, then the same local time is taken on the n-th following open day: before its
        opening the opening, in a gap or after closing the last closing before it. A time that the summer change
        skips is the change itself, one that occurs twice its first occurrence. Raises NeverOpens and ValueError.
        """
        left = index(days)
        if left < 0:
            raise ValueError("working days cannot be negative")
        opened = self.next_open(start)
        if left == 0:
            return opened
        local = opened.astimezone(self._zone)
        day, pieces = local.toordinal(), [(0, 0)]
        while left:
            day = self._next_day(day)
            pieces = self._pieces(day)
            left -= bool(pieces)
        clock = local.hour * 3600 + local.minute * 60 + local.second
        at = self._wall_instant(day, clock)
        # Before the opening, or in an interval, or else the last closing passed.
        result = pieces[0][0]
        for opening, closing in pieces:
            if opening <= at:
                result = min(at, closing)
        return _instant(0, result)

    def _spans(self, day: int) -> Spans:
        """Intervals of the local date with this ordinal, in seconds of its wall clock."""
        spans = self._special.get(day)
        return self.week[(day - EPOCH_ORDINAL) % 7] if spans is None else spans

    def _chunk(self, k: int) -> _Chunk:
        chunk = self._chunks.get(k)
        if chunk is None:
            if len(self._chunks) >= CACHED_CHUNKS:
                self._chunks.clear()
            chunk = self._chunks[k] = self._build(k)
        return chunk

    def _build(self, k: int) -> _Chunk:
        segments = _segments(self._zone, k)
        if len(segments) > 1 or self._has_special(k):
            return _summed(self._open(k, segments))
        offset = segments[0][2]
        if offset not in self._usual:
            self._usual[offset] = _summed(self._open(k, segments))
        return self._usual[offset]

    def _has_special(self, k: int) -> bool:
        first = EPOCH_ORDINAL + (k * WEEK - MAX_OFFSET) // DAY
        i = bisect_left(self._special_days, first)
        return i < len(self._special_days) and self._special_days[i] <= first + 7 + 2 * (MAX_OFFSET // DAY + 1)

    def _open(self, k: int, segments: tuple[tuple[int, int, int], ...]) -> list[tuple[int, int]]:
        """Open intervals of chunk k in seconds from its start, in order, not yet joined."""
        found = []
        for low, high, offset in segments:
            for day in range((k * WEEK + low + offset) // DAY, (k * WEEK + high + offset - 1) // DAY + 1):
                shift = day * DAY - offset - k * WEEK
                for opening, closing in self._spans(EPOCH_ORDINAL + day):
                    if max(opening + shift, low) < min(closing + shift, high):
                        found.append((max(opening + shift, low), min(closing + shift, high)))
        return found

    def _pieces(self, day: int) -> list[tuple[int, int]]:
        """Open intervals of the local date with this ordinal, in seconds from EPOCH."""
        spans, found = self._spans(day), []
        if spans:
            midnight = (day - EPOCH_ORDINAL) * DAY
            for low, high, offset in _around(self._zone, midnight):
                for opening, closing in spans:
                    piece = max(midnight + opening - offset, low), min(midnight + closing - offset, high)
                    if piece[0] < piece[1]:
                        found.append(piece)
        return list(_joined(found))

    def _wall_instant(self, day: int, clock: int) -> int:
        """First second from EPOCH at which the local clock of this date has come to `clock`."""
        naive = (day - EPOCH_ORDINAL) * DAY + clock
        at = naive
        for low, high, offset in _around(self._zone, naive):
            at = max(naive - offset, low)
            if at < high:
                break
        return at

    def _next(self, k: int) -> int:
        """The next chunk that may be open after chunk k."""
        following = k + 1
        if not self._weekly:
            day = self._next_extra(EPOCH_ORDINAL + (following * WEEK - MAX_OFFSET) // DAY)
            following = max(following, ((day - EPOCH_ORDINAL) * DAY - MAX_OFFSET) // WEEK)
        if following > LAST_CHUNK:
            raise NeverOpens("the calendar has no opening after this instant")
        return following

    def _next_day(self, day: int) -> int:
        """Ordinal of the next local date that may be open."""
        following = day + 1 if self._weekly else self._next_extra(day + 1)
        if following - EPOCH_ORDINAL > LAST_CHUNK * 7:
            raise NeverOpens("the calendar has no open day left")
        return following

    def _next_extra(self, day: int) -> int:
        """Ordinal of the first extra day with hours from `day` on."""
        i = bisect_left(self._open_extra, day)
        if i == len(self._open_extra):
            raise NeverOpens("the calendar has no opening after this instant")
        return self._open_extra[i]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    # A folder, a file that is no zone, an empty or odd name: each raises its own.
    except (KeyError, ValueError, OSError, TypeError, AttributeError):
        raise BadCalendar(f"unknown time zone {name!r}") from None


def _day(day: date) -> date:
    if type(day) is not date:
        raise BadCalendar(f"special days are dates, not {day!r}")
    return day


def _spans(intervals: Iterable[tuple[str, str]], where: str) -> Spans:
    try:
        spans = sorted((_seconds(start, where), _seconds(end, where)) for start, end in intervals)
    except (TypeError, ValueError) as error:
        if isinstance(error, BadCalendar):
            raise
        raise BadCalendar(f"{where}: intervals are pairs of times such as 09:00 and 17:30") from None
    for start, end in spans:
        if start >= end:
            raise BadCalendar(f"{where}: {_clock(start)}–{_clock(end)} ends before it starts; a night is two intervals")
    for (_, end), (start, _) in zip(spans, spans[1:], strict=False):
        if start < end:
            raise BadCalendar(f"{where}: an interval starts at {_clock(start)}, before another ends at {_clock(end)}")
    return tuple(_joined(spans))


def _seconds(text: str, where: str) -> int:
    hour, colon, minute = text.partition(":") if isinstance(text, str) else ("", "", "")
    figures = len(hour) == len(minute) == 2 and (hour + minute).isascii() and (hour + minute).isdigit()
    seconds = int(hour) * 3600 + int(minute) * 60 if figures and int(minute) < 60 else DAY + 1
    if seconds > DAY:
        raise BadCalendar(f"{where}: {text!r} is not a time from 00:00 to 24:00")
    return seconds


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"


def _rebuilt(timezone: str, week: tuple[Spans, ...], days_off: frozenset[date], extra: tuple) -> WorkingCalendar:
    def written(days: Iterable[tuple]) -> dict:
        return {day: [(_clock(start), _clock(end)) for start, end in spans] for day, spans in days}

    return WorkingCalendar(timezone, written(enumerate(week)), days_off, written(extra))


def _split(at: datetime) -> tuple[int, int]:
    """Return (chunk, second within it); raises ValueError for a naive datetime."""
    if at.utcoffset() is None:
        raise ValueError("working time needs aware datetimes")
    gone = at.astimezone(UTC) - EPOCH
    k, day = divmod(gone.days, 7)
    if not FIRST_CHUNK <= k <= LAST_CHUNK:
        raise ValueError("working time is counted from the year 2 to 9998")
    return k, day * DAY + gone.seconds


def _instant(k: int, second: int) -> datetime:
    return EPOCH + timedelta(days=7 * k, seconds=second)


def _joined(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Join intervals, given in order, where one ends as the next starts."""
    pending: tuple[int, int] | None = None
    for start, end in spans:
        if pending and pending[1] == start:
            start = pending[0]
        elif pending:
            yield pending
        pending = start, end
    if pending:
        yield pending


def _summed(spans: list[tuple[int, int]]) -> _Chunk:
    joined = list(_joined(spans))
    sums, total = [], 0
    for start, end in joined:
        total += end - start
        sums.append(total)
    return _Chunk(tuple(start for start, _ in joined), tuple(end for _, end in joined), tuple(sums), total)


def _offset(zone: ZoneInfo, second: int) -> int:
    """UTC offset in seconds at an instant given in seconds from EPOCH."""
    gone = (EPOCH + timedelta(seconds=second)).astimezone(zone).utcoffset() or timedelta()
    return gone.days * DAY + gone.seconds


@lru_cache(maxsize=16_384)
def _segments(zone: ZoneInfo, k: int) -> tuple[tuple[int, int, int], ...]:
    """Stretches (start, end, offset) of chunk k, in seconds from its start, in which the zone keeps one offset."""
    base, found, low = k * WEEK, [], 0
    offset = _offset(zone, base)
    for probe in range(DAY, WEEK + DAY, DAY):
        later = _offset(zone, base + probe)
        if later == offset:
            continue
        before, after = probe - DAY, probe
        while after - before > 1:
            middle = (before + after) // 2
            if _offset(zone, base + middle) == offset:
                before = middle
            else:
                after = middle
        if after < WEEK:
            found.append((low, after, offset))
            low, offset = after, later
    return (*found, (low, WEEK, offset))


def _around(zone: ZoneInfo, naive: int) -> Iterator[tuple[int, int, int]]:
    """Stretches of one offset, in seconds from EPOCH, around the local date that starts or contains `naive`."""
    first, last = (naive - MAX_OFFSET) // WEEK, (naive + DAY + MAX_OFFSET) // WEEK
    for k in range(first, last + 1):
        for low, high, offset in _segments(zone, k):
            yield k * WEEK + low, k * WEEK + high, offset


ALWAYS = WorkingCalendar("UTC", {day: [("00:00", "24:00")] for day in range(7)})
