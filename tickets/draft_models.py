"""What somebody has begun to write on a ticket: sealed, one text a person, ticket and kind, with its files."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.crypto import EncryptedBinaryField, EncryptedJSONField, EncryptedTextField
from messaging.models import PICTURES


class Draft(models.Model):
    """An unsent reply or note. Sending empties it and counts its version on, so that a late save is recognised."""

    class Kind(models.TextChoices):
        REPLY = "reply", _("reply")
        NOTE = "note", _("internal note")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="drafts")
    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="drafts")
    kind = models.CharField(max_length=5, choices=Kind)
    text = EncryptedTextField(blank=True)
    extras = EncryptedJSONField(default=dict)  # the other fields of the form as they were filled in
    version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [
            models.UniqueConstraint(fields=["user", "ticket", "kind"], name="one_draft_of_a_kind"),
            models.CheckConstraint(condition=models.Q(kind__in=["reply", "note"]), name="draft_kind_is_known"),
        ]
        indexes = [models.Index(fields=["updated_at"], name="draft_by_age")]

    def __str__(self):
        return f"{self.kind} {self.ticket_id}"


class DraftFile(models.Model):
    """A file that is to go along with a reply. It goes with its draft, so none is ever left behind."""

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="files")
    name = EncryptedTextField(max_length=255)
    content_type = models.CharField(max_length=120)
    size = models.PositiveIntegerField()
    content = EncryptedBinaryField()
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("file of a draft")
        verbose_name_plural = _("files of drafts")
        ordering = ["id"]

    def __str__(self):
        return f"{self.content_type} {self.size}"

    @property
    def is_picture(self) -> bool:
        return self.content_type in PICTURES
