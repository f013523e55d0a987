"""What somebody wishes to be told, by which way and when."""

from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from staff.models import NoticeSettings, Preference, User
from staff.notice_models import Cadence, Group, mail_unless_wished


class NoticesForm(forms.ModelForm):
    """Quiet hours, sound and the digest's time, with bell, mail and webhook of each group beside them."""

    quiet_days = forms.TypedMultipleChoiceField(
        label=_("quiet on the days"), choices=WEEKDAYS.items(), coerce=int, required=False
    )

    class Meta:
        model = NoticeSettings
        fields = ["sound", "zone", "digest_at", "is_quiet", "quiet_from", "quiet_until", "quiet_days"]

    def __init__(self, *args, user: User, **kwargs):
        kwargs["instance"] = NoticeSettings.objects.filter(pk=user.pk).first() or NoticeSettings(user=user)
        super().__init__(*args, **kwargs)
        self.user = user
        wished = {row.group: row for row in user.notice_preferences.all()}
        for group in Group:
            row = wished.get(group)
            self.fields[f"bell_{group}"] = forms.BooleanField(
                required=False, initial=group not in self.instance.muted, disabled=group == Group.ESCALATION
            )
            self.fields[f"mail_{group}"] = forms.ChoiceField(
                choices=Cadence, initial=row.mail if row else mail_unless_wished(group)
            )
            self.fields[f"hook_{group}"] = forms.BooleanField(required=False, initial=row.webhook if row else True)
        for group in Group:
            for way in ("bell", "mail", "hook"):
                self.fields[f"{way}_{group}"].label = group.label
        for name in ("digest_at", "quiet_from", "quiet_until"):
            self.fields[name].widget = forms.TimeInput(attrs={"class": "form-control", "type": "time"}, format="%H:%M")
        self.fields["zone"].widget.attrs.update({"class": "form-control", "spellcheck": "false"})

    def groups(self) -> list[dict]:
        """Rows of the table of wishes."""
        return [
            {"group": group, **{way: self[f"{way}_{group}"] for way in ("bell", "mail", "hook")}} for group in Group
        ]

    def days(self) -> list[dict]:
        chosen = {str(day) for day in self["quiet_days"].value() or []}
        return [{"value": day, "label": label, "is_chosen": str(day) in chosen} for day, label in WEEKDAYS.items()]

    def clean_zone(self) -> str:
        try:
            return ZoneInfo(self.cleaned_data["zone"].strip()).key
        except (KeyError, ValueError, OSError):
            raise ValidationError(_("There is no such time zone; write one such as Asia/Shanghai.")) from None

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("is_quiet"):
            if cleaned.get("quiet_from") == cleaned.get("quiet_until"):
                self.add_error("quiet_until", _("Quiet hours end at another time than they begin."))
            if not cleaned.get("quiet_days") and "quiet_days" not in self.errors:
                self.add_error("quiet_days", _("Choose the days on which quiet hours begin."))
        return cleaned

    @transaction.atomic
    def save(self, commit=True) -> NoticeSettings:
        wishes = self.cleaned_data
        self.instance.muted = [group for group in Group if not wishes[f"bell_{group}"]]
        self.instance.save()
        Preference.objects.bulk_create(
            [
                Preference(
                    user=self.user, group=group, mail=wishes[f"mail_{group}"], webhook=wishes[f"hook_{group}"]
                )
                for group in Group
            ],
            update_conflicts=True, unique_fields=["user", "group"], update_fields=["mail", "webhook"],
        )  # fmt: skip
        return self.instance
