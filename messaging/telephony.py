"""What the telephone tells by itself: it rings, it is answered, it is hung up, and by whom (P4; C2, D1, D2)."""

from datetime import datetime

from django.core.cache import cache
from django.db import models
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from messaging import calls
from messaging.models import Call, OutStep
from staff.models import User

RINGS = 600  # seconds for which a ring that nobody answered is remembered


class Happening(models.TextChoices):
    RINGING = "ringing", _("ringing")
    ANSWERED = "answered", _("answered")
    HUNG_UP = "hung_up", _("hung up")


def take_in(
    happening: str, *, agent: User, number: str = "", side: str = "", now: datetime | None = None
) -> Call | None:
    """One event of an agent's telephone; returns the call that it is about, None where there is none yet.

    An answered call that is not on the screen is started there, with the time at which it began to ring; one that we
    made is answered by the customer. Raises `BadPhone` and `calls.CallClosed`.
    """
    now = now or timezone.now()
    running = calls.current(agent)
    if happening == Happening.RINGING:
        if running is None:
            cache.set(_key(agent), now.isoformat(), RINGS)
        return running
    if happening == Happening.HUNG_UP:
        return calls.hang_up(running, by=side or Call.Side.AGENT, now=now) if running else None
    if running is None and agent.team:
        began = parse_datetime(cache.get(_key(agent)) or "")
        cache.delete(_key(agent))
        return calls.start(team=agent.team, agent=agent, number=number, ringing_at=began, now=now)
    if running and OutStep.PREPARE in running.steps:
        return calls.answered(running, now=now)
    return running


def _key(agent: User) -> str:
    return f"rings:{agent.pk}"
