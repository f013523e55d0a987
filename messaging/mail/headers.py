"""Headers read from the raw bytes: encoded words, addresses, parameters and ids, each leniently and in linear time.

The standard library's structured header parser (policy.default) raises on headers that occur in the wild and is slow;
its getaddresses() and get_param() recurse or go quadratic on hostile input. Hence these small readers of our own.
"""

import binascii
import re
import unicodedata
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_to_bytes

from messaging.mail.charset import decode, storable

MAX_ADDRESSES = 1000
MAX_IDS = 100
MAX_ID_LENGTH = 500

_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_ADDRESS = re.compile(r"[^\x00-\x20\x7f\s@<>\"(),:;\\]{1,128}@[^\x00-\x20\x7f\s@<>\"(),:;\\]{1,190}")
_ADDRESS_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|<[^<>]*>?|\([^()]*\)?|[,;:]|[^",;:<>()]+|.', re.S)
_PARAM = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)', re.S)
_SECTION = re.compile(r"([^*]+)\*(?:(\d{1,3})(\*?))?")
_ID = re.compile(r"<([^<>\s]{3,})>")
_ID_CHARS = re.compile(r"[!-;=?-~]+")


class Headers:
    """The header block of one part, by lower-case name, in the order sent; values raw until asked for as text."""

    def __init__(self, message: Message):
        self._values: dict[str, list[str]] = {}
        for name, value in message.raw_items():
            self._values.setdefault(name.lower(), []).append(str(value))
        self.hint = ""

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __len__(self) -> int:
        return len(self._values)

    def raw(self, name: str) -> str:
        """The first header of that name with 8-bit bytes decoded, encoded words untouched; "" when absent."""
        return self.all_raw(name)[0] if name in self._values else ""

    def all_raw(self, name: str) -> list[str]:
        return [eight_bit(value, self.hint) for value in self._values.get(name, ())]

    def text(self, name: str) -> str:
        """The first header of that name as the reader should see it, on one line."""
        return decode_words(self.raw(name))


def eight_bit(value: str, hint: str = "") -> str:
    """Raw 8-bit header bytes, which the parser carries as surrogates, as text; `hint` is the body's charset."""
    if value.isascii():
        return value.replace("\0", "")
    return decode(value.encode("utf-8", "surrogateescape"), hint)


def decode_words(value: str) -> str:
    """RFC 2047 words decoded, even when a character was split between two of them; whitespace folded."""
    if "=?" not in value:
        return fold(value)
    out: list[str] = []
    run: list[tuple[str, str, str]] = []
    end = 0
    for match in _WORD.finditer(value):
        gap = value[end : match.start()]
        charset, encoding = match[1].split("*")[0].lower(), match[2].lower()
        if run and (gap.strip() or run[0][:2] != (charset, encoding)):
            out.append(_join_words(run))
            run = []
        if gap.strip() or not end:
            out.append(gap)
        run.append((charset, encoding, match[3]))
        end = match.end()
    if run:
        out.append(_join_words(run))
    out.append(value[end:])
    return fold("".join(out))


def _join_words(run: list[tuple[str, str, str]]) -> str:
    charset, encoding, _text = run[0]
    texts = [text.encode("ascii", "ignore") for _c, _e, text in run]
    if encoding == "q":
        data = b"".join(binascii.a2b_qp(text, header=True) for text in texts)
    elif any(len(text) % 4 and not text.endswith(b"=") for text in texts[:-1]):
        data = base64_bytes(b"".join(texts))
    else:
        data = b"".join(base64_bytes(text) for text in texts)
    return decode(data, charset)


def base64_bytes(data: bytes) -> bytes:
    """Base64 as far as it goes: foreign characters skipped, missing padding supplied, a lone last character dropped."""
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        letters = re.sub(rb"[^A-Za-z0-9+/]", b"", data.split(b"=")[0])
        if len(letters) % 4 == 1:
            letters = letters[:-1]
        return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def fold(text: str) -> str:
    """One line: every run of whitespace and control characters is one space."""
    text = storable(text)
    if not text.isprintable():
        text = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in text)
    return " ".join(text.split())


