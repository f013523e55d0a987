"""Webhooks in the administration: set up, tried, taken up again; and what is on its way."""

from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.site import DeskAdmin, ReadOnlyAdmin, column
from staff import deliveries, webhooks
from staff.models import Delivery, Webhook
from staff.notice_models import Group


class WebhookForm(forms.ModelForm):
    groups = forms.MultipleChoiceField(
        label=gettext_lazy("Notices"), choices=Group, required=False, widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None chosen: all of them."),
    )

    class Meta:
        model = Webhook
        fields = ["name", "url", "team", "groups", "secret", "is_active"]
        widgets = {
            "url": forms.TextInput(attrs={"class": "vTextField"}),
            "secret": forms.TextInput(attrs={"class": "vTextField"}),
        }


@admin.register(Webhook)
class WebhookAdmin(DeskAdmin):
    form = WebhookForm
    list_display = ["name", "team", "is_active", column("failures", gettext_lazy("failures in a row")),
                    column("paused_at", gettext_lazy("paused since"))]  # fmt: skip
    list_select_related = ["team"]
    list_filter = ["is_active", "team"]
    autocomplete_fields = ["team"]
    search_fields = ["name"]
    actions = ["send_test", "resume"]

    @admin.action(description=gettext_lazy("Send a test and show the answer"), permissions=["change"])
    def send_test(self, request, queryset):
        for hook in queryset[:5]:
            body = {"kind": "test", "user": request.user.pk, "at": timezone.now().isoformat(timespec="seconds")}
            try:
                answer = webhooks.post(hook, body, key=f"test:{uuid4()}", now=timezone.now())
            except webhooks.PostFailed as error:
                facts = {"name": hook, "why": webhooks.in_words(str(error))}
                self.message_user(request, _("%(name)s: %(why)s") % facts, messages.ERROR)
            else:
                facts = {"name": hook, "status": answer.status, "text": answer.text[:200]}
                self.message_user(request, _("%(name)s answered %(status)s: %(text)s") % facts, messages.SUCCESS)

    @admin.action(description=gettext_lazy("Take up again what was paused"), permissions=["change"])
    def resume(self, request, queryset):
        count = deliveries.resume(queryset)
        self.message_user(request, _("Webhooks taken up again: %(count)d.") % {"count": count}, messages.SUCCESS)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = [
        column("made_at", gettext_lazy("at")), column("user", gettext_lazy("person")),
        column("channel", gettext_lazy("by")), column("webhook", gettext_lazy("webhook")),
        column("state", gettext_lazy("state")), column("due_at", gettext_lazy("due")),
        column("attempts", gettext_lazy("attempts")),
        column("why", gettext_lazy("reason"), lambda row: webhooks.in_words(row.why)),
    ]  # fmt: skip
    list_select_related = ["user", "webhook"]
    ordering = ["-id"]
