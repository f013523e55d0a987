"""What customers of a household-appliance desk bring: situations in Chinese and English, with their blanks."""

from dataclasses import dataclass, fields, replace
from random import Random

from tickets import classification
from tickets.models import Cause, Kind


@dataclass(frozen=True)
class Case:
    """One situation: the customer's words, what we answer first, what solves it, what they say at the callback."""

    kind: str
    category: str
    subject: str
    words: str
    wish: str
    first: str
    done: str
    after: str
    cause: str = Cause.INFORMATION
    chase: str = ""  # what they write when they ask again
    ask: str = ""  # what we ask them to decide, and what they decide
    decision: str = ""
    file: str = ""  # the name of a file that comes with the mail


@dataclass(frozen=True)
class Special(Case):
    """A special complaint, with what its sheet holds in the end."""

    ground: str = ""
    severity: int = 2
    about: str = ""
    manner: str = ""
    nature: str = ""
    finding: str = ""
    known: str = ""
    known_when: str = ""
    why: str = ""


def filled(case: Case, blanks: dict[str, str]) -> Case:
    """The case with its blanks filled in; every text of it takes the same ones."""
    texts = {field.name: getattr(case, field.name) for field in fields(case)}
    return replace(case, **{name: text.format(**blanks) for name, text in texts.items() if isinstance(text, str)})


def blanks(rng: Random, *, products: tuple[str, ...], times: tuple[str, ...], places: tuple[str, ...]) -> dict[str, str]:
    """One set of fillings: a product, an order number, an amount, points, a time and a place."""
    return {
        "product": rng.choice(products),
        "order": f"SO-26{rng.randint(1, 11):02d}{rng.randint(1, 28):02d}-{rng.randint(100, 9999):04d}",
        "amount": f"{rng.choice((89, 129, 189, 268, 399, 468, 599, 899, 1299, 2199, 3499))}",
        "points": f"{rng.choice((600, 1200, 1800, 2400, 3000, 5200))}",
        "time": rng.choice(times),
        "place": rng.choice(places),
    }


class Stock:
    """The situations of one language, dealt like cards so that none returns before the others have come."""

    def __init__(self, rng: Random, cases: tuple[Case, ...], **choices: tuple[str, ...]):
        self.rng, self.cases, self.choices = rng, cases, choices
        self.decks: dict[tuple, list[Case]] = {}

    def deal(self, kind: str, *, name: str, special: bool = False, needs: str = "", by_mail: bool = False) -> Case:
        """The next situation of a class for the customer of this name.

        `special` asks for a special complaint, `needs` for one with this text, `by_mail` for one whose class the
        desk guesses right from its words.
        """
        fitting = [
            case for case in self.cases
            if case.kind == kind and isinstance(case, Special) == special and (not needs or getattr(case, needs))
            and (not by_mail or classification.suggest(f"{case.subject}\n{case.words}").kind == kind)
        ]
        deck = self.decks.setdefault((kind, special, needs, by_mail), [])
        if not deck:
            deck += fitting
            self.rng.shuffle(deck)
        return self.fill(deck.pop(), name=name)

    def fill(self, case: Case, *, name: str) -> Case:
        """This very situation, told by the customer of this name."""
        return filled(case, blanks(self.rng, **self.choices) | {"name": name})


CONSULT, SERVICE, COMPLAINT = Kind.CONSULT, Kind.SERVICE, Kind.COMPLAINT
