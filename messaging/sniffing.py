"""What a file is, told by its first bytes. Pure: no rows, no settings."""

import codecs
import re

# Extensions that Windows, macOS or a browser would run; no list of an administrator opens them.
PROGRAMS = frozenset({
    "ade", "adp", "apk", "app", "appx", "bat", "chm", "cmd", "com", "cpl", "dll", "dmg", "exe", "hta", "htm",
    "html", "ins", "isp", "jar", "js", "jse", "lib", "lnk", "mde", "msc", "msi", "msix", "msp", "mst", "nsh", "pif",
    "ps1", "py", "reg", "rpm", "scf", "scr", "sct", "sh", "shb", "svg", "svgz", "sys", "url", "vb", "vbe", "vbs",
    "vxd", "wsc", "wsf", "wsh", "xhtml", "xll",
})  # fmt: skip
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"), (b"GIF89a", "gif"), (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"ID3", "media"), (b"\xff\xfb", "media"), (b"OggS", "media"),
)  # fmt: skip
_RUNS = (
    b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xfe\xed\xfa", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",
    b"L\x00\x00\x00\x01\x14\x02\x00", b"dex\n", b"!<arch>",
)  # fmt: skip
_MARKUP = re.compile(rb"^\s*(<!doctype html|<html|<svg|<\?xml[^>]*>\s*(<!--.*?-->\s*)*<svg|<script|<hta)", re.I | re.S)


HEAD = 1024


class Sniffer:
    """Tells what a file is while it passes by, a piece after the other."""

    def __init__(self):
        self._head = b""
        self._has_nul = False
        self._readers = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8", "gb18030")}

    def feed(self, piece: bytes) -> None:
        if len(self._head) < HEAD:
            self._head += piece[: HEAD - len(self._head)]
        self._has_nul = self._has_nul or b"\0" in piece
        self._read(piece)

    def kind(self) -> str:
        """By its first bytes "png", "zip", …, "program", "markup"; "text" or "" by all of them."""
        head = self._head
        if head.startswith(_RUNS):
            return "program"
        for magic, signature in _MAGIC:
            if head.startswith(magic):
                return signature
        if head[:4] == b"RIFF":
            return "webp" if head[8:12] == b"WEBP" else "media"
        if head[4:8] == b"ftyp":
            return "media"
        if _MARKUP.match(head.removeprefix(b"\xef\xbb\xbf")):
            return "markup"
        return "text" if self._is_text() else ""

    def _read(self, piece: bytes, *, final: bool = False) -> None:
        for name, reader in list(self._readers.items()):
            try:
                reader.decode(piece, final)
            except UnicodeDecodeError:
                del self._readers[name]

    def _is_text(self) -> bool:
        """No NUL and readable as UTF-8 or GB18030, or UTF-16 that says so."""
        if self._head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return True
        self._read(b"", final=True)
        return not self._has_nul and bool(self._readers)
