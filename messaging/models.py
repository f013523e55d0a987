"""Contacts with the outside, stored first and raw: inbound messages, calls, and the outbox."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.crypto import EncryptedBinaryField, EncryptedJSONField, EncryptedTextField
from core.redaction import FreeCharField, WithOriginals
from messaging.sniffing import PROGRAMS


class Channel(models.TextChoices):
    PHONE = "phone", _("phone")
    MAIL = "mail", _("mail")
    API = "api", _("API")
    WEB = "web", _("web form")
    WECHAT = "wechat", _("WeChat")
    CHAT = "chat", _("live chat")
    VISIT = "visit", _("visit")
    IMPORT = "import", _("import")
    MARKET_12315 = "12315", _("12315 platform")  # market regulation
    CITY_12345 = "12345", _("12345 hotline")  # the city government


# What an authority passes on: a contact that is not the customer's own, so nobody has been answered yet.
AUTHORITIES = (Channel.MARKET_12315, Channel.CITY_12345)


class Mailbox(models.Model):
    """An address of ours and the team that answers it. Never taken for a customer's."""

    address = models.EmailField(_("address"), unique=True)
    name = models.CharField(_("sender name"), max_length=80)
    team = models.ForeignKey("staff.Team", models.PROTECT, related_name="mailboxes", verbose_name=_("team"))
    is_default = models.BooleanField(_("default"), default=False)

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")
        constraints = [
            models.UniqueConstraint(fields=["is_default"], condition=models.Q(is_default=True),
                                    name="one_default_mailbox")
        ]

    def __str__(self):
        return self.address


class MessageQuerySet(models.QuerySet):
    def unrouted(self):
        """Stored, not yet turned into a ticket; oldest first."""
        return self.filter(state=Message.State.STORED).order_by("id")


class Message(models.Model):
    """One raw inbound message. The bytes are stored before anything looks at them."""

    class State(models.TextChoices):
        STORED = "stored", _("stored")
        ROUTED = "routed", _("routed")
        IGNORED = "ignored", _("ignored")
        QUARANTINED = "quarantined", _("quarantined")

    class Action(models.TextChoices):
        OPENED = "opened", _("opened")
        APPENDED = "appended", _("appended")
        DUPLICATE = "duplicate", _("duplicate")
        BOUNCE = "bounce", _("bounce")
        AUTO_REPLY = "auto_reply", _("auto-reply")
        QUARANTINED = "quarantined", _("quarantined")

    channel = models.CharField(max_length=8, choices=Channel, default=Channel.MAIL)
    raw = EncryptedBinaryField()
    digest = models.CharField(max_length=64)  # keyed, of the raw bytes
    message_id = models.CharField(max_length=255, blank=True)  # its keyed index, or the digest
    received_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=12, choices=State, default=State.STORED)
    action = models.CharField(max_length=12, choices=Action, blank=True)
    envelope = EncryptedJSONField(default=dict)  # from_email, from_name, to, cc as parsed
    subject = EncryptedTextField(max_length=400, blank=True)
    body = EncryptedTextField(blank=True)
    body_html = EncryptedTextField(blank=True)
    error = FreeCharField(max_length=400, blank=True)
    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index(fields=["id"], condition=models.Q(state="stored"), name="message_unrouted"),
            models.Index(fields=["digest"], name="message_by_digest"),
            models.Index(fields=["state", "-id"], name="message_by_state"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["message_id"],
                condition=~models.Q(message_id="") & models.Q(action__in=["opened", "appended"]),
                name="message_id_taken_in_once",
            )
        ]

    def __str__(self):
        return f"{self.channel} {self.pk}"


PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
SHOWN_AT_ONCE = 5_000_000  # bytes; a larger picture is opened by whoever wants to see it


class Attachment(WithOriginals):
    """A file that came with a message, or goes out with one of ours."""

    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="attachments")
    outgoing = models.ForeignKey("Outbox", models.CASCADE, null=True, related_name="attachments")
    name = FreeCharField(max_length=255)
    content_type = models.CharField(max_length=120)
    size = models.PositiveIntegerField()
    content = EncryptedBinaryField()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(message__isnull=True) ^ models.Q(outgoing__isnull=True),
                name="attachment_came_or_goes",
            )
        ]

    def __str__(self):
        return self.name

    @property
    def is_shown(self) -> bool:
        """Whether the conversation shows it as a small picture."""
        return self.content_type in PICTURES and self.size <= SHOWN_AT_ONCE


