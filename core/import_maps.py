"""The small TOML file that says which column of somebody's CSV is which field of ours.

    source = "crm-2019"          # where the records are from; with their id it keeps a second run from doubling them
    [fields]                     # field = rule
    [attributes]                 # customers only: any further facts, kept as they are
    [options]                    # settings of the import, each with a default

A rule is the name of a column, or a table of:

    column = "Status"            the column to read, or instead of it
    template = "{City} {Zip}"    text with columns in it; a line whose columns are all empty is left out, or
    value = "service"            the same value for every row
    values = {Closed = "archived"}   what each text of the column becomes; others are refused, unless
    otherwise = "received"       says what they become
    empty = "0"                  what an empty text becomes; without it the field stays as it is for new records
    format = "%m/%d/%Y %H:%M"    how dates are written (strptime); without it ISO 8601
    zone = "America/New_York"    the zone of times that name none; a time skipped in spring is read as an hour later
    as = "months_ago"            a date that many whole months before today
    pseudonym = true             a made-up name instead, always the same for the same text
"""

import calendar
import hashlib
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from core import pseudonyms

KEYS = {"column", "template", "value", "values", "otherwise", "empty", "format", "zone", "as", "pseudonym"}
_PLACE = re.compile(r"\{([^{}]+)\}")


class BadMap(Exception):
    """The mapping file cannot be used; one line says why."""


class BadRow(ValueError):
    """A row cannot be taken; the text says which column and why."""


@dataclass(frozen=True)
class Rule:
    """How one field is read from a row. `kind` is text, date, datetime, decimal or integer."""

    name: str
    kind: str
    spec: Mapping[str, Any]
    longest: int = 0
    choices: Collection[str] = ()
    required: bool = False

    @property
    def columns(self) -> list[str]:
        if "template" in self.spec:
            return _PLACE.findall(self.spec["template"])
        return [self.spec["column"]] if "column" in self.spec else []

    def read(self, row: Mapping[str, str], *, today: date, fold: int = 0) -> Any:
        """The field's value, None when it is empty. `fold` picks the second of two equal local times in autumn.
        Raises BadRow."""
        text = self._text(row)
        if text and self.spec.get("pseudonym"):
            text = pseudonyms.name_of(text)
        if not text:
            text = str(self.spec.get("empty", ""))
        if text and "values" in self.spec:
            text = str(self._translated(text))
        if not text:
            if self.required:
                raise BadRow(f"{self._where}: is empty")
            return None
        if "\0" in text:
            raise BadRow(f"{self._where}: holds a NUL character")
        return self._converted(text, today, fold)

    @property
    def _where(self) -> str:
        return self.columns[0] if self.columns else self.name

    def _text(self, row: Mapping[str, str]) -> str:
        if "value" in self.spec:
            return str(self.spec["value"])
        if "column" in self.spec:
            return row[self.spec["column"]].strip()
        lines = []
        for line in self.spec["template"].split("\n"):
            found = [row[name].strip() for name in _PLACE.findall(line)]
            if not found or any(found):
                lines.append(" ".join(_PLACE.sub(lambda match: row[match[1]].strip(), line).split()))
        return "\n".join(lines).strip(" \n:,-·/")

    def _translated(self, text: str) -> Any:
        table = self.spec["values"]
        if text in table:
            return table[text]
        if "otherwise" in self.spec:
            return self.spec["otherwise"]
        raise BadRow(f"{self._where}: “{text[:60]}” is not in the table of the mapping file")

    def _converted(self, text: str, today: date, fold: int) -> Any:
        if self.spec.get("as") == "months_ago":
            return _months_ago(self._number(text, int), today)
        if self.kind == "decimal":
            return self._number(text, Decimal)
        if self.kind == "integer":
            return self._number(text, int)
        if self.kind in ("date", "datetime"):
            return self._moment(text, fold)
        if self.choices and text not in self.choices:
            raise BadRow(f"{self._where}: “{text[:60]}” is not one of {', '.join(self.choices)}")
        if self.longest and len(text) > self.longest:
            raise BadRow(f"{self._where}: longer than {self.longest} characters")
        return text

    def _number(self, text: str, number: Callable[[str], Any]) -> Any:
        try:
            found = number(text.replace(",", ""))
            if abs(found) >= 10**12:
                raise ValueError
        except (ValueError, InvalidOperation):
            raise BadRow(f"{self._where}: “{text[:40]}” is no number that can be kept") from None
        return found

    def _moment(self, text: str, fold: int) -> date | datetime:
        form = self.spec.get("format")
        try:
            at = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007
            if self.kind == "date":
                return at.date()
            if at.tzinfo is None:
                at = at.replace(tzinfo=ZoneInfo(self.spec.get("zone", "UTC")), fold=fold)
            return at.astimezone(UTC)
        except (ValueError, OverflowError):
            raise BadRow(f"{self._where}: “{text[:40]}” is no date written as {form or 'ISO 8601'}") from None


