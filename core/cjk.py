"""Words that Chinese and English texts alike are found by, as lexemes of a PostgreSQL tsvector.

Chinese, Japanese and Korean runs become pairs of neighbouring characters, and their last character by itself
(退款流程 → 退款 款流 流程 程), so that one character is found as the beginning of a pair wherever it stands; other
words are lower case; figures stay whole. Pairs that occur apart match too: whoever looks for three characters and more
checks the `phrases` against the text. `core.search` stores the tokens, `core.finding` asks for them.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
KANA_HANGUL = "\u3041-\u3096\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uac00-\ud7a3"
CJK = HAN + KANA_HANGUL
FIGURES = rf"(?P<figures>[0-9]+(?![^\W_{CJK}]))"
RUNS = re.compile(rf"(?P<cjk>[{CJK}]+)|{FIGURES}|(?P<word>[^\W_{CJK}]+)")
# A word longer than this is no word (a key, an address of a page) and tells no more by its tail.
MAX_WORD = 64


class Run(NamedTuple):
    """A stretch of a text that is one word: `kind` is cjk, figures or word."""

    kind: str
    text: str


def normalise(text: str) -> str:
    """Return the text in the one form that tokens are made from: NFKC, case folded, without NUL."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text or "").casefold()).replace("\0", " ")


def runs(text: str) -> Iterator[Run]:
    """The words of a text in order, as they are spelt in tokens."""
    for run in RUNS.finditer(normalise(text)):
        kind, word = str(run.lastgroup), run.group()
        yield Run(kind, word if kind == "cjk" else word[:MAX_WORD])


def tokens(text: str) -> list[str]:
    """Return the tokens of a text, each once, in the order of their first appearance."""
    found: dict[str, None] = {}
    for kind, word in runs(text):
        if kind == "cjk":
            found |= dict.fromkeys(pairs(word))
            found[word[-1]] = None
        else:
            found[word] = None
    return list(found)


def pairs(run: str) -> list[str]:
    """The neighbouring characters of a run; a single one stands for itself."""
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def phrases(text: str) -> list[str]:
    """Return the runs of three characters and more, which a row must hold as they stand besides having their pairs."""
    return list(dict.fromkeys(word for kind, word in runs(text) if kind == "cjk" and len(word) > 2))


def contains(text: str, phrase: str) -> bool:
    """True when the text holds the phrase, both in their normalised form."""
    return normalise(phrase) in normalise(text)
