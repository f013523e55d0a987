"""What the figures are kept in, so that a page costs the same beside a million tickets as beside ten thousand.

Triggers on the table of tickets write here (`metrics/migrations/0001_rollups.py`), so nothing that changes a ticket can
leave them out: neither a service, nor a set-based UPDATE, nor SQL by hand. All hold plain ids, as events do.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Standing(models.Model):
    """How many tickets stand where: the sum of `n` over all rows is the truth at every moment.

    A ledger: a ticket that comes, goes or changes adds rows of +1 and -1 in its own transaction, and waits for nobody.
    `metrics.standing.compact` replaces rows by their sum. Archived tickets are counted by team and class alone.
    """

    team_id = models.BigIntegerField()
    owner_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=10)
    state = models.CharField(max_length=16)
    waiting = models.BooleanField()
    n = models.IntegerField()

    class Meta:
        verbose_name = _("standing of tickets")
        verbose_name_plural = _("standing of tickets")

    def __str__(self):
        return f"{self.team_id} {self.kind} {self.state} {self.n:+}"


class DaySum(models.Model):
    """The figures of one team on one local day that is over, or in one hour of today: see `definitions.counted`.

    Holds while no `Touch` lies within it; see `metrics.rollups`.
    """

    team_id = models.BigIntegerField()
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()  # by the time zone that the desk had when it was counted
    opened = models.JSONField()  # [[class, channel, n], …]
    closed = models.JSONField()  # [[owner id or null, n], …]
    first_response = models.BinaryField()  # seconds of each case, doubles in ascending order
    resolution = models.BinaryField()

    class Meta:
        verbose_name = _("figures of a day")
        verbose_name_plural = _("figures of days")
        constraints = [
            models.UniqueConstraint(fields=["team_id", "begins_at"], name="one_sum_per_team_and_day"),
            models.CheckConstraint(condition=Q(ends_at__gt=models.F("begins_at")), name="day_ends_after_it_began"),
        ]

    def __str__(self):
        return f"{self.team_id} {self.begins_at:%Y-%m-%d}"


class Touch(models.Model):
    """A moment whose day has to be counted again: a ticket opened or archived then has come, gone or changed."""

    team_id = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("touched day")
        verbose_name_plural = _("touched days")
        indexes = [models.Index(fields=["team_id", "at"], name="touch_by_team")]

    def __str__(self):
        return f"{self.team_id} {self.at}"
