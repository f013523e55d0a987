"""The guide beside an incoming call: five standard actions, and the sentence to say at each (P4, 来电受理)."""

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from customers.models import Customer
from knowledge import scripts
from knowledge.call_steps import Guide, clock, steps_of
from messaging import calls, mailboxes
from messaging.models import Call, CallStep


def guide(call: Call, *, subject: str = "") -> Guide:
    """What the guide shows for a call at this moment; `subject` is the summary typed so far."""
    steps = steps_of(call, said(call, subject=subject), CallStep)
    took = calls.identified_after(call)
    return Guide(steps, clock(took), took is not None and took > calls.IDENTIFY_WITHIN)


def said(call: Call, *, subject: str = "") -> dict[str, scripts.Said]:
    """The script of the team in the language of the page."""
    values = {
        "company": mailboxes.company_of(call.team_id) or str(call.team), "agent": str(call.agent),
        "team": str(call.team), "subject": subject.strip() or _("this matter"),
        "customer": call.customer.name if call.customer else _("dear customer"),
    }
    return scripts.told(Call.Direction.IN, team_id=call.team_id, language=get_language() or "en", values=values)


def greeting(customer: Customer) -> str:
    """The tier's greeting in the language that the customer speaks."""
    tier = customer.tier
    return tier.greeting_zh if customer.language.startswith("zh") else tier.greeting_en
