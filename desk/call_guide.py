"""The guide beside a call: five standard actions with their times, and the sentence to say at each (P4)."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from customers.models import Customer
from messaging import calls
from messaging.models import Call, CallStep, Mailbox


@dataclass(frozen=True)
class Step:
    """One line of the guide; `at` is the time since picking up, as 01:36."""

    code: str
    label: str
    number: int
    status: str  # done, now, ahead
    at: str
    hint: str
    say: str


@dataclass(frozen=True)
class Guide:
    steps: list[Step]
    identified: str  # how long the greeting took, '' while it lasts
    identified_late: bool

    @property
    def now(self) -> Step:
        """The step that is due; the last one once all are done."""
        return next((step for step in self.steps if step.status == "now"), self.steps[-1])


def guide(call: Call, *, subject: str = "") -> Guide:
    """What the guide shows for a call at this moment; `subject` is the summary typed so far."""
    due = next((step for step in CallStep if step not in call.steps), None)
    hints, says = _hints(), sentences(call, subject=subject)
    steps = [
        Step(
            code=step.value,
            label=str(step.label),
            number=number,
            status="done" if step in call.steps else "now" if step == due else "ahead",
            at=clock(calls.after(call, step)),
            hint=hints[step],
            say=says[step],
        )
        for number, step in enumerate(CallStep, 1)
    ]
    took = calls.identified_after(call)
    return Guide(steps, clock(took), took is not None and took > calls.IDENTIFY_WITHIN)


def sentences(call: Call, *, subject: str = "") -> dict[str, str]:
    """The words of the procedure, in the language of the page (P4, 来电受理)."""
    matter = subject.strip() or _("this matter")
    return {
        CallStep.OPEN: _("Hello, this is %(name)s of %(company)s. How may I help you?")
        % {"company": company_of(call), "name": call.agent},
        CallStep.LISTEN: _("Yes, please go on."),
        CallStep.NOTE: _("I am writing this down for you."),
        CallStep.ANSWER: _("Your question is mainly about %(matter)s, is that right?") % {"matter": matter},
        CallStep.END: _("Is there anything else I can help you with? Thank you for calling."),
    }


def greeting(customer: Customer) -> str:
    """The tier's greeting in the language that the customer speaks."""
    tier = customer.tier
    return tier.greeting_zh if customer.language.startswith("zh") else tier.greeting_en


def company_of(call: Call) -> str:
    """The name that customers know us by: the sender name of the team's mailbox, else of the default one."""
    boxes = Mailbox.objects.filter(Q(team=call.team_id) | Q(is_default=True)).values_list("team_id", "name")
    ranked = sorted(boxes, key=lambda box: box[0] != call.team_id)
    return ranked[0][1] if ranked else str(call.team)


def clock(span: timedelta | None) -> str:
    """01:36 since picking up; '' for what has not happened."""
    if span is None:
        return ""
    seconds = max(int(span.total_seconds()), 0)
    return f"{seconds // 60:02d}:{seconds % 60:02d}"


def _hints() -> dict[str, str]:
    return {
        CallStep.OPEN: _("Name yourself and the company"),
        CallStep.LISTEN: _("Who calls, and why"),
        CallStep.NOTE: _("Class, facts, wish"),
        CallStep.ANSWER: _("Offer and deadline"),
        CallStep.END: _("Recap, thank; the caller hangs up first"),
    }
