"""What waits for a person besides tickets and callbacks: steps of processes and feedback records."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import DateTimeField, Value
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from followups.feedback_models import Feedback
from processes.models import Step
from staff.models import User

MOST = 99  # more are not counted
KINDS: dict[str, tuple[str | Promise, str, str, str]] = {
    "steps": (_("Process steps"), "list-ol", "desk:steps", "?whose=mine"),
    "records": (_("Feedback records"), "clipboard-data", "feedback:list", "?mine=1"),
}


@dataclass(frozen=True)
class Waiting:
    """One kind of work: how much of it is with this person, and how much of that is late."""

    label: str | Promise
    icon: str
    url: str
    count: int
    late: int

    @property
    def more(self) -> bool:
        return self.count > MOST


def of(user: User, now: datetime) -> list[Waiting]:
    """The kinds that hold anything, in one query."""
    steps = Step.objects.visible_to(user).open().filter(owner=user).order_by()
    records = Feedback.objects.visible_to(user).open().filter(holder=user).order_by()
    no_day = Value(None, output_field=DateTimeField())
    rows = steps.values_list(Value("steps"), "due_at")[: MOST + 1].union(
        records.values_list(Value("records"), no_day)[: MOST + 1], all=True
    )
    found: dict[str, list[datetime | None]] = {}
    for kind, due_at in rows:
        found.setdefault(kind, []).append(due_at)
    return [
        Waiting(label, icon, reverse(view) + query, len(days), sum(bool(day and day < now) for day in days))
        for kind, (label, icon, view, query) in KINDS.items()
        if (days := found.get(kind))
    ]
