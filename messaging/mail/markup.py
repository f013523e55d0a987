"""HTML of a mail: made harmless for display, and turned into text where the mail has no other."""

import html
import re

import nh3

from messaging.mail.charset import storable

# Marks in the text where a mail program's quote container begins; NUL cannot occur in the text itself.
QUOTE_MARK = "\0"
MAX_HTML = 2_000_000
MAX_DEPTH = 1500

_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "center", "code", "col", "colgroup", "dd", "del", "div", "dl",
    "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "ol", "p", "pre", "q",
    "s", "small", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt",
    "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
    "col": {"span"},
    "ol": {"start"},
}
_DROPPED = {"script", "style", "head", "title", "noscript", "template", "iframe", "object", "textarea", "select", "svg"}
_LINKS = {"http", "https", "mailto", "tel"}
_QUOTE_NAMES = re.compile(
    r"gmail_quote|gmail_extra|yahoo_quoted|protonmail_quote|moz-cite-prefix|zmail_extra|ntes-mailmaster-quote|isReplyContent"
    r"|divRplyFwdMsg|appendonsend|mail-editor-reference-message-container|OLK_SRC_BODY_SECTION|foxmail_quote|qm_quote"
    r"|alimail-quote|mail_quote|netease_mail_quote|qqmail_quote|isForwardContent"
)
_FORWARDS = re.compile(r"isForwardContent|gmail_quote_forward")
_TOKEN = re.compile(r'<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:[^<>"]|"[^"]*")*)>|([^<]+)|<')
_OPENER = re.compile(
    r"<(/?)(div|span|table|blockquote|font|b|i|u|a|center|ul|ol|section|article|pre|em|strong)\b", re.I
)
_BREAKS = {"br", "div", "tr", "li", "table", "ul", "ol", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "center", "dt", "dd"}
_SPACE = re.compile(r"[ \t\r\n\xa0\u200b\ufeff]+")
_PARAGRAPHS = {"p", "blockquote", "pre"}


def sanitise(source: str) -> str:
    """HTML that is safe to show: no script, style, form or frame; images only from within the mail itself."""
    source = source[:MAX_HTML]
    if _too_deep(source):
        return ""
    return storable(_FOR_DISPLAY.clean(source)).strip()


def _allowed_value(tag: str, name: str, value: str) -> str | None:
    address = value.strip().lower()
    if tag == "img" and name == "src":
        # A remote image tells its sender when and where it was read.
        return value if re.match(r"cid:|data:image/(png|jpe?g|gif|webp)[;,]", address) else None
    if name == "href" and address.startswith(("cid:", "data:")):
        return None
    return value


_FOR_DISPLAY = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_DROPPED,
    attributes=_ATTRIBUTES,
    attribute_filter=_allowed_value,
    url_schemes=_LINKS | {"cid", "data"},
    link_rel="noopener noreferrer nofollow",
)
_FOR_TEXT = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_DROPPED,
    attributes={tag: {"class", "id", "type"} for tag in ("div", "blockquote", "span", "table", "hr")},
    link_rel=None,
)


def to_text(source: str) -> str:
    """The text of an HTML mail, quotes as "> " lines or behind QUOTE_MARK."""
    source = source[:MAX_HTML].replace("\0", "")
    if _too_deep(source):
        return storable(html.unescape(re.sub(r"<[^<>]*>", " ", source))).strip()
    return _Writer().text_of(_FOR_TEXT.clean(source))


class _Writer:
    def __init__(self):
        self.lines: list[str] = []
        self.line: list[str] = []
        self.depth = 0
        self.pre = 0

    def text_of(self, source: str) -> str:
        for closing, tag, attributes, text in _TOKEN.findall(source):
            if text:
                self.line.append(html.unescape(text) if self.pre else self._squeeze(html.unescape(text)))
                if self.pre and "\n" in text:
                    self._split()
            elif tag:
                self._tag(tag, bool(closing), attributes)
        self._end()
        return re.sub(r"\n{3,}", "\n\n", storable_marked("\n".join(self.lines))).strip()

    def _squeeze(self, text: str) -> str:
        text = _SPACE.sub(" ", text)
        return text.lstrip(" ") if not self.line else text

    def _split(self) -> None:
        for part in "".join(self.line).split("\n"):
            self.line = [part]
            self._end(always=True)

    def _tag(self, tag: str, closing: bool, attributes: str) -> None:
        if tag in _BREAKS:
            self._end(always=tag == "br" and not closing)
        elif tag in ("td", "th") and closing:
            self.line.append(" ")
        elif tag in _PARAGRAPHS:
            self._end()
            self._blank()
        if tag == "pre":
            self.pre = max(0, self.pre + (-1 if closing else 1))
        if tag == "blockquote":
            self.depth = max(0, self.depth + (-1 if closing else 1))
        elif not closing and attributes and _QUOTE_NAMES.search(attributes) and not _FORWARDS.search(attributes):
            self._end()
            self.lines.append(QUOTE_MARK)
        if tag == "li" and not closing:
            self.line.append("- ")

    def _end(self, always: bool = False) -> None:
        text = "".join(self.line).rstrip()
        if text or always:
            self.lines.append("> " * min(self.depth, 5) + text)
        self.line = []

    def _blank(self) -> None:
        if self.lines and self.lines[-1].strip("> "):
            self.lines.append(">" if self.depth else "")


def storable_marked(text: str) -> str:
    """Storable text that keeps its quote marks; they go when the quotes are split off."""
    return QUOTE_MARK.join(storable(part) for part in text.split(QUOTE_MARK))


def _too_deep(source: str) -> bool:
    """Nesting beyond what any writer makes, which costs the cleaner quadratic time."""
    if source.count("<") <= MAX_DEPTH:
        return False
    depth = 0
    for closing, _tag in _OPENER.findall(source):
        depth += -1 if closing else 1
        if depth > MAX_DEPTH:
            return True
    return False
