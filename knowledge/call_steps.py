"""The guide beside a call: its five standard actions with their times, and what to say at each (P4; D1, D2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db import models

from knowledge.scripts import Said
from messaging import calls
from messaging.models import Call


@dataclass(frozen=True)
class Step:
    """One line of the guide; `at` is the time since picking up, as 01:36."""

    code: str
    label: str
    number: int
    status: str  # done, now, ahead
    at: str
    hint: str
    says: list[str]


@dataclass(frozen=True)
class Guide:
    steps: list[Step]
    identified: str = ""  # how long the greeting took, '' while it lasts
    identified_late: bool = False
    outgoing: bool = False

    @property
    def now(self) -> Step:
        """The step that is due; the last one once all are done."""
        return next((step for step in self.steps if step.status == "now"), self.steps[-1])


def steps_of(call: Call, told: Mapping[str, Said], actions: type[models.TextChoices]) -> list[Step]:
    """The steps of a call at this moment, in the order of its standard actions."""
    due = next((code for code in actions.values if code not in call.steps), None)
    return [
        Step(
            code=code,
            label=str(label),
            number=number,
            status="done" if code in call.steps else "now" if code == due else "ahead",
            at=clock(calls.after(call, code)),
            hint=told[code].hint,
            says=told[code].says,
        )
        for number, (code, label) in enumerate(actions.choices, 1)
    ]


def clock(span: timedelta | None) -> str:
    """01:36 since picking up; '' for what has not happened."""
    if span is None:
        return ""
    seconds = max(int(span.total_seconds()), 0)
    return f"{seconds // 60:02d}:{seconds % 60:02d}"
