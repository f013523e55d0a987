"""The choice of a topic in forms: the tree in its order, each with its path."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.forms.models import ModelChoiceIterator
from django.utils.translation import gettext_lazy as _

from tickets.models import Category


class TopicChoices(ModelChoiceIterator):
    """Paths as they are offered; a model is made of the chosen one only."""

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        yield from self.queryset.paths()  # type: ignore[attr-defined]


class TopicField(forms.ModelChoiceField):
    """Return or exchange › Refund."""

    iterator = TopicChoices

    def __init__(self, queryset=None, **kwargs):
        rows = Category.objects.filter(is_active=True) if queryset is None else queryset
        super().__init__(rows.in_tree(), **{"label": _("Topic"), **kwargs})
