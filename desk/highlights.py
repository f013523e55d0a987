"""Where what was sought stands in a text: marked, escaped, and cut to the words around it."""

import re

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from core import cjk
from core.finding import MIN_PREFIX, Sought, stem

EXCERPT = 160
BEFORE = 40
LETTER = rf"[^\W_{cjk.CJK}]"


class Highlighter:
    """Marks the words of one query; made once, used for every row."""

    def __init__(self, sought: Sought):
        found: dict[str, None] = {}
        for text in (*sought.phrases, sought.words):
            for kind, word in cjk.runs(text):
                found |= dict.fromkeys(_patterns(kind, word))
        self.pattern = re.compile("|".join(found)) if found else None

    def marked(self, text: str) -> SafeString:
        """The whole text, escaped, with <mark> around every hit."""
        pieces, last = [], 0
        for start, end in self._hits(text):
            pieces += [conditional_escape(text[last:start]), format_html("<mark>{}</mark>", text[start:end])]
            last = end
        return mark_safe("".join([*pieces, conditional_escape(text[last:])]))  # noqa: S308 every piece is escaped

    def excerpt(self, text: str, width: int = EXCERPT) -> SafeString:
        """The text around its first hit, or its beginning where there is none."""
        text = " ".join(text.split())
        hits = self._hits(text)
        start = max(hits[0][0] - BEFORE, 0) if hits else 0
        cut = text[start : start + width]
        return format_html(
            "{}{}{}", "…" if start else "", self.marked(cut), "…" if start + width < len(text) else ""
        )

    def hits(self, text: str) -> bool:
        return bool(self._hits(text))

    def _hits(self, text: str) -> list[tuple[int, int]]:
        if self.pattern is None:
            return []
        folded, places = _folded(text)
        return [(places[hit.start()], places[hit.end() - 1] + 1) for hit in self.pattern.finditer(folded)]


def _folded(text: str) -> tuple[str, list[int] | range]:
    """The text as tokens are made of it, and which character of the text each of its own came from."""
    folded = cjk.normalise(text)
    if len(folded) == len(text):
        return folded, range(len(text))
    letters = [(letter, at) for at, char in enumerate(text) for letter in cjk.normalise(char)]
    return "".join(letter for letter, _at in letters), [at for _letter, at in letters]


def _patterns(kind: str, word: str) -> list[str]:
    if kind == "cjk":
        return [re.escape(word)]
    if kind == "figures" or len(word) < MIN_PREFIX:
        return [rf"(?<!{LETTER}){re.escape(word)}(?!{LETTER})"]
    forms = sorted({word, stem(word)}, key=len, reverse=True)
    return [rf"(?<!{LETTER})(?:{'|'.join(map(re.escape, forms))}){LETTER}*"]
