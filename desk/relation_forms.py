"""Forms of what a ticket is bound to: its tags, tasks and links, and what is split off it."""

import secrets

from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from desk.forms import MomentInput, NoText, focus_first
from desk.search import TICKET_NUMBER
from staff.models import User
from tickets import mentions
from tickets.models import Kind, Ticket


class TagForm(forms.Form):
    name = "tag"
    tag = NoText(
        label=_("Tag"), max_length=60, help_text=_("A new word becomes a new tag."),
        widget=forms.TextInput(attrs={"list": "tag-names", "autocomplete": "off", "maxlength": 30}),
    )

    def __init__(self, data=None, **kwargs):
        super().__init__(data, auto_id="tag-%s", **kwargs)
        focus_first(self, "tag")


class TaskForm(forms.Form):
    name = "task"
    what = NoText(label=_("What is to be done"), max_length=400)
    owner = forms.ModelChoiceField(User.objects.none(), label=_("Owner"), required=False, empty_label=_("Nobody yet"))
    due_at = forms.DateTimeField(label=pgettext_lazy("task", "Due"), required=False, widget=MomentInput)
    key = NoText(max_length=40, widget=forms.HiddenInput)

    def __init__(self, data=None, *, ticket: Ticket, **kwargs):
        super().__init__(data, auto_id="task-%s", initial={"key": secrets.token_hex(8)}, **kwargs)
        self.fields["what"].widget.attrs["maxlength"] = 200
        self.fields["owner"].queryset = mentions.colleagues(ticket)


class LinkForm(forms.Form):
    """Which ticket the other one is to this one."""

    name = "link"
    AS = {
        "parent": _("is its parent"), "child": _("is a part of it"), "related": _("is related"),
        "duplicate_of": _("is the same matter"),
    }  # fmt: skip
    number = NoText(label=_("Ticket"), max_length=100)
    as_what = forms.ChoiceField(label=_("Link"), choices=list(AS.items()))

    def __init__(self, data=None, *, user: User, **kwargs):
        super().__init__(data, auto_id="link-%s", initial={"as_what": "related"}, **kwargs)
        self.user = user

    def clean_number(self):
        return ticket_named(self.cleaned_data["number"], self.user)


class SplitForm(forms.Form):
    name = "split"
    subject = NoText(label=_("Summary of the new ticket"), max_length=200)
    kind = forms.ChoiceField(label=_("Class"), choices=Kind.choices)
    key = NoText(max_length=40, widget=forms.HiddenInput)

    def __init__(self, data=None, *, ticket: Ticket, **kwargs):
        initial = {"key": secrets.token_hex(8), "kind": ticket.kind}
        super().__init__(data, auto_id="split-%s", initial=initial, **kwargs)


def ticket_named(text: str, user: User) -> Ticket:
    """The ticket whose number was typed, within sight. Raises ValidationError."""
    number = TICKET_NUMBER.fullmatch(text.strip())
    found = Ticket.objects.visible_to(user).filter(pk=int(number["id"])).first() if number else None
    if found is None:
        raise forms.ValidationError(gettext("There is no ticket with this number that you may see."))
    return found
