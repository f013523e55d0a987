"""The words by which topics are told apart: those of the search, without anything that names a person."""

import re
from collections.abc import Iterable

from django.db import connection

from core import cjk, masking, redaction

LONGEST = 4_000  # characters of a text; what comes later says little about its topic
STEMS = "SELECT word, (ts_lexize('pg_catalog.english_stem', word))[1] FROM unnest(%s::text[]) AS word"


def words_of(texts: Iterable[str]) -> list[list[str]]:
    """Of each text its words once: pairs of Chinese characters and English stems, in one query for all stems.

    Numbers, addresses and documents are masked first and, like all figures and single letters, left out; so are
    the English words that say nothing.
    """
    found = [_tokens(text) for text in texts]
    stems = _stems({token for tokens in found for token in tokens if token.isascii()})
    return [list(dict.fromkeys(stem for token in tokens if (stem := stems.get(token, token)))) for tokens in found]


def without_names(text: str, names: re.Pattern | None) -> str:
    return names.sub(" ", text) if names else text


def pattern_of(names: Iterable[str]) -> re.Pattern | None:
    """Finds names, whole and word by word; those of one letter would find too much."""
    parts = {part for name in names for part in (name.strip(), *name.split()) if len(part) > 1}
    longest_first = sorted(parts, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE) if parts else None


def _tokens(text: str) -> list[str]:
    plain = redaction.PLACEHOLDER.sub(" ", masking.free_text(text[:LONGEST]))
    found: dict[str, None] = {}
    for kind, word in cjk.runs(re.sub(r"\S*\*{3}\S*", " ", plain)):
        if kind == "cjk":
            found |= dict.fromkeys(pair for pair in cjk.pairs(word) if len(pair) > 1)
        elif kind == "word" and len(word) > 2 and word.isalpha():
            found[word] = None
    return list(found)


def _stems(words: set[str]) -> dict[str, str | None]:
    """{word: stem}; None for words such as “the”."""
    if not words:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(STEMS, [sorted(words)])
        return dict(cursor.fetchall())
