"""Which files may go out: judged by what they hold, not by what they are called."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import PurePath

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from core import redaction
from messaging.models import FileType
from messaging.sniffing import PROGRAMS, Sniffer

LARGEST = 25 * 1024 * 1024
NAME = 200
Signature = FileType.Signature

_HIDDEN = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F])


class FileRefused(Exception):
    """The file may not go out; the text names it and says why."""


def clean_name(name: str) -> str:
    """The last part of a name without signs that no file system takes or that turn the reading order."""
    name = unicodedata.normalize("NFC", name).translate(_HIDDEN)
    name = "".join(" " if unicodedata.category(char) == "Cc" else char for char in name)
    name = re.sub(r"[\\/]+", "/", name).rpartition("/")[2].strip(" .") or _("attachment")
    if len(name) <= NAME:
        return name
    stem, suffix = PurePath(name).stem, PurePath(name).suffix[:20]
    return redaction.shorten(stem, NAME - len(suffix)) + suffix


class Taken:
    """A file as it comes in, a piece after the other: going through them counts and judges them."""

    def __init__(self, name: str, pieces: Iterable[bytes]):
        self.name, self.size = name, 0
        self._pieces, self._sniffer = pieces, Sniffer()

    def __iter__(self) -> Iterator[bytes]:
        """Raises `FileRefused` as soon as there is too much."""
        for piece in self._pieces:
            self.size += len(piece)
            if self.size > LARGEST:
                raise FileRefused(too_large(self.name))
            self._sniffer.feed(piece)
            yield piece

    def content_type(self) -> str:
        """The content type under which the file goes out, once all of it is there. Raises `FileRefused`."""
        name, extension = self.name, PurePath(self.name).suffix.lower().lstrip(".")
        if not self.size:
            raise FileRefused(_("%(name)s is empty.") % {"name": name})
        found = self._sniffer.kind()
        if extension in PROGRAMS or found in ("program", "markup"):
            raise FileRefused(
                _("%(name)s is a program or a page with scripts; such files are not sent.") % {"name": name}
            )
        known = FileType.objects.filter(extension=extension, is_active=True).first()
        if known is None:
            allowed = ", ".join(FileType.objects.filter(is_active=True).values_list("extension", flat=True))
            raise FileRefused(_("%(name)s: files of this kind are not sent. Allowed: %(kinds)s.") % {
                "name": name, "kinds": allowed,
            })  # fmt: skip
        if known.signature not in (Signature.ANY, found):
            raise FileRefused(_("%(name)s is not what its name says: it holds no %(kind)s.") % {
                "name": name, "kind": known.get_signature_display(),
            })  # fmt: skip
        return known.content_type


def too_large(name: str) -> str:
    return _("%(name)s is larger than %(limit)s.") % {"name": name, "limit": size_words(LARGEST)}


def size_words(size: int) -> str:
    return filesizeformat(size)
