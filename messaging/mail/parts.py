"""The parts of a mail: which are its text, which are attachments, which report on another mail.

Read with the standard library's feed parser under Compat32, which keeps every byte as sent (policy.default parses
headers on access and raises on some). What it cannot bear (runaway nesting, endless Content-Type headers) is kept away
from it.
"""

import binascii
import mimetypes
import re
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from urllib.parse import unquote_to_bytes

from messaging.mail.charset import decode, storable
from messaging.mail.headers import Headers, base64_bytes, decode_words, eight_bit, fold, parameters
from messaging.mail.kinds import Report
from messaging.mail.markup import to_text

MAX_CONTENT_HEADER = 8_000
MAX_BOUNDARIES = 100
MAX_PARTS = 500
MAX_TEXT = 1_000_000
MAX_NAME = 200

_BOUNDARY = re.compile(rb"boundary\*?\d*\*?\s{0,5}=|content-type:\s{0,10}message/", re.I)
_HEADER_LINE = re.compile(rb"([!-9;-~]+)[ \t]*:")
_MIME_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_UNSAFE_NAME = re.compile('[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069"<>|:*?]+')
_REPORT_TYPES = ("message/delivery-status", "message/global-delivery-status", "message/disposition-notification")
_RETURNED_TYPES = ("text/rfc822-headers", "message/rfc822", "message/global", "message/global-headers")


class _Policy(Compat32):
    def header_source_parse(self, sourcelines):
        """Cuts endless Content-* headers, on which the library's parameter splitting goes quadratic."""
        name, value = super().header_source_parse(sourcelines)
        return name, value[:MAX_CONTENT_HEADER] if name.lower().startswith("content-") else value


