"""What a file is, told by its first bytes. Pure: no rows, no settings."""

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


def sniff(content: bytes) -> str:
    """What a file is by its first bytes: "png", "zip", …, "program", "markup", or "" for what is not known."""
    head = content[:1024]
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
    return "text" if _is_text(content) else ""


def _is_text(content: bytes) -> bool:
    """No NUL and readable as UTF-8 or GB18030, or UTF-16 that says so."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if b"\0" in content:
        return False
    for charset in ("utf-8", "gb18030"):
        try:
            content.decode(charset)
        except UnicodeDecodeError:
            continue
        return True
    return False
