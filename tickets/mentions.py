"""@mentions in internal notes: kept as `@{12:李娜}`, shown under the name that the person has today."""

import re
from collections import Counter
from collections.abc import Iterable

from django.db.models import QuerySet

from staff.models import User
from staff.sight import who_see
from tickets.models import Ticket

STORED = re.compile(r"@\{(\d{1,18}):([^{}\n]{0,160})\}")
Piece = tuple[str, bool]  # (words, whether they are somebody's name)


def colleagues(ticket: Ticket) -> QuerySet[User]:
    """Who may be mentioned: everybody who sees the ticket."""
    return who_see(ticket.team_id).order_by("display_name", "pk")


def labels(people: Iterable[User]) -> dict[str, User]:
    """{what is typed after the @: whom it means}; two of one name are told apart by their user names."""
    people = list(people)
    count = Counter(str(user) for user in people)
    return {str(user) if count[str(user)] == 1 else f"{user} ({user.username})": user for user in people}


def stored(body: str, people: Iterable[User]) -> tuple[str, list[User]]:
    """The text with each @name as it is kept, and who was mentioned, each once."""
    known = labels(people)
    if "@" not in body or not known:
        return body, []
    names = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    mentioned: dict[int, User] = {}

    def keep(found: re.Match) -> str:
        user = known[found[1]]
        mentioned[user.pk] = user
        return f"@{{{user.pk}:{user}}}"

    # An address (li@name.example) is no mention, and neither is the beginning of a longer Latin name.
    kept = re.sub(rf"(?<![A-Za-z0-9._%+-])@({names})(?![A-Za-z0-9_])", keep, body)
    return kept, list(mentioned.values())


def names_in(bodies: Iterable[str]) -> dict[int, str]:
    """Today's names of everybody mentioned in these texts; asks only where somebody is."""
    ids = {int(pk) for body in bodies if "@{" in body for pk, _name in STORED.findall(body)}
    return {user.pk: str(user) for user in User.objects.filter(pk__in=ids)} if ids else {}


def pieces(body: str, names: dict[int, str]) -> list[Piece]:
    """The text cut into plain words and names, in order."""
    found, last = [], 0
    for mention in STORED.finditer(body):
        found += [(body[last : mention.start()], False), (f"@{names.get(int(mention[1]), mention[2])}", True)]
        last = mention.end()
    return [piece for piece in [*found, (body[last:], False)] if piece[0]]


def plain(body: str, names: dict[int, str] | None = None) -> str:
    """The text with names as people write them, for files and the API."""
    return "".join(words for words, _is_name in pieces(body, names if names is not None else names_in([body])))
