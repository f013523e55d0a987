"""The forms of the ticket page. Services judge what they carry; a form only reads it."""

import secrets
from copy import copy
from datetime import datetime

from django import forms
from django.core import signing
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from knowledge import blanks
from staff.models import User
from tickets import details, sla_pauses, workflow
from tickets.draft_models import Draft
from tickets.models import Category, Cause, Kind, Level, Outcome, State, Ticket
from tickets.topic_fields import TopicField

PICK = [("", _("Choose"))]


class MomentInput(forms.DateTimeInput):
    """A browser's own field for date and time."""

    input_type = "datetime-local"

    def __init__(self, attrs=None):
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class NoText(forms.CharField):
    """Text that may be empty here: the service says in its own words when it is needed."""

    def __init__(self, **kwargs):
        super().__init__(required=False, **kwargs)


class ActForm(forms.Form):
    """An action that asks nothing; it only carries a refusal back."""

    def __init__(self, name: str):
        super().__init__({})
        self.name = name


class LongText(NoText):
    """A text of any length, every blank and line of it kept: the service says what is too long."""

    def __init__(self, **kwargs):
        super().__init__(strip=False, widget=forms.Textarea, **kwargs)

    def to_python(self, value):
        return with_plain_breaks(super().to_python(value))


def with_plain_breaks(text: str) -> str:
    """Line breaks as people count them; browsers send two characters for each."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def moment_of(text: str) -> datetime | None:
    """The time in a field as it is being filled in; None while it says none."""
    field = forms.DateTimeField(required=False)
    try:
        return field.clean(text[:16])
    except forms.ValidationError:
        return None


def extras_of(data) -> dict:
    """What a draft of a reply keeps beside its text, as it was filled in."""
    found = {"next_update_at": data.get("next_update_at", "")[:16], "articles": data.get("articles", "")[:200]}
    return {name: value for name, value in found.items() if value} | ({"wait": True} if data.get("wait") else {})


class ReplyForm(forms.Form):
    name = "reply"
    body = LongText(label=_("Reply"))
    next_update_at = forms.DateTimeField(label=_("Next update by"), required=False, widget=MomentInput)
    wait = forms.BooleanField(label=_("Waiting for the customer, the clock pauses"), required=False)
    key = NoText(max_length=40, widget=forms.HiddenInput)
    files = forms.TypedMultipleChoiceField(coerce=int, required=False, widget=forms.MultipleHiddenInput)
    articles = NoText(max_length=200, widget=forms.HiddenInput)

    def __init__(self, data=None, *, draft: Draft | None = None, **kwargs):
        initial = {"key": secrets.token_hex(8)} | ({"body": draft.text, **draft.extras} if draft else {})
        super().__init__(data, auto_id="reply-%s", initial=initial, **kwargs)
        sent = data.getlist("files") if hasattr(data, "getlist") else []
        self.fields["files"].choices = [(pk, pk) for pk in sent if pk.isdecimal() and len(pk) < 19]

    def clean_body(self):
        text = self.cleaned_data["body"]
        if found := blanks.still_open(text):
            raise forms.ValidationError(
                _("%(blank)s is still open in the text. Fill it in; the time comes from “Next update by”."),
                params={"blank": found[0][0]},
            )
        return text


class NoteForm(forms.Form):
    name = "note"
    body = LongText(label=_("Internal note"))
    key = NoText(max_length=40, widget=forms.HiddenInput)

    def __init__(self, data=None, *, draft: Draft | None = None, **kwargs):
        initial = {"key": secrets.token_hex(8)} | ({"body": draft.text} if draft else {})
        super().__init__(data, auto_id="note-%s", initial=initial, **kwargs)


class MoveForm(forms.Form):
    """One step of the flow, with what its record needs."""

    name = "move"
    to = forms.ChoiceField(choices=State.choices, widget=forms.HiddenInput)
    outcome = forms.ChoiceField(label=_("Outcome"), choices=PICK + Outcome.choices, required=False)
    cause = forms.ChoiceField(label=_("Cause"), choices=PICK + Cause.choices, required=False)
    note = NoText(label=pgettext_lazy("field", "Note"), max_length=400, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, data=None, *, ticket: Ticket | None = None, outcomes=None, name="move", **kwargs):
        super().__init__(data, auto_id=f"{name}-%s", **kwargs)
        self.name = name
        if name == "final":
            focus_first(self, "outcome")
            self.fields["outcome"].required = True
        if outcomes is not None:
            self.fields["outcome"].choices = PICK + [(value, Outcome(value).label) for value in outcomes]

    @classmethod
    def sent(cls, data, ticket: Ticket) -> "MoveForm":
        """The form that a request filled in: a step, the archive, or a final decision from the menu."""
        if data.get("to") != State.ARCHIVED:
            return cls(data, ticket=ticket)
        if data.get("form") == "final" or data.get("outcome") in workflow.FINAL_ANYWHERE:
            return final_form(ticket, data)
        return archive_form(ticket, data)


def archive_form(ticket: Ticket, data=None) -> MoveForm:
    """With the outcomes that the flow allows at this stage."""
    outcomes = [value for move in workflow.moves_of(ticket) for value in move.outcomes]
    return MoveForm(data, ticket=ticket, outcomes=outcomes, name="archive", initial={"to": State.ARCHIVED})


def final_form(ticket: Ticket, data=None) -> MoveForm:
    """With the decisions that may end any stage."""
    return MoveForm(
        data, ticket=ticket, outcomes=workflow.FINAL_ANYWHERE, name="final", initial={"to": State.ARCHIVED}
    )


def focus_first(form: forms.Form, field: str) -> None:
    """The field that takes the focus when the form's dialog opens."""
    form.fields[field].widget.attrs["autofocus"] = True


