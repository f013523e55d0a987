"""The wording check (P0, C7): says what a reply should not say to a customer, where, and how else to say it.

It never changes a word by itself, and a phrasing with a time is offered only where that time has been set.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.cjk import CJK
from knowledge import blanks

MOST = 20  # findings shown at once
CLAUSE_END = r"[。！？；，、：,.!?;:…～~\n）)”\"]"
_CLAUSES = re.compile(r"[^。！？；，、,.!?;…～~\n]+")
_OPENING = " \t\u3000“\"'（(「『"
_QUOTED = re.compile(r"^>.*$", re.M)


class Flaw(models.TextChoices):
    COLLOQUIAL = "colloquial", _("colloquial")
    FILLER = "filler", _("filler word")
    MISSING = "missing", _("“please” is missing")
    SHIRKING = "shirking", _("passes the matter on")
    REFUSAL = "refusal", _("refuses outright")
    VAGUE = "vague", _("vague")
    BLANK = "blank", _("open blank")


class Place(models.TextChoices):
    ANYWHERE = "any", _("anywhere")
    START = "start", _("at the beginning of a clause")
    END = "end", _("at the end of a clause")
    ALONE = "alone", _("as a clause of its own")


class Span(models.TextChoices):
    WORD = "word", _("the phrase")
    CLAUSE = "clause", _("the clause around it")


@dataclass(frozen=True)
class Rule:
    """Phrases that share a flaw; `offers` may hold {due}, which only a set time fills."""

    language: str
    flaw: str
    phrases: tuple[str, ...]
    unless: tuple[str, ...] = ()
    place: str = Place.ANYWHERE
    replaces: str = Span.WORD
    offers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Offer:
    """A phrasing, and the stretch of the text whose place it takes when it is chosen."""

    text: str
    start: int
    end: int
    held: str  # what stands there now


@dataclass(frozen=True)
class Finding:
    """One flaw. Positions count characters; `needs_time` says that a phrasing waits for the next update's time."""

    start: int
    end: int
    word: str
    flaw: str
    offers: tuple[Offer, ...] = ()
    needs_time: bool = False


def check(text: str, rules: Iterable[Rule], *, due: Mapping[str, str] | None = None) -> list[Finding]:
    """What is wrong with a text, in its order; of what overlaps the first and longest.

    `due` is {language: the promised time in words}; empty while none is set. Quoted lines (>) are the customer's.
    """
    quoted = [found.span() for found in _QUOTED.finditer(text)]
    found = [
        _finding(text, rule, start, end, due or {})
        for rule in rules
        for start, end in _places(text, rule)
        if not any(a <= start < b for a, b in quoted)
    ]
    found += [_blank(blank, due or {}) for blank in blanks.still_open(text)]
    kept: list[Finding] = []
    for finding in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or finding.start >= kept[-1].end:
            kept.append(finding)
    return kept[:MOST]


def _places(text: str, rule: Rule) -> Iterable[tuple[int, int]]:
    wanted, harmless = _patterns(rule)
    spared = [found.span() for found in harmless.finditer(text)] if harmless else []
    for found in wanted.finditer(text):
        start, end = found.span("phrase")
        if not any(a <= start and end <= b for a, b in spared):
            yield start, end


@lru_cache(maxsize=512)
def _patterns(rule: Rule) -> tuple[re.Pattern, re.Pattern | None]:
    phrase = f"(?P<phrase>{_any_of(rule.phrases)})"
    before = rf"(?:^|(?<={CLAUSE_END}))[{_OPENING}]*"
    after = rf"(?=\s*(?:{CLAUSE_END}|$))"
    if rule.place in (Place.START, Place.ALONE):
        phrase = rf"{before}{phrase}"
    if rule.place in (Place.END, Place.ALONE):
        phrase += after
    flags = re.IGNORECASE | re.MULTILINE
    harmless = re.compile(_any_of(rule.unless), flags) if rule.unless else None
    return re.compile(phrase, flags), harmless


def _any_of(phrases: Iterable[str]) -> str:
    """The longest first; words of letters only as whole words."""
    return "|".join(_bounded(phrase) for phrase in sorted(phrases, key=len, reverse=True))


def _bounded(phrase: str) -> str:
    escaped = r"\s+".join(re.escape(part).replace("'", "['’]") for part in phrase.split())
    head = "" if re.match(rf"[{CJK}\W]", phrase) else r"(?<!\w)"
    tail = "" if re.search(rf"[{CJK}\W]$", phrase) else r"(?!\w)"
    return f"{head}{escaped}{tail}"


def _finding(text: str, rule: Rule, start: int, end: int, due: Mapping[str, str]) -> Finding:
    word = text[start:end]
    time = due.get(rule.language, "")
    first, last = _clause(text, start, end) if rule.replaces == Span.CLAUSE else (start, end)
    phrasings = rule.offers
    if rule.flaw == Flaw.FILLER and not phrasings:
        phrasings = ("",)  # leave it out
    elif rule.flaw == Flaw.MISSING:
        phrasings = tuple(f"{offer}{_joined(offer, word)}" for offer in phrasings)
    ready = [offer for offer in phrasings if time or "{due}" not in offer]
    offers = tuple(
        Offer(blanks.fill(offer, {"due": time}), first, last, text[first:last]) for offer in ready
    )
    return Finding(start, end, word, rule.flaw, offers, needs_time=len(ready) < len(phrasings))


def _joined(offer: str, word: str) -> str:
    """The word after “please”, with a blank and without its capital where letters meet."""
    return f" {word[:1].lower()}{word[1:]}" if offer[-1:].isascii() and word[:1].isascii() else word


def _clause(text: str, start: int, end: int) -> tuple[int, int]:
    for clause in _CLAUSES.finditer(text):
        if clause.start() <= start < clause.end():
            held = clause.group()
            lead = len(held) - len(held.lstrip(_OPENING))
            return clause.start() + lead, max(end, clause.start() + len(held.rstrip()))
    return start, end


def _blank(blank: re.Match, due: Mapping[str, str]) -> Finding:
    start, end = blank.span()
    is_due = blank[1] == "due"
    offers = tuple(Offer(time, start, end, blank[0]) for time in dict.fromkeys(due.values()) if is_due and time)
    return Finding(start, end, blank[0], Flaw.BLANK, offers, needs_time=is_due and not offers)
