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
from django.db.models.expressions import RawSQL

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
    below, values = ("AND t.row_id < %s", [before]) if before is not None else ("", [])
    table, query = words._meta.db_table, " & ".join(terms)
    text, texts = _text_checks(words, sought)
    try:
        if few and among is not None:
            inner, found = among.order_by().values("pk").query.sql_with_params()
            statement = (
                f'SELECT w.row_id FROM (SELECT t.row_id, t.tokens FROM "{table}" t WHERE t.row_id IN ({inner}) {below} '  # noqa: S608
                f"OFFSET 0) w WHERE w.tokens @@ replace(%s, '@:', search_block(w.row_id))::tsquery {text} "
                "ORDER BY w.row_id DESC LIMIT %s"
            )
            params = [*found, *values, query, *texts, limit]
        else:
            member, members = _membership(among)
            statement = (
                f'SELECT w.row_id FROM generate_series((SELECT least(max(row_id), %s) >> {BITS} FROM "{table}"), '  # noqa: S608
                f'0, -1) AS block CROSS JOIN LATERAL (SELECT row_id FROM (SELECT t.row_id FROM "{table}" t '
                f"WHERE t.tokens @@ replace(%s, '@', to_hex(block))::tsquery {below} OFFSET 0) one "
                f"ORDER BY row_id DESC) w WHERE true {member} {text} LIMIT %s"
            )
            params = [before, query, *values, *members, *texts, limit]
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return [pk for (pk,) in cursor.fetchall()]


def _membership(among: QuerySet | None) -> tuple[str, list]:
    """A look at each row by its key, as they come: joined as sets, all that could be members would be read first."""
    if among is None:
        return "", []
    one = among.order_by().filter(pk=RawSQL("w.row_id", [])).values("pk")  # noqa: S611 no words of anybody
    inner, values = one.query.sql_with_params()
    return f"AND (SELECT count(*) FROM ({inner}) member) > 0", list(values)  # noqa: S608 Django's own statement


def _text_checks(words: type[Words], sought: Sought) -> tuple[str, list[str]]:
    """What the text itself must and must not hold, looked at as the rows come."""
    held = [*((one, ">") for one in sought.held()), *((one, "=") for one in sought.not_held())]
    if not held:
        return "", []
    text = f"regexp_replace(lower(normalize({words.TEXT}, NFKC)), '{SPACES}', ' ', 'g')"
    checks = " AND ".join(f"strpos(text, lower(normalize(%s, NFKC))) {sign} 0" for _one, sign in held)
    rows = words.source()._meta.db_table
    return (
        f'AND (SELECT {checks} FROM (SELECT {text} AS text FROM "{rows}" r WHERE r.id = w.row_id OFFSET 0) one)',  # noqa: S608
        [" ".join(one.split()) for one, _sign in held],
    )


def _facet_term(group: Sequence[str]) -> str:
    return "(" + " | ".join(f"'@:={facet}'" for facet in group) + ")"