@dataclass(frozen=True)
class Field:
    """What a map may fill: its kind, and what is allowed in it."""

    kind: str = "text"
    longest: int = 0
    choices: Collection[str] = ()
    required: bool = False


@dataclass(frozen=True)
class ImportMap:
    source: str
    fields: dict[str, Rule]
    attributes: dict[str, Rule]
    options: dict[str, Any]
    digest: str
    columns: frozenset[str] = field(default_factory=frozenset)


def load(name: str, *, shipped: Path, fields: Mapping[str, Field], options: Mapping[str, Any]) -> ImportMap:
    """Reads a map by its path or, bare, by the name of a shipped one. `options` are the defaults. Raises BadMap."""
    path = Path(name)
    if not path.is_file() and "/" not in name:
        path = shipped / f"{name.removesuffix('.toml')}.toml"
    try:
        content = path.read_bytes()
        data = tomllib.loads(content.decode())
    except OSError:
        known = ", ".join(sorted(one.stem for one in shipped.glob("*.toml")))
        raise BadMap(f"No mapping file “{name}”; give a path, or one of: {known}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadMap(f"{path}: {error}") from None
    _check_names(path, "field", data.get("fields", {}), fields)
    _check_names(path, "option", data.get("options", {}), options)
    source = str(data.get("source", "")).strip()
    missing = [one for one, about in fields.items() if about.required and one not in data.get("fields", {})]
    if not source or len(source) > 40 or missing:
        need = f"the field {missing[0]}" if missing else "a source of at most 40 characters"
        raise BadMap(f"{path}: needs {need}")
    rules = {one: _rule(path, one, spec, fields[one]) for one, spec in data.get("fields", {}).items()}
    facts = {one: _rule(path, one, spec, Field(longest=200)) for one, spec in data.get("attributes", {}).items()}
    columns = frozenset(column for rule in [*rules.values(), *facts.values()] for column in rule.columns)
    digest = hashlib.sha256(content).hexdigest()
    return ImportMap(source, rules, facts, {**options, **data.get("options", {})}, digest, columns)


def _check_names(path: Path, what: str, given: Mapping, known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            raise BadMap(f"{path}: unknown {what} “{name}”; known are {', '.join(known)}")


def _rule(path: Path, name: str, spec: Any, about: Field) -> Rule:
    spec = {"column": spec} if isinstance(spec, str) else spec
    if not isinstance(spec, dict) or set(spec) - KEYS or len(set(spec) & {"column", "template", "value"}) != 1:
        raise BadMap(f"{path}: the rule of “{name}” needs one of column, template and value, and knows no other keys")
    try:
        ZoneInfo(spec.get("zone", "UTC"))
    except (KeyError, ValueError, OSError, TypeError):
        raise BadMap(f"{path}: unknown time zone “{spec['zone']}”") from None
    return Rule(name, about.kind, spec, about.longest, about.choices, about.required)


def _months_ago(months: int, today: date) -> date:
    if not 0 <= months <= 1200:
        raise BadRow(f"{months} months ago is no date that can be kept")
    years, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return date(years, month + 1, min(today.day, calendar.monthrange(years, month + 1)[1]))