class ReclassifyForm(forms.Form):
    name = "reclassify"
    kind = forms.ChoiceField(label=_("Class"), choices=Kind.choices)
    level = forms.ChoiceField(
        label=_("Complaint level"), choices=[("", "–"), *Level.choices], required=False,
        help_text=_("For complaints only."),
    )
    reason = NoText(label=_("Reason"), max_length=400)

    def __init__(self, data=None, *, ticket: Ticket, **kwargs):
        super().__init__(data, auto_id="reclassify-%s", initial={"kind": ticket.kind, "level": ticket.level}, **kwargs)
        focus_first(self, "kind")


class DetailsForm(forms.ModelForm):
    """What the ticket says of itself; the priority follows from the three grades."""

    name = "details"
    both: tuple | list = ()  # versions of what somebody else changed meanwhile
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Ticket
        fields = ["subject", "category", "wish", "urgency", "importance", "difficulty"]
        field_classes = {"category": TopicField}

    def __init__(self, data=None, *, ticket: Ticket, **kwargs):
        # A copy: what was refused must not show on the page as if it were so.
        initial = {"seen": self.sealed(ticket)}
        super().__init__(data, auto_id="details-%s", instance=copy(ticket), initial=initial, **kwargs)
        focus_first(self, "subject")
        self.fields["category"].queryset = Category.objects.filter(
            Q(is_active=True) | Q(pk=ticket.category_id)
        ).in_tree()

    @staticmethod
    def sealed(ticket: Ticket) -> str:
        """What the editor sees, for the comparison when they save."""
        return signing.dumps(details.snapshot(ticket), salt="details")

    def clean_seen(self) -> dict[str, str] | None:
        if not self.cleaned_data["seen"]:
            return None
        try:
            return signing.loads(self.cleaned_data["seen"], salt="details")
        except signing.BadSignature as error:
            raise forms.ValidationError(_("The form has lost its key; load the page again.")) from error

    def show_both(self, stale: details.StaleDetails) -> None:
        """Saving again is then a decision, with both versions seen."""
        self.both = stale.conflicts
        self.data = {**self.data.dict(), "seen": self.sealed(stale.current)}


class AssignForm(forms.Form):
    name = "assign"
    to = forms.ModelChoiceField(User.objects.none(), label=_("To"), required=False, empty_label=_("Nobody yet"))
    reason = NoText(label=_("Reason"), max_length=400)

    def __init__(self, data=None, *, ticket: Ticket, **kwargs):
        super().__init__(data, auto_id="assign-%s", initial={"to": ticket.owner_id}, **kwargs)
        focus_first(self, "to")
        self.fields["to"].queryset = User.objects.filter(is_active=True, team=ticket.team_id).order_by(
            "display_name", "pk"
        )


class TakeOverForm(forms.Form):
    """Asks why; it carries whom it is taken from, so that a third who was quicker is not overrun."""

    name = "takeover"
    former = forms.IntegerField(required=False, widget=forms.HiddenInput)
    reason = NoText(label=_("Reason"), max_length=400)

    def __init__(self, data=None, *, ticket: Ticket, **kwargs):
        super().__init__(data, auto_id="takeover-%s", initial={"former": ticket.owner_id}, **kwargs)
        focus_first(self, "reason")


class ReopenForm(forms.Form):
    name = "reopen"
    reason = NoText(label=_("Reason"), max_length=400, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, data=None, **kwargs):
        super().__init__(data, auto_id="reopen-%s", **kwargs)
        focus_first(self, "reason")


class PauseForm(forms.Form):
    name = "pause"
    cause = forms.ChoiceField(
        label=_("What is waited for"), choices=[(one.value, one.label) for one in sla_pauses.BY_HAND], required=False,
    )
    reason = NoText(label=_("What exactly is waited for?"), max_length=400)
    days = forms.IntegerField(
        label=_("Working days more"), required=False, min_value=1, max_value=99,
        help_text=_("Empty: as many as the rules allow at a time."),
    )
    needs_consent = False  # whether the cap is used up, so that a team lead is asked instead

    def __init__(self, data=None, *, ticket: Ticket | None = None, **kwargs):
        super().__init__(data, auto_id="pause-%s", **kwargs)
