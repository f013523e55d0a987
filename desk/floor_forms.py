"""The forms of the floor. Services judge what they carry; a form only reads it."""

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from desk.forms import MomentInput
from desk.order_forms import Keyed, Styled
from staff.floor_models import Absence, Shift
from staff.models import Role, Team, User
from staff.sight import visible_teams

REMARK = 300


def people_of(user: User):
    """Everybody at work in the teams that this person leads."""
    return User.objects.filter(is_active=True, team__in=visible_teams(user)).order_by("display_name", "pk")


class AbsenceForm(Styled):
    user = forms.ModelChoiceField(User.objects.none(), label=_("Person"), empty_label=_("Choose"))
    kind = forms.ChoiceField(label=_("Kind"), choices=Absence.Kind.choices)
    starts_at = forms.DateTimeField(label=_("From"), widget=MomentInput)
    ends_at = forms.DateTimeField(label=_("Until"), widget=MomentInput)
    plan = forms.ChoiceField(label=_("Their work goes"), choices=Absence.Plan.choices)
    deputy = forms.ModelChoiceField(
        User.objects.none(), label=_("Deputy"), required=False, empty_label=_("Nobody"),
        help_text=_("Also asked in their place, for example when something is escalated."),
    )
    note = forms.CharField(label=_("Note"), max_length=200, required=False)

    def __init__(self, data=None, *, by: User):
        self.by = by
        super().__init__(data, auto_id="absence-%s", initial={"starts_at": timezone.localtime()})

    def prepare(self) -> None:
        for name in ("user", "deputy"):
            self.fields[name].queryset = people_of(self.by)


class PlanForm(Styled):
    """Where the work of somebody who is away goes."""

    plan = forms.ChoiceField(choices=Absence.Plan.choices)


class AnnouncementForm(Styled):
    """News in Chinese, in English or in both; readers of the other language see the one that there is."""

    title_zh = forms.CharField(label=_("Title (Chinese)"), max_length=120, required=False)
    title_en = forms.CharField(label=_("Title (English)"), max_length=120, required=False)
    body_zh = forms.CharField(
        label=_("Text (Chinese)"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    body_en = forms.CharField(
        label=_("Text (English)"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    to_all = forms.BooleanField(label=_("To all teams"), required=False)
    teams = forms.ModelMultipleChoiceField(
        Team.objects.none(), label=_("Teams"), required=False, widget=forms.CheckboxSelectMultiple
    )
    starts_at = forms.DateTimeField(label=_("From"), required=False, widget=MomentInput)
    ends_at = forms.DateTimeField(label=_("Until"), widget=MomentInput)
    must_acknowledge = forms.BooleanField(label=_("Must be acknowledged"), required=False)

    def __init__(self, data=None, *, by: User):
        self.by = by
        super().__init__(data, auto_id="news-%s")
        self.fields["teams"].widget.attrs.pop("class", None)

    def prepare(self) -> None:
        self.fields["teams"].queryset = visible_teams(self.by)
        if self.by.role != Role.ADMIN and not self.by.is_superuser:
            del self.fields["to_all"]

    def clean(self):
        given = super().clean()
        if not (given.get("title_zh") or given.get("title_en")):
            self.add_error("title_zh", _("Write a title in one of the languages."))
        given["starts_at"] = given.get("starts_at") or timezone.now()
        if given.get("ends_at") and given["ends_at"] <= given["starts_at"]:
            self.add_error("ends_at", _("The end has to be after the beginning."))
        return given


class DutyForm(forms.Form):
    """A cell of the roster: who, which shift, which day."""

    user = forms.ModelChoiceField(User.objects.none())
    shift = forms.ModelChoiceField(Shift.objects.none())
    date = forms.DateField()

    def __init__(self, data, *, team: Team):
        super().__init__(data)
        self.fields["user"].queryset = User.objects.filter(is_active=True, team=team)
        self.fields["shift"].queryset = Shift.objects.filter(is_active=True, team=team)


class HandOverForm(Keyed):
    """The remarks, one a ticket: `remark-<id>`."""

    remarks: dict[int, str]

    def prepare(self) -> None:
        self.remarks = {}

    def clean(self):
        given = super().clean()
        for name, text in self.data.items():
            pk = name.removeprefix("remark-")
            if name.startswith("remark-") and pk.isascii() and pk.isdecimal() and len(pk) < 19:
                self.remarks[int(pk)] = text.replace("\0", "").strip()
        if any(len(text) > REMARK for text in self.remarks.values()):
            self.add_error(None, _("A remark has %(most)d characters at most.") % {"most": REMARK})
        if not given.get("key"):
            self.add_error(None, _("The form has lost its key; load the page again."))
        return given
