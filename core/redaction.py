"""Telephone numbers, mail addresses and document numbers never lie in free text: placeholders stand there instead.

A model with free text takes `WithOriginals` and declares its texts as `FreeCharField`, `FreeTextField` or
`FreeJSONField`. Whoever saves a row, by `save`, `create` or `bulk_create`, stores ⟨138****1234⟩ in the text and the
number sealed in the row's own column `originals`; the object in memory says the same from then on. What reaches the
database another way (`update`, `bulk_update`, a history table, a model without `originals`) is masked without keeping
the original, so that a mistake loses a number rather than leaks it. Search looks for `sought` words: a complete number
finds its placeholder.
"""

import re
from collections.abc import Callable
from typing import Any

from django.db import models
from django.utils.functional import Promise

from core import masking
from core.crypto import EncryptedJSONField

PLACEHOLDER = re.compile("⟨[^⟨⟩\n]{1,120}⟩")
CONTEXT = "originals"


def redact(text: str, known: dict[str, str] | None = None) -> tuple[str, dict[str, str]]:
    """The text with placeholders, and {placeholder: original} of those that are new to `known`.

    Two numbers that look alike when masked get placeholders of their own: ⟨138****1234⟩ and ⟨138****1234·2⟩.
    """
    known = known or {}
    fresh: dict[str, str] = {}
    pieces, last = [], 0
    for start, end, kind in masking.found(text):
        original = text[start:end]
        name = _name(masking.masked(kind, original), original, known | fresh)
        if name not in known:
            fresh[name] = original
        pieces += [text[last:start], name]
        last = end
    return ("".join([*pieces, text[last:]]), fresh) if pieces else (text, fresh)


def _name(mask: str, original: str, taken: dict[str, str]) -> str:
    name, n = f"⟨{mask}⟩", 1
    while taken.get(name, original) != original:
        n += 1
        name = f"⟨{mask}·{n}⟩"
    return name


def restore(text: str, originals: dict[str, str] | None) -> str:
    """The text as it was written, for whoever may see it and has been logged."""
    return PLACEHOLDER.sub(lambda found: (originals or {}).get(found.group(), found.group()), text)


def masked(text: str) -> str:
    """The text with placeholders; what they stand for is not kept."""
    return redact(text)[0]


def sought(words: str) -> str:
    """What to search redacted text for: a complete number, however it is written, as it is masked there."""
    return masking.free_text(words)


def shorten(text: str, limit: int) -> str:
    """Cut to `limit` characters, never through a number: half of one would not be recognised any more."""
    if len(text) <= limit:
        return text
    cut = next((start for start, end, _kind in masking.found(text) if start < limit < end), limit)
    return text[:cut]


def walk(value: Any, change: Callable[[str], str]) -> Any:
    """A JSON value with every text in it changed; the names of its fields stay."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: walk(one, change) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [walk(one, change) for one in value]
    return value


def protect(row: models.Model) -> bool:
    """Puts placeholders into the free texts of an unsaved row and their originals beside; True if any was found.

    Originals whose placeholder no text holds any more are let go.
    """
    fields = free_fields(type(row))
    deferred = row.get_deferred_fields()
    loaded = [field for field in fields if field.attname not in deferred]
    keeps = hasattr(type(row), CONTEXT)
    fresh: dict[str, str] = {}

    def change(text: str) -> str:
        if not masking.HINT.search(text):
            return text
        # The column is read, where it was deferred, only once there is something to add to it.
        changed, new = redact(text, ((row.originals or {}) if keeps else {}) | fresh)  # type: ignore[attr-defined]
        fresh.update(new)
        return changed

    for field in loaded:
        value = getattr(row, field.attname)
        changed = walk(str(value) if isinstance(value, Promise) else value, change)
        if changed != value:
            setattr(row, field.attname, changed)
    if keeps and CONTEXT not in row.get_deferred_fields():  # asked again: it may have been read just now
        _keep(row, fresh, prune=len(loaded) == len(fields))
    return bool(fresh)


def protected(model: type[models.Model], values: dict[str, Any]) -> dict[str, Any]:
    """`protect` for a new row that is no object yet: {field: value}, with its originals where the model keeps them."""
    fresh: dict[str, str] = {}

    def change(text: str) -> str:
        if not masking.HINT.search(text):
            return text
        changed, new = redact(text, fresh)
        fresh.update(new)
        return changed

    free = {field.attname for field in free_fields(model)}
    changed = {name: walk(value, change) if name in free else value for name, value in values.items()}
    return changed | {CONTEXT: fresh} if fresh and hasattr(model, CONTEXT) else changed


def prepared(field: models.Field, value: Any) -> Any:
    """A value for a statement of one's own: masked where the field is free text."""
    return walk(value, masked) if isinstance(field, _FreeField) else value


def _keep(row, fresh: dict[str, str], *, prune: bool) -> None:
    held = {**(row.originals or {}), **fresh}
    if prune and held:
        used: set[str] = set()

        def note(text: str) -> str:
            used.update(PLACEHOLDER.findall(text))
            return text

        for field in free_fields(type(row)):
            walk(getattr(row, field.attname), note)
        held = {name: original for name, original in held.items() if name in used}
    if held != (row.originals or {}):
        row.originals = held or None


def free_fields(model: type[models.Model]) -> list[models.Field]:
    return [field for field in model._meta.concrete_fields if isinstance(field, _FreeField)]


class _FreeField(models.Field):
    def pre_save(self, model_instance, add):
        protect(model_instance)
        return super().pre_save(model_instance, add)

    def get_prep_value(self, value):
        return walk(super().get_prep_value(value), masked)


class FreeTextField(_FreeField, models.TextField):
    """A text that people write."""


class FreeCharField(_FreeField, models.CharField):
    """A line that people write. Forms hold them to `max_length`; the column does not, as placeholders take room."""

    def db_type(self, connection):
        return "text"

    def cast_db_type(self, connection):
        return "text"


class FreeJSONField(_FreeField, models.JSONField):
    """A JSON value whose texts people may have written."""


class OriginalsField(EncryptedJSONField):
    """{placeholder: original} of all free texts of the row, sealed."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"null": True, "editable": False, "context": CONTEXT, **kwargs})

    def pre_save(self, model_instance, add):
        protect(model_instance)
        return super().pre_save(model_instance, add)


class WithOriginals(models.Model):
    """A row with free text. `HistoricalRecords` of it must exclude `originals`: history keeps the placeholders."""

    originals = OriginalsField()

    class Meta:
        abstract = True

    def save(self, *args, **kwargs):
        found = protect(self)
        fields = kwargs.get("update_fields")
        free = {field.name for field in free_fields(type(self))}
        if fields is not None and free & set(fields) and (found or CONTEXT not in self.get_deferred_fields()):
            kwargs["update_fields"] = {*fields, CONTEXT}
        super().save(*args, **kwargs)
