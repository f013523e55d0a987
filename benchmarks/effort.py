"""CPU time, ours and the database's: on a machine that others are using too it strays less than durations do."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from django.db import connection

TICKS = os.sysconf("SC_CLK_TCK")


class Effort:
    """CPU seconds of some processes and of the database's sessions since this was made."""

    def __init__(self, ours: Callable[[], Iterable[int]] = lambda: [os.getpid()]):
        self.ours, self.before = ours, _spent([*ours(), *_sessions()])

    def seconds(self) -> float:
        """A session that began meanwhile counts whole; a database on another machine counts nothing."""
        after = _spent([*self.ours(), *_sessions()])
        return sum(spent - self.before.get(pid, 0.0) for pid, spent in after.items())


def _sessions() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return [pid for (pid,) in cursor.fetchall()]


def _spent(pids: list[int]) -> dict[int, float]:
    found = {}
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended, or runs elsewhere
            continue
        found[pid] = (int(fields[11]) + int(fields[12])) / TICKS
    return found