def addresses(value: str) -> list[tuple[str, str]]:
    """(name, address) pairs of an address header; addresses lower-cased, entries without one left out.

    Groups, comments, semicolons between entries (Outlook) and names with unquoted commas in encoded words are read.
    """
    found: list[tuple[str, str]] = []
    words: list[str] = []
    angle = comment = ""
    for piece in [*_ADDRESS_TOKEN.findall(value), ","]:
        if piece in (",", ";"):
            _add(found, words, angle, comment)
            words, angle, comment = [], "", ""
            if len(found) >= MAX_ADDRESSES:
                break
        elif piece == ":":
            words = [word for word in words if "@" in word]
        elif piece[0] == "<":
            angle = piece.strip("<> \t\r\n").rpartition(":")[2]
        elif piece[0] == "(":
            comment = piece.strip("()")
        elif piece[0] == '"':
            words.append(re.sub(r"\\(.)", r"\1", piece.removeprefix('"').removesuffix('"')))
        else:
            words.append(piece)
    if not found and "=?" in value and "@" in decode_words(value):
        return addresses(re.sub("=[?]", "", decode_words(value)))
    return found


def _add(found: list, words: list[str], angle: str, comment: str) -> None:
    name = "".join(words).strip()
    address = _ADDRESS.search(angle)
    if address is None and (address := _ADDRESS.search(name)):
        name = name.replace(address[0], " ") if not angle else name
    if address is None:
        return
    name = decode_words(name) or decode_words(comment)
    found.append((name.strip("'\" ")[:200], address[0].strip(".'").lower()))


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """The value before the first ";" in lower case, and its parameters (RFC 2231 continuations and charsets joined)."""
    main = value.partition(";")[0].strip().lower()
    plain: dict[str, str] = {}
    parts: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, given in _PARAM.findall(value):
        text = given.strip()
        if text[:1] == '"':
            text = re.sub(r'\\(["\\])', r"\1", text.removeprefix('"').removesuffix('"'))
        section = _SECTION.fullmatch(name.lower())
        if section:
            number = int(section[2] or 0)
            encoded = section[2] is None or section[3] == "*"
            parts.setdefault(section[1], {})[number] = (text, encoded)
        else:
            plain.setdefault(name.lower(), text)
    for name, sections in parts.items():
        plain[name] = _join_sections(sections)
    return main, plain


def _join_sections(sections: dict[int, tuple[str, bool]]) -> str:
    charset, data = "", b""
    for position, number in enumerate(sorted(sections)):
        text, encoded = sections[number]
        if encoded and not position and text.count("'") >= 2:
            charset, _language, text = text.split("'", 2)
        data += unquote_to_bytes(text) if encoded else text.encode("utf-8", "replace")
    return decode(data, charset)


def message_ids(value: str) -> list[str]:
    """The ids of Message-ID, In-Reply-To or References with their angle brackets; garbage is left out."""
    ids = [f"<{inner}>" for inner in _ID.findall(value)]
    if not ids and "<" not in value and re.fullmatch(r"[^\s@]+@[^\s@]+", value.strip()):
        ids = [f"<{value.strip()}>"]
    sound = [one for one in ids if len(one) <= MAX_ID_LENGTH and _ID_CHARS.fullmatch(one[1:-1]) and one.strip("<@.>")]
    sound = list(dict.fromkeys(sound))
    return sound if len(sound) <= MAX_IDS else [sound[0], *sound[1 - MAX_IDS :]]


def sent_at(value: str) -> datetime | None:
    """The Date header in UTC, or None when it is no date."""
    try:
        moment = parsedate_to_datetime(fold(value)[:200])
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError, AttributeError):
        return None
    return moment if 1980 <= moment.year <= 2200 else None
