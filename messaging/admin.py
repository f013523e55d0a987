from django.contrib import admin, messages
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core import masking
from core.site import DeskAdmin, ReadOnlyAdmin, choices, column
from messaging import again
from messaging.models import FileType, Mailbox, Message, Outbox


@admin.register(Mailbox)
class MailboxAdmin(DeskAdmin):
    list_display = ["address", "name", "team", "is_default"]
    list_select_related = ["team"]
    search_fields = ["address", "name"]
    autocomplete_fields = ["team"]


def _subject():
    return column("subject", _("subject"), lambda row: masking.free_text(row.subject))


def _sender(message: Message) -> str:
    return masking.email((message.envelope or {}).get("from_email", ""))


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """What came in, and above all what could not be read."""

    list_display = [
        column("received_at", _("received")), column("channel", _("channel")), column("state", _("state")),
        column("action", _("done with it")), column("envelope", _("from"), _sender), _subject(),
        column("error", _("error"), lambda row: masking.free_text(row.error)),
    ]  # fmt: skip
    list_filter = [("state", choices(_("state"))), ("action", choices(_("done with it")))]
    ordering = ["-id"]
    actions = ["try_again"]

    def get_queryset(self, request):
        return super().get_queryset(request).defer("raw", "body", "body_html")

    def has_retry_permission(self, request):
        return self.has_view_permission(request)

    @admin.action(description=_("Try again to take in the quarantined ones"), permissions=["retry"])
    def try_again(self, request, queryset):
        released = again.take_in_again(queryset)
        for message in released:
            self.log_change(request, message, str(_("released from quarantine")))
        messages.success(request, ngettext(
            "%(count)d message is taken in again.", "%(count)d messages are taken in again.", len(released)
        ) % {"count": len(released)})  # fmt: skip


@admin.register(Outbox)
class OutboxAdmin(ReadOnlyAdmin):
    """What goes out and what did not get through. Addresses are masked, texts are read on the ticket."""

    list_display = [
        column("queued_at", _("queued")), column("to_masked", _("to")), _subject(), column("state", _("state")),
        column("attempts", _("tries")), column("sent_at", _("sent")),
        column("error", _("error"), lambda row: masking.free_text(row.error)),
    ]  # fmt: skip
    more = (
        column("channel", _("channel")), column("purpose", _("purpose")),
        column("next_attempt_at", _("next attempt")), column("from_address", _("from")),
    )  # fmt: skip
    list_filter = [("state", choices(_("state")))]
    ordering = ["-id"]
    actions = ["queue_again"]

    def get_queryset(self, request):
        return super().get_queryset(request).defer("to", "body")

    def has_retry_permission(self, request):
        return self.has_view_permission(request)

    @admin.action(description=_("Queue the failed ones again"), permissions=["retry"])
    def queue_again(self, request, queryset):
        queued = again.send_again(queryset)
        for row in queued:
            self.log_change(request, row, str(_("queued again")))
        messages.success(request, ngettext(
            "%(count)d message is queued again.", "%(count)d messages are queued again.", len(queued)
        ) % {"count": len(queued)})  # fmt: skip


@admin.register(FileType)
class FileTypeAdmin(DeskAdmin):
    """Which files agents may send."""

    list_display = ["extension", "content_type", "signature", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["extension"]
