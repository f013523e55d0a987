"""The time of the story: history rows are dated by it, signed by whoever acts, and nothing is told to open pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from simple_history.signals import pre_create_historical_record

from core import live
from staff.models import User


class Clock:
    """What the time is in the story, and who is at work."""

    def __init__(self, now: datetime):
        self.now = now
        self.actor: User | None = None

    def _date(self, sender, instance, history_instance, **kwargs) -> None:
        history_instance.history_date = getattr(instance, "_history_date", None) or self.now
        if history_instance.history_user_id is None and self.actor is not None:
            history_instance.history_user = self.actor

    @contextmanager
    def ruling(self) -> Iterator["Clock"]:
        """Within it, history rows carry the story's time, and no live message is sent."""
        pre_create_historical_record.connect(self._date)
        try:
            with live.quiet():
                yield self
        finally:
            pre_create_historical_record.disconnect(self._date)
