"""How notices reach people beside the bell: what each person wishes, webhooks, and what is on its way."""

import secrets
from datetime import datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.crypto import EncryptedTextField
from staff import quiet
from staff.models import Team, User


class Group(models.TextChoices):
    """Kinds of notices that belong together; one wish is about one of them."""

    ESCALATION = "escalation", _("Escalated to me")
    PROMISE = "promise", _("Promises and steps running out")
    ASSIGNMENT = "assignment", _("Work given to me or taken off me")
    MENTION = "mention", _("Colleagues mention me")
    CUSTOMER = "customer", _("The customer has written or asks again")
    WATCHED = "watched", _("Tickets I watch")
    VISIT = "visit", _("Visits")
    DESK = "desk", _("The desk itself: announcements, policies, data requests, webhooks")


class Cadence(models.TextChoices):
    OFF = "off", _("No mail")
    NOW = "now", _("At once")
    HOURLY = "hourly", _("Once an hour")
    DAILY = "daily", _("Once a day")


class Channel(models.TextChoices):
    MAIL = "mail", _("Mail")
    WEBHOOK = "webhook", _("Webhook")


def every_day() -> list[int]:
    return list(range(7))


def default_zone() -> str:
    return settings.TIME_ZONE


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def mail_unless_wished(group: str) -> str:
    """Whoever has said nothing gets mail for what is escalated to them, and for nothing else."""
    return Cadence.NOW if group == Group.ESCALATION else Cadence.OFF


class NoticeSettings(models.Model):
    """What one person wishes of all notices: silence under the bell, a sound, quiet hours, the digest's time."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="notice_settings")
    muted = models.JSONField(default=list)  # groups that the bell lists as read
    sound = models.BooleanField(_("a short tone for urgent notices"), default=False)
    zone = models.CharField(_("time zone"), max_length=64, default=default_zone)
    digest_at = models.TimeField(_("daily mail at"), default=time(8, 0))
    is_quiet = models.BooleanField(_("quiet hours"), default=False)
    quiet_from = models.TimeField(_("quiet hours from"), default=time(21, 0))
    quiet_until = models.TimeField(_("quiet hours until"), default=time(8, 0))
    quiet_days = models.JSONField(_("quiet on the days"), default=every_day)  # 0 = Monday; the day on which they begin

    class Meta:
        verbose_name = _("notice settings")
        verbose_name_plural = _("notice settings")

    def __str__(self):
        return str(self.user_id)

    def silent_until(self, at: datetime) -> datetime | None:
        """When the quiet hours end in which `at` lies; None outside of them."""
        if not self.is_quiet:
            return None
        return quiet.quiet_until(
            at, starts=self.quiet_from, ends=self.quiet_until, days=self.quiet_days, zone=ZoneInfo(self.zone)
        )

    def mail_due(self, at: datetime, cadence: str, *, urgent: bool) -> datetime:
        """When a notice of `at` may leave by mail; urgent ones pass quiet hours."""
        due = at
        if cadence == Cadence.HOURLY:
            due = quiet.next_hour(at, zone=ZoneInfo(self.zone))
        elif cadence == Cadence.DAILY:
            due = quiet.next_day(at, time_of_day=self.digest_at, zone=ZoneInfo(self.zone))
        return due if urgent else self.silent_until(due) or due


class Preference(models.Model):
    """What one person wishes of one group beside the bell."""

    user = models.ForeignKey(User, models.CASCADE, related_name="notice_preferences")
    group = models.CharField(max_length=12, choices=Group)
    mail = models.CharField(max_length=6, choices=Cadence, default=Cadence.OFF)
    webhook = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("notice preference")
        verbose_name_plural = _("notice preferences")
        constraints = [
            models.UniqueConstraint(fields=["user", "group"], name="one_notice_preference_per_group"),
            models.CheckConstraint(condition=Q(group__in=Group.values), name="notice_group_is_known"),
            models.CheckConstraint(condition=Q(mail__in=Cadence.values), name="notice_cadence_is_known"),
        ]

    def __str__(self):
        return f"{self.user_id} {self.group}"


class Webhook(models.Model):
    """An address of another system that is told of notices: ids only, signed with its secret."""

    name = models.CharField(_("name"), max_length=80)
    url = models.CharField(_("address"), max_length=500, help_text=_("Begins with https://; redirects are refused."))
    team = models.ForeignKey(
        Team, models.CASCADE, null=True, blank=True, related_name="webhooks", verbose_name=_("team"),
        help_text=_("Notices to members of this team only; empty: to everybody."),
    )
    groups = models.JSONField(_("notices"), default=list, blank=True)  # empty: all of them
    secret = EncryptedTextField(
        _("secret"), context="webhook.secret", max_length=200, default=new_secret,
        help_text=_("Signs what is sent: HMAC-SHA256 over the timestamp, a dot and the body."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    paused_at = models.DateTimeField(_("paused since"), null=True, editable=False)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["name", "pk"]

    def __str__(self):
        return self.name

    def clean(self):
        from staff.webhooks import check_url  # it posts for these rows

        if reason := check_url(self.url):
            raise ValidationError({"url": reason})

    def wants(self, *, group: str, team_id: int | None) -> bool:
        return (self.team_id is None or self.team_id == team_id) and (not self.groups or group in self.groups)


class DeliveryQuerySet(models.QuerySet):
    def due(self, channel: str, now: datetime) -> "DeliveryQuerySet":
        return self.filter(channel=channel, state=Delivery.State.QUEUED, due_at__lte=now)

    def lost(self, channel: str, before: datetime) -> "DeliveryQuerySet":
        """Those whose worker ended while it sent them."""
        return self.filter(channel=channel, state=Delivery.State.SENDING, claimed_at__lt=before)


class Delivery(models.Model):
    """One notice on its way by one channel. Carries ids only; its key is told to webhooks, so that a repeat shows."""

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        DROPPED = "dropped", _("dropped")

    notification_id = models.BigIntegerField()
    user = models.ForeignKey(User, models.CASCADE, related_name="deliveries")
    channel = models.CharField(max_length=8, choices=Channel)
    webhook = models.ForeignKey(Webhook, models.CASCADE, null=True, related_name="deliveries")
    key = models.CharField(max_length=60, unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    due_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    why = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice on its way")
        verbose_name_plural = _("notices on their way")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="delivery_channel_is_known"),
        ]
        indexes = [
            models.Index(fields=["channel", "due_at"], condition=Q(state="queued"), name="delivery_due"),
            models.Index(fields=["claimed_at"], condition=Q(state="sending"), name="delivery_under_way"),
            models.Index(fields=["user", "ended_at"], condition=Q(state="sent"), name="delivery_sent"),
            models.Index(fields=["ended_at"], name="delivery_ended"),
        ]

    def __str__(self):
        return self.key
