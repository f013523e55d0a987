"""Markup in bulk: `fill` is Django's `format_html` for lists, at a fraction of its time for each value."""

from html import escape

from django.utils.safestring import SafeString


def fill(pattern: str, *values, **named) -> SafeString:
    """The pattern with its places filled in; whatever is not markup already is escaped."""
    return SafeString(
        pattern.format(*map(_safe, values), **{name: _safe(value) for name, value in named.items()})
    )


def together(pieces) -> SafeString:
    """Markup one after the other; what is not markup yet is escaped."""
    return SafeString("".join(map(_safe, pieces)))


def _safe(value) -> str:
    text = str(value)
    if isinstance(text, SafeString) or text.isalnum():  # letters and figures hold nothing to escape
        return text
    return escape(text)
