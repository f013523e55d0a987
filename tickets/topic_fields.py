"""The choice of a topic in forms: the tree in its order, each with its path."""

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.models import Category


class TopicField(forms.ModelChoiceField):
    """Return or exchange › Refund."""

    def __init__(self, queryset=None, **kwargs):
        rows = Category.objects.filter(is_active=True) if queryset is None else queryset
        super().__init__(rows.in_tree(), **{"label": _("Topic"), **kwargs})

    def label_from_instance(self, topic: Category) -> str:
        return topic.path
