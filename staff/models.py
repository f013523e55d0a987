"""Who works here: users, their teams and departments, tokens and the bell."""

import hashlib
import secrets

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    AGENT = "agent", _("agent")
    SPECIALIST = "specialist", _("service specialist")
    LEAD = "lead", _("team lead")
    SUPERVISOR = "supervisor", _("supervisor")
    ADMIN = "admin", _("administrator")


class Presence(models.TextChoices):
    READY = "ready", _("Ready for calls")
    BUSY = "busy", _("Busy")
    AWAY = "away", _("Away")
    OFFLINE = "offline", _("Offline")


class Department(models.Model):
    name = models.CharField(_("name"), max_length=80, unique=True)
    manager = models.ForeignKey(
        "staff.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("manager"),
        help_text=_(
            "Stands above the supervisors where a late promise climbs: a supervisor of this department or an "
            "administrator. Empty: an administrator hears."
        ),
    )

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        ordering = ["name"]

    def __str__(self):
        return self.name


class Team(models.Model):
    name = models.CharField(_("name"), max_length=80, unique=True)
    department = models.ForeignKey(
        Department, models.PROTECT, related_name="teams", verbose_name=_("department")
    )

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]

    def __str__(self):
        return self.name


class Skill(models.Model):
    """What somebody can do that not everybody can: a language, a product, a kind of case."""

    name = models.CharField(_("name"), max_length=60, unique=True)

    class Meta:
        verbose_name = _("skill")
        verbose_name_plural = _("skills")
        ordering = ["name"]

    def __str__(self):
        return self.name


class User(AbstractUser):
    """A member of staff. What they may see follows from team, department and role."""

    display_name = models.CharField(_("name"), max_length=120)
    role = models.CharField(_("role"), max_length=12, choices=Role, default=Role.AGENT)
    team = models.ForeignKey(
        Team, models.PROTECT, null=True, blank=True, related_name="members", verbose_name=_("team")
    )
    presence = models.CharField(_("presence"), max_length=8, choices=Presence, default=Presence.OFFLINE)
    presence_since = models.DateTimeField(null=True, editable=False)  # when they last said so
    language = models.CharField(_("language"), max_length=10, blank=True)
    theme = models.CharField(
        _("theme"), max_length=5, choices=[("", _("As the device")), ("light", _("Light")), ("dark", _("Dark"))],
        blank=True,
    )
    single_keys = models.BooleanField(_("single-key shortcuts"), default=True)
    skills = models.ManyToManyField(Skill, blank=True, related_name="members", verbose_name=_("skills"))
    capacity = models.PositiveSmallIntegerField(
        _("capacity"), default=20,
        help_text=_("Weight of open tickets up to which rules give this person more; 0 gives none."),
    )
    routed_at = models.DateTimeField(null=True, editable=False)  # when a rule last gave them a ticket
    recovery_limit = models.DecimalField(_("recovery limit"), max_digits=10, decimal_places=2, default=0)
    first_name = last_name = None  # type: ignore[assignment]

    REQUIRED_FIELDS = ["email", "display_name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_is_known"),
            models.CheckConstraint(condition=models.Q(presence__in=Presence.values), name="user_presence_is_known"),
        ]

    def __str__(self):
        return self.display_name or self.username

    def get_full_name(self):
        return str(self)

    def get_short_name(self):
        return str(self)

    @property
    def is_admin(self) -> bool:
        return self.is_superuser or self.role == Role.ADMIN

    @property
    def supervises(self) -> bool:
        """May read the dashboard and act on escalations."""
        return self.is_admin or self.role in (Role.LEAD, Role.SUPERVISOR)

    @property
    def initials(self) -> str:
        name = str(self)
        words = name.split()
        if name.isascii() and len(words) > 1:
            return (words[0][0] + words[-1][0]).upper()
        return name[:1].upper()


class ApiToken(models.Model):
    """A bearer token for the API; only its digest is kept."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self):
        return f"{self.user} {self.created_at:%Y-%m-%d}"

    @staticmethod
    def digest_of(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def issue(cls, user: User) -> str:
        """Makes a token and returns it; it cannot be shown again."""
        token = secrets.token_urlsafe(32)
        cls.objects.create(user=user, digest=cls.digest_of(token))
        return token


class Notification(models.Model):
    """A line under somebody's bell. `kind` and `data` are worded when shown, in the reader's language."""

    user = models.ForeignKey(User, models.CASCADE, related_name="notifications")
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=40)
    ticket_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)
    read_at = models.DateTimeField(null=True)
    is_urgent = models.BooleanField(default=False)
    is_planned = models.BooleanField(default=False)  # whether mails and webhooks have been thought of

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["user", "-id"], condition=models.Q(read_at=None), name="notification_unread"),
            models.Index(fields=["user", "-id"], name="notification_by_user"),
            models.Index(fields=["id"], condition=models.Q(is_planned=False), name="notification_unplanned"),
            models.Index(fields=["read_at"], name="notification_read"),
        ]

    def __str__(self):
        return f"{self.kind} {self.user_id}"


from staff.floor_models import (  # noqa: E402, F401 their tables belong to this app's models
    Absence,
    Announcement,
    Duty,
    HandOver,
    HandOverLine,
    HandOverReceipt,
    Receipt,
    Seen,
    Shift,
    Transfer,
)
from staff.notice_models import (  # noqa: E402, F401 likewise
    Delivery,
    NoticeSettings,
    Preference,
    Webhook,
)
