"""Why a file or one of its rows is refused: kept as a code with its detail, worded when it is shown."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

REASONS = {
    "cells": gettext_lazy("%(detail)s cells where the first line has another number of them"),
    "too_long_cell": gettext_lazy("a cell is too long to be read (more than 131,072 characters)"),
    "unreadable": gettext_lazy("characters that cannot be read"),
    "formula": gettext_lazy("“%(detail)s” is a formula or an error of the spreadsheet; write its result instead"),
    "empty": gettext_lazy("is empty"),
    "long": gettext_lazy("longer than %(detail)s characters"),
    "nul": gettext_lazy("holds a character that cannot be kept"),
    "phone": gettext_lazy("“%(detail)s” is no telephone number"),
    "email": gettext_lazy("“%(detail)s” is no mail address"),
    "date": gettext_lazy("“%(detail)s” is no date written as 2025-12-31"),
    "range": gettext_lazy("%(detail)s lies too far back, or in the future"),
    "number": gettext_lazy("“%(detail)s” is no number that can be kept"),
    "negative": gettext_lazy("is negative"),
    "choice": gettext_lazy("“%(detail)s” is none of what can be chosen"),
    "keyless": gettext_lazy("needs a number of the other system, a telephone number or a mail address"),
    "double": gettext_lazy("the same as in line %(detail)s"),
    "erased": gettext_lazy("was erased at the person's request"),
    "nobody": gettext_lazy("belongs to no customer of this team"),
    "order": "%(detail)s",  # worded by `customers.ordering`
    "of_group": gettext_lazy("line %(detail)s of the same order was refused"),
    "database": gettext_lazy("the database cannot keep it"),
}


class BadFile(Exception):
    """The file cannot be taken; the text says why, in the user's words."""


class BadValue(ValueError):
    """A value cannot be taken: the field (or ""), a code of REASONS and its detail."""

    def __init__(self, code: str, detail: object = "", field: str = ""):
        super().__init__(code)
        self.code, self.detail, self.field = code, str(detail)[:80], field


def words(code: str, detail: str) -> str:
    """The reason in the reader's language."""
    return str(REASONS[code]) % {"detail": detail} if code in REASONS else _("cannot be taken")
