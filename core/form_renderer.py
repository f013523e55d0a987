"""How form widgets are drawn: the plain ones here, in a fiftieth of the time that Django's templates take; the
same markup, which a test holds against the templates. All others by their templates."""

from collections.abc import Callable
from typing import Any

from django.forms.renderers import TemplatesSetting
from django.utils.formats import localize
from django.utils.safestring import SafeString

from core.markup import fill

INPUTS = ("checkbox", "date", "datetime", "email", "hidden", "number", "password", "text", "time", "url")
OPTION = "django/forms/widgets/select_option.html"


def _attributes(attrs: dict[str, Any]) -> SafeString:
    """As attrs.html: True is a bare name, False is left out."""
    pieces = (
        fill(" {}", name) if value is True else fill(' {}="{}"', name, value if isinstance(value, str) else str(value))
        for name, value in attrs.items() if value is not False
    )
    return SafeString("".join(pieces))


def _input(widget: dict[str, Any]) -> SafeString:
    given = widget["value"]
    value = "" if given is None else fill(' value="{}"', given if isinstance(given, str) else str(given))
    return fill('<input type="{}" name="{}"{}{}>', widget["type"], widget["name"], value, _attributes(widget["attrs"]))


def _textarea(widget: dict[str, Any]) -> SafeString:
    text = localize(widget["value"]) if widget["value"] else ""
    return fill('<textarea name="{}"{}>\n{}</textarea>', widget["name"], _attributes(widget["attrs"]), text)


def _select(widget: dict[str, Any]) -> SafeString:
    pieces = []
    for group, options, _index in widget["optgroups"]:
        drawn = SafeString("".join(map(_option, options)))
        pieces.append(fill('<optgroup label="{}">{}</optgroup>', group, drawn) if group else drawn)
    return fill(
        '<select name="{}"{}>{}</select>', widget["name"], _attributes(widget["attrs"]), SafeString("".join(pieces))
    )


def _option(option: dict[str, Any]) -> SafeString:
    value, label = option["value"], option["label"]
    return fill(
        '<option value="{}"{}>{}</option>', value if isinstance(value, str) else str(value),
        _attributes(option["attrs"]), label if isinstance(label, str) else localize(label),
    )


DRAWN: dict[str, Callable[[dict[str, Any]], SafeString]] = {
    **{f"django/forms/widgets/{name}.html": _input for name in INPUTS},
    "django/forms/widgets/textarea.html": _textarea,
    "django/forms/widgets/select.html": _select,
}


class Renderer(TemplatesSetting):
    """Django's, but for the plain widgets."""

    def render(self, template_name, context, request=None):
        draw = DRAWN.get(template_name)
        if draw is None or (draw is _select and _has_options_of_its_own(context["widget"])):
            return super().render(template_name, context, request)
        return draw(context["widget"])


def _has_options_of_its_own(widget: dict[str, Any]) -> bool:
    every = (option for _group, options, _index in widget["optgroups"] for option in options)
    return any(option["template_name"] != OPTION for option in every)
