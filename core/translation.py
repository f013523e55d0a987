"""The words of the screens, gathered from the code, and how complete their translation is. Needs no gettext tools."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

SKIPPED = {"tests", "migrations", "static", "locale", "benchmarks", "node_modules"}
SUFFIXES = {".py", ".html", ".txt"}
ONE, PLURAL, CONTEXT, CONTEXT_PLURAL = None, (1, 2), ((1, "c"), 2), ((1, "c"), 2, 3)
KEYWORDS = {
    "_": ONE, "gettext": ONE, "gettext_lazy": ONE, "gettext_noop": ONE,
    "ngettext": PLURAL, "ngettext_lazy": PLURAL,
    "pgettext": CONTEXT, "pgettext_lazy": CONTEXT,
    "npgettext": CONTEXT_PLURAL, "npgettext_lazy": CONTEXT_PLURAL,
}  # fmt: skip
PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sdf]|%[sd]|\{[a-z_0-9]*\}")
HEADER = """\
# The Chinese words of the screens.
msgid ""
msgstr ""
"Language: zh_Hans\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""


def sources(root: Path) -> Iterator[Path]:
    """Code and templates below `root`, always in the same order."""
    for path in sorted(root.iterdir()):
        if path.name.startswith(".") or path.name in SKIPPED:
            continue
        if path.is_dir():
            yield from sources(path)
        elif path.suffix in SUFFIXES and not path.name.startswith("requirements"):
            yield path


def gather(root: Path) -> Catalog:
    """Every message of the code below `root`, without translations, with the files it stands in."""
    catalogue = empty()
    for path in sources(root):
        place = path.relative_to(root).as_posix()
        for words, context in messages_of(path.read_text(encoding="utf-8"), is_template=path.suffix != ".py"):
            catalogue.add(words, locations=[(place, 0)], context=context)
    for message in catalogue:
        message.locations = sorted(set(message.locations))
    return catalogue


def messages_of(text: str, *, is_template: bool = False) -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    """(msgid or (singular, plural), context) of each call to gettext in Python code or in a Django template."""
    if is_template:
        # What templatize leaves of the markup must not look like indented code.
        text = "\n".join(line.lstrip() for line in templatize(text).splitlines())
    for _line, message, _comments, context in extract("python", io.BytesIO(text.encode()), KEYWORDS):
        if message:
            yield message, context


def empty() -> Catalog:
    return Catalog(locale="zh_Hans", fuzzy=False)


def read(path: Path) -> Catalog:
    """The catalogue in a .po file; an empty one where there is none."""
    if not path.exists():
        return empty()
    with path.open("rb") as file:
        return read_po(file, locale="zh_Hans", ignore_obsolete=True, abort_invalid=True)


def merge(found: Catalog, known: Catalog) -> Catalog:
    """`found` with the translations of `known`; what is no longer in the code goes."""
    for message in found:
        old = message.id and find(known, message)
        if old:
            message.string = shaped(old.string, plural=bool(message.pluralizable))
            message.flags |= old.flags & {"fuzzy"}
            message.user_comments = old.user_comments
    return found


def written(catalogue: Catalog) -> bytes:
    """The .po file: sorted by message, without dates and line numbers, so that a diff shows only what changed."""
    body = io.BytesIO()
    write_po(body, catalogue, width=110, omit_header=True, sort_output=True, include_lineno=False, ignore_obsolete=True)
    return HEADER.encode() + body.getvalue().strip() + b"\n"


def problems(found: Catalog, known: Catalog) -> list[str]:
    """What is missing, stale, fuzzy, empty or has other placeholders than its original; empty when complete."""
    lines = []
    for message in found:
        if message.id:
            old = find(known, message)
            wrong = _problem(message, old) if old else "missing"
            if wrong:
                lines.append(f"{wrong}: {_shown(message)}  ({message.locations[0][0]})")
    lines += [f"stale: {_shown(message)}" for message in known if message.id and not find(found, message)]
    return lines


def find(catalogue: Catalog, message: Message) -> Message | None:
    return catalogue.get(message.id, context=message.context)


def shaped(string, *, plural: bool):
    """A translation as its message wants it: Chinese has one form, which is a tuple of one for plurals."""
    text = string[0] if isinstance(string, (tuple, list)) and string else string or ""
    return (text,) if plural else text


def _problem(message: Message, old: Message) -> str:
    if "fuzzy" in old.flags:
        return "fuzzy"
    if bool(message.pluralizable) != isinstance(old.string, (tuple, list)):
        return "wrong number of plural forms"
    forms = old.string if isinstance(old.string, (tuple, list)) else (old.string,)
    if len(forms) != 1:
        return "wrong number of plural forms"
    if not forms[0] or not forms[0].strip():
        return "empty"
    original = message.id if isinstance(message.id, str) else message.id[-1]
    if set(PLACEHOLDER.findall(original)) != set(PLACEHOLDER.findall(forms[0])):
        return "other placeholders"
    return ""


def _shown(message: Message) -> str:
    text = message.id[0] if message.pluralizable else message.id
    return f"[{message.context}] {text!r}" if message.context else repr(text)
