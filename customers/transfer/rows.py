"""Lines of a file as rows of values: a good one with its values, a bad one with the field and the reason."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from core import crypto, importing
from customers.models import Contact, ImportRun
from customers.transfer import fields, stored
from customers.transfer.refusals import BadValue

MAY_BEGIN_WITH_A_SIGN = {"phone", "spend", "amount", "price"}


class Sealed(NamedTuple):
    """A contact of a row, with the forms under which it is found and shown."""

    kind: str
    value: str
    value_index: str
    masked: str
    last4_index: str


@dataclass(slots=True)
class Row:
    """One good line. `digest` changes when the line or the choice of columns does."""

    line: int
    cells: list[str]
    values: dict[str, Any]
    attributes: dict[str, Any] = field(default_factory=dict)
    digest: str = ""
    sealed: list[Sealed] | None = None

    @property
    def contacts(self) -> list[Sealed]:
        if self.sealed is None:
            held = [(kind, value) for kind in fields.CONTACTS if (value := self.values.get(kind))]
            self.sealed = [Sealed(kind, value, *Contact.forms_of(kind, value)) for kind, value in held]
        return self.sealed

    @property
    def key(self) -> str:
        """What tells this customer from the others of the file."""
        for name in ("external_id", "phone", "email"):
            if value := self.values.get(name):
                return f"{name}:{value}"
        raise BadValue("keyless")

    @property
    def unique(self) -> str:
        """What no other row of the file may have: the order's number, or the customer's key."""
        code = self.values.get("code")
        return self.key if code is None else f"code:{code}"


@dataclass(slots=True)
class Bad:
    """One line that cannot be taken."""

    line: int
    cells: list[str]
    code: str
    detail: str = ""
    field: str = ""


class Reader:
    """Reads the lines of a run by the columns that were chosen for it."""

    def __init__(self, run: ImportRun):
        known = {column.code: column for column in fields.columns_for(run.what)}
        chosen = [(known[code], name) for code, name in run.columns.items() if code in known and name in run.header]
        self.run = run
        self.plan = [
            (run.header.index(name), column.code, column.read, column.code in MAY_BEGIN_WITH_A_SIGN)
            for column, name in chosen
        ]
        self.required = [code for code, column in known.items() if column.required]
        self._mark = repr(sorted(run.columns.items())) + run.source

    def place_of(self, field: str) -> int | None:
        """Which cell of a line fills this field."""
        return next((place for place, code, _read, _signed in self.plan if code == field), None)

    def __iter__(self) -> Iterator[Row | Bad]:
        for line, cells, wrong in stored.lines(self.run):
            if wrong:
                yield Bad(line, cells, wrong, str(len(cells)) if wrong == "cells" else "")
                continue
            try:
                yield self.row(line, cells)
            except BadValue as bad:
                yield Bad(line, cells, bad.code, bad.detail, bad.field)

    def row(self, line: int, cells: list[str]) -> Row:
        """Raises BadValue with its field."""
        values, attributes = {}, {}
        for place, code, read, signed in self.plan:
            written = cells[place].strip()
            if not written:
                continue
            try:
                if cells[place][0] in "=@\t\r+-" and not (signed and written[0] in "+-"):
                    _refuse_formula(cells[place])
                value = read(written)
            except BadValue as bad:
                bad.field = code
                raise
            if code.startswith("attributes."):
                attributes[code[11:]] = value
            else:
                values[code] = value
        for code in self.required:
            if code not in values:
                raise BadValue("empty", field=code)
        return Row(line, cells, values, attributes, importing.digest_of([self._mark, *cells]))


def key_hash(key: str) -> int:
    """A 64-bit mark of a key; keyed, since telephone numbers could be guessed from a plain one."""
    return int(crypto.blind_index("import", key)[:15], 16)


def _refuse_formula(written: str) -> None:
    if fields.FORMULA.match(written):
        raise BadValue("formula", written[:40])
