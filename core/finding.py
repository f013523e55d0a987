"""Asking the tables of words (`core.search`): newest rows first, read block by block and no further than is shown.

A word of three letters and more is found by its beginning and by its English stem (refunded finds refunds), shorter
ones and figures whole, a Chinese one by its characters in their order. Everything that is asked for must be there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from core import cjk
from core.search import BITS, Words

MAX_TERMS = 48
MIN_PREFIX = 3
SPACES = r"\s+"


@dataclass(frozen=True)
class Sought:
    """What rows must hold: plain words, phrases as they stand, and what they must not hold."""

    words: str = ""
    phrases: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True when nothing is asked that a row could be found by; what it must not hold narrows only."""
        return not any(cjk.tokens(text) for text in (self.words, *self.phrases))

    def terms(self) -> list[str]:
        """The conditions of a tsquery, joined by &; `@` stands for the block of ids."""
        found: dict[str, None] = {}
        for text in (self.words, *self.phrases):
            for kind, word in cjk.runs(text):
                found |= dict.fromkeys(_terms(kind, word))
        terms = list(found)[:MAX_TERMS]
        for text in self.without:
            if not _needs_a_look(text) and (unwanted := [one for run in cjk.runs(text) for one in _terms(*run)]):
                terms.append(f"!({' & '.join(unwanted)})")
        return terms

    def held(self) -> list[str]:
        """What the text itself must hold, as the tokens alone do not tell."""
        quoted = [text for text in self.phrases if len(list(cjk.runs(text))) > 1]
        return list(dict.fromkeys([*cjk.phrases("\n".join((self.words, *self.phrases))), *quoted]))

    def not_held(self) -> list[str]:
        return [text for text in self.without if _needs_a_look(text)]


def _needs_a_look(text: str) -> bool:
    found = list(cjk.runs(text))
    return len(found) > 1 or any(kind == "cjk" and len(word) > 2 for kind, word in found)


def _terms(kind: str, word: str) -> list[str]:
    if kind == "cjk":
        return [f"'@:{word}':*"] if len(word) == 1 else [f"'@:{pair}'" for pair in cjk.pairs(word)]
    if kind == "figures" or len(word) < MIN_PREFIX:
        return [f"'@:{word}'"]
    root = stem(word)
    return [f"('@:{word}':* | '@:{root}')" if root != word else f"'@:{word}':*"]


@lru_cache(maxsize=10_000)
def stem(word: str) -> str:
    """The English stem of a word, or the word where it has none."""
    if not (word.isascii() and word.isalpha()):
        return word
    with connection.cursor() as cursor:
        cursor.execute("SELECT (ts_lexize('pg_catalog.english_stem', %s))[1]", [word])
        return cursor.fetchone()[0] or word


def newest(
    words: type[Words], sought: Sought, *, limit: int, facets: Sequence[Sequence[str]] = (), before: int | None = None,
    among: QuerySet | None = None, few: bool = False,
) -> list[int]:
    """Ids of the newest rows that hold what is sought, highest first, at most `limit`, all below `before`.

    Of each group of `facets` a row has one; `among` are rows of the searched model that it must be one of. `few` says
    that these are few: they are looked through instead of the index.
    """
    if any(not group for group in facets):
        return []
    terms = [*sought.terms(), *(_facet_term(group) for group in facets)]
    if sought.is_empty and not facets:  # what is unwanted stands in other blocks, too
        raise ValueError("Nothing is sought")
    where, params = _conditions(words, sought, before, among)
    if where is None:
        return []
    table, query = words._meta.db_table, " & ".join(terms)
    joined = f'JOIN "{words.source()._meta.db_table}" r ON r.id = w.row_id' if "r." in where else ""
    if few:
        statement = (
            f'SELECT row_id FROM (SELECT w.row_id, w.tokens FROM "{table}" w {joined} WHERE true {where} OFFSET 0) w '  # noqa: S608
            "WHERE tokens @@ replace(%s, '@:', search_block(row_id))::tsquery ORDER BY row_id DESC LIMIT %s"
        )
        values = [*params, query, limit]
    else:
        statement = (
            f'SELECT hit.row_id FROM generate_series((SELECT least(max(row_id), %s) >> {BITS} FROM "{table}"), 0, -1) '  # noqa: S608
            f'AS block CROSS JOIN LATERAL (SELECT row_id FROM (SELECT w.row_id FROM "{table}" w {joined} '
            f"WHERE w.tokens @@ replace(%s, '@', to_hex(block))::tsquery {where} OFFSET 0) one "
            "ORDER BY row_id DESC) hit LIMIT %s"
        )
        values = [before, query, *params, limit]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [pk for (pk,) in cursor.fetchall()]


def _facet_term(group: Sequence[str]) -> str:
    return "(" + " | ".join(f"'@:={facet}'" for facet in group) + ")"


def _conditions(words: type[Words], sought: Sought, before, among) -> tuple[str | None, list]:
    parts: list[str] = []
    params: list = []
    if before is not None:
        parts.append("AND w.row_id < %s")
        params.append(before)
    if among is not None:
        try:
            inner, values = among.order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:
            return None, []
        parts.append(f"AND w.row_id IN ({inner})")
        params += values
    text = f"regexp_replace(lower(normalize({words.TEXT}, NFKC)), '{SPACES}', ' ', 'g')"
    for held, sign in [*((one, ">") for one in sought.held()), *((one, "=") for one in sought.not_held())]:
        parts.append(f"AND strpos({text}, lower(normalize(%s, NFKC))) {sign} 0")
        params.append(" ".join(held.split()))
    return " ".join(parts), params
