"""Signing in, and what members of staff set for themselves."""

from axes.handlers.proxy import AxesProxyHandler
from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from staff.models import Presence, User


class SignInForm(AuthenticationForm):
    """Staff number or mail address, and password; after a failure it says how many tries are left."""

    keep = forms.BooleanField(label=_("Keep me signed in on this computer for 8 hours"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("Staff number or email")
        self.fields["username"].widget.attrs.update(
            {"class": "form-control is-tall", "autocapitalize": "none", "spellcheck": "false"}
        )
        self.fields["password"].widget.attrs.update({"class": "form-control is-tall"})
        self.fields["keep"].widget.attrs["class"] = "form-check-input mt-0"

    def clean_username(self) -> str:
        typed = self.cleaned_data["username"].strip()
        if "@" not in typed or User.objects.filter(username=typed).exists():
            return typed
        # Two accounts with one address: nobody signs in by it.
        owners = User.objects.filter(email__iexact=typed, is_active=True).values_list("username", flat=True)[:2]
        return owners[0] if len(owners) == 1 else typed

    def clean(self):
        cleaned = super().clean()
        if self.user_cache is not None and self.request is not None and cleaned.get("keep"):
            self.request.session.set_expiry(settings.SESSION_COOKIE_AGE)
        return cleaned

    def get_invalid_login_error(self) -> ValidationError:
        left = self._tries_left()
        if left is None:
            return ValidationError(_("The staff number or the password is wrong."), code="invalid_login")
        return ValidationError(
            ngettext(
                "The staff number or the password is wrong. %(left)d try left.",
                "The staff number or the password is wrong. %(left)d tries left.",
                left,
            ),
            code="invalid_login",
            params={"left": left},
        )

    def _tries_left(self) -> int | None:
        if self.request is None:
            return None
        credentials = {"username": self.cleaned_data.get("username")}
        failures = AxesProxyHandler.get_failures(self.request, credentials)
        return max(settings.AXES_FAILURE_LIMIT - failures, 0)


class OwnForm(forms.ModelForm):
    """A few fields of one's own account; writes those and no other."""

    def save(self, commit=True) -> User:
        self.instance.save(update_fields=self._meta.fields)
        return self.instance


class LanguageForm(OwnForm):
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    class Meta:
        model = User
        fields = ["language"]


class PreferencesForm(LanguageForm):
    class Meta:
        model = User
        fields = ["language", "theme", "single_keys"]


class PresenceForm(OwnForm):
    presence = forms.ChoiceField(label=_("Presence"), choices=Presence)

    class Meta:
        model = User
        fields = ["presence"]

    def save(self, commit=True) -> User:
        self.instance.presence_since = timezone.now()
        self.instance.save(update_fields=["presence", "presence_since"])
        return self.instance
