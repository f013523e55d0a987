"""Search tokens that find Chinese and English alike in a PostgreSQL tsvector of the configuration 'simple'.

Chinese, Japanese and Korean runs become pairs of neighbouring characters (退款流程 → 退款 款流 流程), a run of one
character stays as it is; other words are lower case; figures stay whole. Tokens are letters and figures only, so that
PostgreSQL's parser takes each as one word.

Store `to_tsvector('simple', tokens(text))`; ask with `to_tsquery('simple', query(words))`, and when `phrases(words)` is
not empty keep only rows for which `contains` holds (in SQL: LIKE on the stored text): pairs that occur apart match too.
"""

import re
import unicodedata

HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
KANA_HANGUL = "\u3041-\u3096\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uac00-\ud7a3"
CJK = HAN + KANA_HANGUL
# 12e5 counts as one figure, even at the head of a longer word: so does PostgreSQL's parser.
FIGURES = r"(?P<figures>[0-9]+(?:e[0-9]+|(?![^\W_])))"
RUNS = re.compile(rf"(?P<cjk>[{CJK}]+)|{FIGURES}|(?P<word>[^\W_{CJK}]+)")
# A word longer than this is no word (a key, an address of a page) and tells no more by its tail.
MAX_WORD = 64
MAX_TERMS = 48
MIN_PREFIX = 3


def normalise(text: str) -> str:
    """Return the text in the one form that tokens are made from: NFKC, case folded, without NUL."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text or "").casefold()).replace("\0", " ")


def tokens(text: str) -> str:
    """Return the tokens of a text in order, separated by blanks, ready for to_tsvector('simple', …)."""
    found: list[str] = []
    for run in RUNS.finditer(normalise(text)):
        found += _pairs(run.group()) if run.lastgroup == "cjk" else [run.group()[:MAX_WORD]]
    return " ".join(found)


def query(text: str) -> str:
    """Return a query for to_tsquery('simple', …) that asks for every token, or "" when the text holds none.

    Words of three letters and more match as beginnings (refund finds refunds), and so does a single Chinese character;
    figures match whole. Every term is quoted: whatever is typed, no operator gets through.
    """
    terms: dict[str, None] = {}
    for run in RUNS.finditer(normalise(text)):
        kind, word = run.lastgroup, run.group()
        if kind == "cjk":
            terms |= dict.fromkeys(f"'{pair}'" if len(pair) > 1 else f"'{pair}':*" for pair in _pairs(word))
        else:
            prefix = kind == "word" and len(word) >= MIN_PREFIX
            terms[f"'{word[:MAX_WORD]}'" + (":*" if prefix else "")] = None
    return " & ".join(list(terms)[:MAX_TERMS])


def phrases(text: str) -> list[str]:
    """Return the runs of three characters and more, which a row must hold as they stand besides matching the query."""
    runs = (run.group() for run in RUNS.finditer(normalise(text)) if run.lastgroup == "cjk")
    return list(dict.fromkeys(run for run in runs if len(run) > 2))


def contains(text: str, phrase: str) -> bool:
    """True when the text holds the phrase, both in their normalised form."""
    return normalise(phrase) in normalise(text)


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]
