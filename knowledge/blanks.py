"""The blanks of reply templates and phrasings: `{customer}`, `{due}`, … are filled in, anything else is refused."""

import re
from collections.abc import Collection, Mapping

from django.utils.translation import gettext_lazy as _

BLANK = re.compile(r"\{([^{}\n]{1,40})\}")
KNOWN = {
    "customer": _("the customer's name"),
    "number": _("the ticket's number"),
    "subject": _("the ticket's summary"),
    "agent": _("who writes"),
    "team": _("the team"),
    "company": _("our name, as the team's mailbox says it"),
    "due": _("when the customer hears from us next"),
}
FORMER = {"name": "customer"}  # as templates of before call it


def unknown(text: str, known: Collection[str] = KNOWN) -> list[str]:
    """The blanks that nothing would fill, in their order."""
    found = (name for name in BLANK.findall(text) if name not in known and name not in FORMER)
    return [f"{{{name}}}" for name in dict.fromkeys(found)]


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its blanks filled in; one without a value, or unknown, stays as it is."""

    def value(blank: re.Match) -> str:
        return values.get(FORMER.get(blank[1], blank[1])) or blank[0]

    return BLANK.sub(value, text)


def still_open(text: str) -> list[re.Match]:
    """Known blanks that stand in a text about to be sent."""
    return [blank for blank in BLANK.finditer(text) if blank[1] in KNOWN or blank[1] in FORMER]