class FileType(models.Model):
    """A kind of file that may be sent; the content has to be what the extension says."""

    class Signature(models.TextChoices):
        PNG = "png", _("PNG picture")
        JPEG = "jpeg", _("JPEG picture")
        GIF = "gif", _("GIF picture")
        WEBP = "webp", _("WebP picture")
        PDF = "pdf", _("PDF document")
        ZIP = "zip", _("ZIP archive or office document")
        OLE = "ole", _("older office document")
        TEXT = "text", _("plain text")
        MEDIA = "media", _("sound or film")
        ANY = "any", _("anything but a program")

    extension = models.CharField(
        _("extension"), max_length=12, unique=True,
        validators=[RegexValidator(r"^[a-z0-9]+$", _("Small letters and digits, without the dot."))],
    )
    content_type = models.CharField(
        _("content type"), max_length=120,
        validators=[RegexValidator(r"^[a-z]+/[A-Za-z0-9.+-]+$", _("Such as application/pdf."))],
    )
    signature = models.CharField(_("must hold"), max_length=5, choices=Signature)
    is_active = models.BooleanField(_("allowed"), default=True)

    class Meta:
        verbose_name = _("kind of file")
        verbose_name_plural = _("kinds of files")
        ordering = ["extension"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    signature__in=["png", "jpeg", "gif", "webp", "pdf", "zip", "ole", "text", "media", "any"]
                ),
                name="file_signature_is_known",
            )
        ]

    def __str__(self):
        return self.extension

    def clean(self):
        if self.extension in PROGRAMS:
            raise ValidationError({"extension": _("Programs are never sent.")})


class CallStep(models.TextChoices):
    """The five standard actions of an incoming call (P4, 来电受理标准动作)."""

    OPEN = "open", _("Greet")
    LISTEN = "listen", _("Listen")
    NOTE = "note", _("Record")
    ANSWER = "answer", _("Answer")
    END = "end", _("End")


class OutStep(models.TextChoices):
    """The five standard actions of an outgoing call (P4, 电话回访标准动作)."""

    PREPARE = "prepare", _("Prepare and dial")
    IDENTIFY = "identify", _("Say who you are")
    STATE = "state", _("State the matter")
    EXPLORE = "explore", _("Explore")
    END = "end", _("End")


class Call(models.Model):
    """One telephone call with its times and the stamps of its standard actions."""

    class Direction(models.TextChoices):
        IN = "in", _("incoming")
        OUT = "out", _("outgoing")

    class Outcome(models.TextChoices):
        ANSWERED = "answered", pgettext_lazy("call outcome", "Answered")
        TICKET = "ticket", _("Make a ticket")
        CALLBACK = "callback", _("Call back")
        ESCALATE = "escalate", _("Escalate")
        DROPPED = "dropped", _("Dropped")

    class Side(models.TextChoices):
        CUSTOMER = "customer", _("The customer")
        AGENT = "agent", _("We")

    direction = models.CharField(max_length=3, choices=Direction, default=Direction.IN)
    team = models.ForeignKey("staff.Team", models.PROTECT, related_name="calls")
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="calls")
    customer = models.ForeignKey("customers.Customer", models.SET_NULL, null=True, related_name="calls")
    number = EncryptedTextField(blank=True)
    masked = models.CharField(max_length=40, blank=True)
    ringing_at = models.DateTimeField(null=True)
    picked_up_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    hung_up_by = models.CharField(max_length=8, choices=Side, blank=True)  # '' where nobody has said
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    steps = models.JSONField(default=dict)  # {step: ISO time of its first stamp}
    draft = EncryptedJSONField(default=dict)  # the form as it is filled, so that a crash loses nothing

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        indexes = [
            models.Index(fields=["agent"], condition=models.Q(ended_at=None), name="call_open"),
            models.Index(fields=["customer", "-id"], name="call_by_customer"),
        ]

    def __str__(self):
        return f"{self.direction} {self.pk}"


class OutboxQuerySet(models.QuerySet):
    def due(self, now):
        return self.filter(state=Outbox.State.QUEUED, next_attempt_at__lte=now).order_by("next_attempt_at", "id")


class Outbox(models.Model):
    """A message to be sent after commit. Its key makes repeats harmless."""

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENDING = "sending", _("sending")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    key = models.CharField(max_length=120, unique=True)
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.MAIL)
    purpose = models.CharField(max_length=12, default="service")
    customer = models.ForeignKey("customers.Customer", models.SET_NULL, null=True, related_name="outbox")
    to = EncryptedTextField()
    to_masked = models.CharField(max_length=120)
    from_address = models.CharField(max_length=254)
    from_name = models.CharField(max_length=80, blank=True)
    subject = EncryptedTextField(max_length=400)
    body = EncryptedTextField()
    headers = EncryptedJSONField(default=dict)  # in_reply_to, references, auto
    message_id = models.CharField(max_length=255)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    queued_at = models.DateTimeField(default=timezone.now)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    error = FreeCharField(max_length=200, blank=True)
    objects = OutboxQuerySet.as_manager()

    class Meta:
        verbose_name = _("outgoing message")
        verbose_name_plural = _("outbox")
        indexes = [
            models.Index(fields=["next_attempt_at", "id"], condition=models.Q(state="queued"), name="outbox_due"),
            models.Index(fields=["next_attempt_at"], condition=models.Q(state="sending"), name="outbox_in_flight"),
            models.Index(fields=["message_id"], name="outbox_by_message_id"),
        ]

    def __str__(self):
        return self.key
