"""Recall over thousands of real texts: tickets, messages, customers and articles are found as a scan of all rows finds
them, whatever is typed: two Chinese characters and more, English in its forms, figures, and both languages mixed.

The texts are those of the screens in both languages and what customers and agents write, put together by chance.
"""

import random
import re
import unicodedata

import pytest
from django.conf import settings

from benchmarks import words as written
from core import finding, translation
from customers.models import Customer
from desk import search
from desk.search_filters import resolve
from knowledge.models import Article
from tests.factories import CustomerFactory, TicketFactory
from tickets.models import Kind, Post, Ticket

ALL = 100_000
HAN = re.compile(r"[\u4e00-\u9fff]+")
WORD = re.compile(r"[a-z0-9]+")
PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|%[sd]|\{[a-z_]*\}")
FORMS = ("", "s", "ed", "ing")


def texts() -> list[str]:
    catalogue = translation.read(settings.BASE_DIR / "locale/zh_Hans/LC_MESSAGES/django.po")
    found = [one for message in catalogue if isinstance(message.id, str) for one in (message.id, message.string)]
    voices = [line for voice in written.VOICES.values() for lines in voice.values() for line in lines]
    return [*(PLACEHOLDER.sub("75", one) for one in found if one), *voices]


@pytest.fixture
def corpus(team):
    """Rows of all four kinds; every message holds a text of each language and a number."""
    chance, kept = random.Random(20261122), texts()
    assert len(kept) > 3000
    customer = CustomerFactory(team=team, name="甲")
    ticket = TicketFactory(customer=customer, subject="首张", body="")
    Customer.objects.bulk_create(
        Customer(team=team, name=one[:60], company=chance.choice(kept)[:60], source="call", tier=customer.tier)
        for one in chance.sample(kept, 500)
    )
    Ticket.objects.bulk_create(
        Ticket(team=team, customer=customer, subject=one[:200], wish=chance.choice(kept)[:200], kind=Kind.SERVICE,
               channel="mail")
        for one in chance.sample(kept, 1500)
    )  # fmt: skip
    Post.objects.bulk_create(
        Post(ticket=ticket, kind="inbound", channel="mail",
             body=f"{one} {chance.choice(kept)}，{chance.choice(kept)}{chance.randrange(100_000)}")
        for one in kept
    )  # fmt: skip
    Article.objects.bulk_create(
        Article(title=one[:100], language="zh-hans", body="\n".join(chance.sample(kept, 3)), is_published=True)
        for one in chance.sample(kept, 300)
    )
    return chance, kept


def questions(chance: random.Random, kept: list[str]) -> list[str]:
    """What people would type to find these texts, and a few things that stand nowhere."""
    han = [run for text in kept for run in HAN.findall(text) if len(run) > 1]
    latin = [word for text in kept for word in WORD.findall(text.lower()) if word.isalpha() and len(word) > 2]

    def piece(length: int) -> str:
        run = chance.choice([run for run in chance.sample(han, 50) if len(run) >= length])
        start = chance.randrange(len(run) - length + 1)
        return run[start : start + length]

    two = [piece(2) for _n in range(30)]
    longer = [piece(length) for length in (1, 3, 4, 5) for _n in range(4)]
    stems = [chance.choice(latin) + form for form in FORMS for _n in range(5)]
    beginnings = [chance.choice(latin)[:4] for _n in range(5)]
    figures = [str(chance.randrange(100_000)) for _n in range(10)] + ["75", "24", "12345", "2026"]
    mixed = [f"{piece(2)} {chance.choice(latin)}" for _n in range(10)] + [f"{piece(2)} 75" for _n in range(5)]
    glued = [f"{piece(2)}{chance.choice(latin)}" for _n in range(5)]
    return [*two, *longer, *stems, *beginnings, *figures, *mixed, *glued, "飞碟", "龙虾汤", "zephyrine"]


class Scanned:
    """One row's text, read as a person would read it."""

    def __init__(self, *parts: str):
        self.text = unicodedata.normalize("NFKC", "\n".join(parts)).casefold()
        self.words = set(WORD.findall(self.text))
        self.stems = {finding.stem(word) for word in self.words if word.isalpha() and len(word) > 2}
        self.spelt = " ".join(["", *self.words, *self.stems])

    def holds(self, question: str) -> bool:
        chinese, latin = HAN.findall(question), WORD.findall(question.casefold())
        return all(run in self.text for run in chinese) and all(map(self._has, latin))

    def _has(self, word: str) -> bool:
        if word.isdecimal() or len(word) < 3:
            return word in self.words
        return f" {word}" in self.spelt or finding.stem(word) in self.stems | self.words


def scanned(rows, *columns: str) -> dict[int, Scanned]:
    return {pk: Scanned(*parts) for pk, *parts in rows.values_list("pk", *columns).order_by("-pk")}


def test_every_kind_is_found_as_a_scan_of_all_rows_finds_it(corpus, agent):
    kinds = {
        search.ticket_ids: scanned(Ticket.objects.all(), "subject", "wish"),
        search.post_ids: scanned(Post.objects.all(), "body"),
        search.customer_ids: scanned(Customer.objects.all(), "name", "company", "occupation", "industry"),
        search.article_ids: scanned(Article.objects.all(), "title", "keywords", "body"),
    }
    hits = 0
    for question in questions(*corpus):
        asked = resolve(question, agent)
        for ask, rows in kinds.items():
            expected = [pk for pk, row in rows.items() if row.holds(question)]
            assert ask(asked, ALL) == expected, (ask.__name__, question)
            hits += len(expected)
    assert hits > 10_000  # the questions do find what they were made of
