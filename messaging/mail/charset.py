"""Bytes of a mail into text that PostgreSQL and UTF-8 can hold, whatever the sender claimed about them.

Chinese senders label GB18030 as gb2312, send it with no label at all, or label it utf-8. A strict decoder stops the
queue and a lenient one loses the text, so the label is believed only as far as the bytes agree with it.
"""

import codecs
import re

# gb18030 is a superset of all of these; big5hkscs of big5; cp1252 of latin-1 as mail programs use it.
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "cp936": "gb18030",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
    "big5hkscs": "big5hkscs",
    "iso8859-1": "cp1252",
    "ascii": "",
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "ks_c_5601-1987": "cp949",
}
_ALIASES = {
    "gb-2312": "gb18030",
    "gb2312-80": "gb18030",
    "gb_2312-80": "gb18030",
    "gb2312_charset": "gb18030",
    "x-gbk": "gb18030",
    "gb-18030": "gb18030",
    "euc-cn": "gb18030",
    "x-euc-cn": "gb18030",
    "chinesebig5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "cp-850": "cp850",
    "utf8mb4": "utf-8",
    "unicode": "utf-16",
    "unicode-1-1-utf-7": "utf-7",
    "x-unicode-2-0-utf-7": "utf-7",
}
# Python's own codecs that are no charsets, or that are slow on hostile input.
_REFUSED = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem", "unicode_escape"}
_STATEFUL = ("utf-7", "utf-16", "utf-32", "iso2022", "hz")

_SURROGATE = re.compile("[\ud800-\udfff]")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_PAIR = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
_GB_COMMON = re.compile(rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]")
_BIG5_COMMON = re.compile(rb"[\xa1\xa4-\xc6][\x40-\x7e\xa1-\xfe]")
_SAMPLE = 40_000


def storable(text: str) -> str:
    """The text without NUL and with U+FFFD for lone surrogates: what PostgreSQL and UTF-8 accept."""
    if "\0" in text:
        text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text


def codec_for(label: str) -> str:
    """The Python codec for a charset label, widened where senders understate it; "" when unknown or plain ASCII."""
    name = label.strip(" \t\r\n\"'=").lower().split("*")[0]
    if name in _ALIASES:
        return _ALIASES[name]
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.:-]{1,39}", name):
        return ""
    try:
        found = codecs.lookup(name).name
        b"text".decode(found)  # hex, quopri and the like are codecs of Python, but no charsets
    except UnicodeError:
        pass
    except (LookupError, ValueError, TypeError, ImportError):
        return ""
    if found in _REFUSED:
        return ""
    return _WIDER.get(found, found)


def decode(data: bytes, label: str = "") -> str:
    """Text of `data` believed to be in charset `label` (may be "", unknown or wrong). Never raises."""
    codec = codec_for(label) if label else ""
    if data.isascii() and not codec.startswith(_STATEFUL):
        if b"\x1b$" in data:
            return _strict(data, "iso2022_jp_2") or data.decode("ascii")
        return storable(data.decode("ascii"))
    return storable(_decode(data, codec))


def _decode(data: bytes, codec: str) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and codec in ("", "utf-16"):
        return data.decode("utf-16", "replace")
    data = data.removeprefix(codecs.BOM_UTF8)
    if not codec:
        return guess(data)
    if codec == "utf-8":
        return _labelled_utf8(data)
    if codec.startswith(_STATEFUL):
        return data.decode(codec, "replace")
    utf8 = _strict(data, "utf-8")
    if utf8 and _is_east_asian(utf8):
        return utf8
    if codec in ("cp1252", "gb18030", "big5hkscs"):
        return _labelled_8bit(data, codec, utf8)
    return _strict(data, codec) or data.decode(codec, "replace")


def _labelled_utf8(data: bytes) -> str:
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if not broken:
        return text
    sound = len(text) - len(text.encode("ascii", "ignore")) - broken
    return text if sound > 2 * broken else guess(data)


def _labelled_8bit(data: bytes, codec: str, utf8: str) -> str:
    if codec == "cp1252":
        # A western label on Chinese bytes: only overwhelming evidence overrules it.
        if utf8:
            return utf8
        share, pairs = _share(data, _GB_COMMON)
        if pairs >= 2 and share >= 0.9 and all(len(run) % 2 == 0 for run in _HIGH_RUN.findall(data[:_SAMPLE])):
            return data.decode("gb18030", "replace")
        return data.decode("cp1252", "replace")
    text = _strict(data, codec)
    if text:
        return text
    other = "big5hkscs" if codec == "gb18030" else "gb18030"
    return _strict(data, other) or data.decode(codec, "replace")


def guess(data: bytes) -> str:
    """Text of unlabelled 8-bit bytes: UTF-8, else Chinese if the characters would be common ones, else western."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if not broken:
        return text
    gb, _pairs = _share(data, _GB_COMMON)
    big5, _pairs = _share(data, _BIG5_COMMON)
    if max(gb, big5) >= 0.6:
        codec = "gb18030" if gb >= big5 else "big5hkscs"
        return _strict(data, codec) or data.decode(codec, "replace")
    sound = len(text) - len(text.encode("ascii", "ignore")) - broken
    if sound > 2 * broken:
        return text
    paired = all(len(run) > 1 for run in _HIGH_RUN.findall(data[:_SAMPLE]))
    return (_strict(data, "gb18030") if paired else "") or data.decode("cp1252", "replace")


def _share(data: bytes, common: re.Pattern) -> tuple[float, int]:
    """How many of the two-byte characters are everyday ones in this charset, and how many there are."""
    pairs = _PAIR.findall(data[:_SAMPLE])
    if not pairs:
        return 0.0, 0
    return sum(1 for pair in pairs if common.fullmatch(pair)) / len(pairs), len(pairs)


def _strict(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec)
    except (UnicodeError, LookupError):
        return ""


def _is_east_asian(text: str) -> bool:
    """Whether sound UTF-8 is surely meant as such: three-byte characters outnumber the two-byte ones."""
    three = sum(1 for char in text if char >= "\u0800")
    two = sum(1 for char in text if "\x80" <= char < "\u0800")
    return three > two