_POLICY = _Policy()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a mail. `size` in bytes; `inline` when the HTML shows it by its content id."""

    name: str
    content_type: str
    size: int
    content: bytes
    content_id: str
    inline: bool


@dataclass(slots=True)
class Block:
    """One stretch of the body, as text, as HTML, or the same in both."""

    plain: str = ""
    html: str = ""


@dataclass(slots=True)
class Contents:
    blocks: list[Block] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    report: Report = Report()
    charset: str = ""

    @property
    def has_html(self) -> bool:
        return any(block.html for block in self.blocks)

    def text(self) -> str:
        pieces = [block.plain if block.plain.strip() else to_text(block.html) for block in self.blocks]
        return "\n\n".join(piece for piece in pieces if piece.strip())


def read(raw: bytes) -> tuple[Message, list[str]]:
    """The message tree of raw bytes, and what was wrong with it; repaired where the header block was torn."""
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n \t")
    if len(_BOUNDARY.findall(raw)) > MAX_BOUNDARIES:
        return BytesParser(policy=_POLICY).parsebytes(raw, headersonly=True), ["too many nested parts"]
    try:
        message = BytesParser(policy=_POLICY).parsebytes(raw)
    except Exception:  # the library's parser fails in many ways on hostile structure
        return BytesParser(policy=_POLICY).parsebytes(raw, headersonly=True), ["structure cannot be read"]
    defects = [type(defect).__name__ for defect in message.defects]
    if "MissingHeaderBodySeparatorDefect" in defects or "FirstHeaderLineIsContinuationDefect" in defects:
        mended = _mended(raw)
        if mended != raw:
            again = BytesParser(policy=_POLICY).parsebytes(mended)
            if len(again.keys()) > len(message.keys()):
                return again, [*defects, "header block repaired"]
    return message, defects


def _mended(raw: bytes) -> bytes:
    """Header lines that are none are set aside, or joined to the subject before; "Name : value" loses its space."""
    head, gap, body = _cut_head(raw)
    if sum(1 for line in head if _HEADER_LINE.match(line)) * 2 < len(head):
        return raw
    lines: list[bytes] = []
    for line in head:
        match = _HEADER_LINE.match(line)
        if match:
            line = match[1] + b":" + line[match.end() :]
        elif not line.startswith((b" ", b"\t")):
            # A subject that was folded without indentation is the commonest cause.
            line = (b" " if lines and lines[-1][:8].lower() == b"subject:" else b"X-Torn: ") + line
        lines.append(line)
    return b"\n".join(lines).lstrip() + gap + body


def _cut_head(raw: bytes) -> tuple[list[bytes], bytes, bytes]:
    match = re.search(rb"\r?\n[ \t]*\r?\n|\r\r", raw)
    end, start = match.span() if match else (len(raw), len(raw))
    return re.split(rb"\r\n|\n|\r", raw[:end]), b"\n\n", raw[start:]


def collect(message: Message, headers: Headers, defects: list[str]) -> Contents:
    """The texts, attachments and reports of a message tree. `headers` are those of the message itself."""
    contents = Contents(defects=defects)
    _Walker(contents).walk(message, headers, contents.blocks)
    return contents


class _Walker:
    def __init__(self, contents: Contents):
        self.contents = contents
        self.parts = 0
        self.report_type = ""

    def walk(self, part: Message, headers: Headers, blocks: list[Block], parent: str = "") -> None:
        """Appends the texts of `part` to `blocks` and its files and reports to the contents."""
        self.parts += 1
        if self.parts > MAX_PARTS:
            if self.parts == MAX_PARTS + 1:
                self.contents.defects.append("too many parts")
            return
        kind, params = parameters(headers.raw("content-type"))
        if part.is_multipart() and kind.startswith("multipart/"):
            self._multipart(part, kind, params, blocks)
        elif part.is_multipart():
            self._nested(part, kind, headers)
        else:
            self._leaf(part, kind, params, headers, blocks, parent)

    def _multipart(self, part: Message, kind: str, params: dict[str, str], blocks: list[Block]) -> None:
        self.contents.defects += [type(defect).__name__ for defect in part.defects if self.parts > 1]
        if kind == "multipart/report" and not self.report_type:
            self.report_type = params.get("report-type", "").strip().lower()
            self.contents.report = self.contents.report._replace(type=self.report_type)
        children: list[list[Block]] = []
        for child in _children(part):
            children.append([])
            self.walk(child, Headers(child), children[-1], kind)
        if kind == "multipart/alternative":
            plain = next((text for text in map(_plain, children) if text.strip()), "")
            html = next((text for text in map(_html, reversed(children)) if text.strip()), "")
            if plain or html:
                blocks.append(Block(plain, html))
        else:
            blocks.extend(block for child in children for block in child)

    def _nested(self, part: Message, kind: str, headers: Headers) -> None:
        """A mail within the mail is an attachment; a delivery report is read and not shown as a file."""
        inner = _children(part)
        if kind in _REPORT_TYPES:
            fields = "\n".join(
                f"{name}: {fold(eight_bit(str(value)))}" for one in inner for name, value in one.raw_items()
            )
            self.contents.report = self.contents.report._replace(status_fields=storable(fields))
            return
        if kind in _RETURNED_TYPES and inner:
            self._returned(Headers(inner[0]))
        try:
            content = inner[0].as_bytes(policy=_POLICY)
        except Exception:  # the library cannot write every tree that it read
            content = b""
            self.contents.defects.append("attached mail cannot be written out")
        title = decode_words(Headers(inner[0]).raw("subject")) if inner else ""
        self._attach(content, kind, headers, self._name(headers) or f"{title or 'message'}.eml")

    def _returned(self, headers: Headers) -> None:
        if self.report_type and "message-id" in headers:
            returned = f"Message-ID: {fold(headers.raw('message-id'))}"
            self.contents.report = self.contents.report._replace(returned=returned)

    def _leaf(
        self, part: Message, kind: str, params: dict[str, str], headers: Headers, blocks: list[Block], parent: str
    ) -> None:
        data = self._bytes(part, headers)
        if kind in _REPORT_TYPES or kind in _RETURNED_TYPES and self.report_type:
            text = decode(data[:MAX_TEXT])
            wanted = "status_fields" if kind in _REPORT_TYPES else "returned"
            self.contents.report = self.contents.report._replace(**{wanted: text})
            return
        disposition = parameters(headers.raw("content-disposition"))[0]
        name = self._name(headers)
        is_text = (
            kind in ("text/plain", "text/html", "text", "")
            or not _MIME_TYPE.fullmatch(kind)
            or kind[:10] == "multipart/"
        )
        if not is_text or disposition == "attachment" or (name and parent != "multipart/alternative"):
            inline = disposition != "attachment" and (disposition == "inline" or parent == "multipart/related")
            self._attach(data, kind, headers, name, inline=inline and bool(headers.raw("content-id").strip()))
            return
        self._text(data, kind, params, blocks)

    def _text(self, data: bytes, kind: str, params: dict[str, str], blocks: list[Block]) -> None:
        label = params.get("charset", "")
        if len(data) > 4 * MAX_TEXT:
            data = data[: 4 * MAX_TEXT]
            self.contents.defects.append("text cut")
        self.contents.charset = self.contents.charset or label
        text = re.sub(r"\r\n?", "\n", decode(data, label))
        if kind == "text/html":
            blocks.append(Block(html=text))
            return
        if len(text) > MAX_TEXT:
            text = text[:MAX_TEXT]
            self.contents.defects.append("text cut")
        if params.get("format", "").strip().lower() == "flowed":
            text = unflow(text, delsp=params.get("delsp", "").strip().lower() == "yes")
        blocks.append(Block(plain=text))

    def _bytes(self, part: Message, headers: Headers) -> bytes:
        encoding = headers.raw("content-transfer-encoding").partition(";")[0].strip(" \t\r\n\"'").lower()
        # Without the header the library hands out the bytes as sent, and the lenient decoding is ours.
        del part["content-transfer-encoding"]
        payload = part.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
        if encoding == "base64":
            return self._base64(data)
        if encoding == "quoted-printable":
            return binascii.a2b_qp(data)
        if encoding not in ("", "7bit", "8bit", "binary"):
            self.contents.defects.append("unknown transfer encoding")
        return data

    def _base64(self, data: bytes) -> bytes:
        foreign = len(re.sub(rb"[A-Za-z0-9+/=\s]", b"", data[:10_000]))
        if foreign > 4 and foreign * 20 > min(len(data), 10_000):
            self.contents.defects.append("text labelled base64")
            return data
        return base64_bytes(data)

    def _name(self, headers: Headers) -> str:
        for header, key in (("content-disposition", "filename"), ("content-type", "name")):
            name = parameters(headers.raw(header))[1].get(key, "") if header in headers else ""
            if name := file_name(name):
                return name
        return ""

    def _attach(self, content: bytes, kind: str, headers: Headers, name: str, *, inline: bool = False) -> None:
        kind = kind if _MIME_TYPE.fullmatch(kind) and len(kind) <= 120 else "application/octet-stream"
        number = len(self.contents.attachments) + 1
        name = file_name(name) or f"attachment-{number}{mimetypes.guess_extension(kind) or ''}"
        content_id = fold(headers.raw("content-id")).strip("<> ")[:MAX_NAME]
        self.contents.attachments.append(Attachment(name, kind, len(content), content, content_id, inline))


def _children(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _plain(blocks: list[Block]) -> str:
    return "\n\n".join(block.plain for block in blocks if block.plain)


def _html(blocks: list[Block]) -> str:
    return "\n".join(block.html for block in blocks if block.html)


def file_name(value: str) -> str:
    """A name without path, control and direction characters, at most 200 long with its ending kept."""
    name = decode_words(value)
    if re.search("%[0-9A-Fa-f]{2}%[0-9A-Fa-f]{2}", name) and name.isascii():
        name = _unquoted(name)
    name = re.split(r"[/\\]", name)[-1]
    name = fold(_UNSAFE_NAME.sub("", name)).strip(". ")
    if len(name) > MAX_NAME:
        stem, dot, ending = name.rpartition(".")
        name = stem[: MAX_NAME - 12] + dot + ending[:10] if dot else name[:MAX_NAME]
    return name


def _unquoted(name: str) -> str:
    data = unquote_to_bytes(name)
    return name if data.isascii() else decode(data)


def unflow(text: str, *, delsp: bool) -> str:
    """Paragraphs of format=flowed text (RFC 3676) joined again; quote depth kept, stuffing removed."""
    out: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        rest = line.lstrip(">")
        depth = len(line) - len(rest)
        rest = rest.removeprefix(" ")
        flows = rest.endswith(" ") and rest != "-- "
        shown = rest[:-1] if flows and delsp else rest
        if open_depth == depth and rest != "-- ":
            out[-1] += shown
        else:
            out.append(">" * depth + (" " if depth else "") + shown)
        open_depth = depth if flows else -1
    return "\n".join(out)
