"""How people keep their lists: views of the queue under a name, their own or their team's."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from staff.models import User


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, user: User):
        """One's own and those shared with one's team."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        shared = Q(team=user.team_id) if user.team_id else Q(pk=None)
        return self.filter(Q(owner=user, team=None) | shared)


class SavedView(models.Model):
    """Filters, order and columns of the queue under a name; of one person, or shared with a team."""

    name = models.CharField(_("name"), max_length=40)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    team = models.ForeignKey("staff.Team", models.CASCADE, null=True, blank=True, related_name="saved_views")
    query = models.CharField(max_length=600)  # as it stands in the address
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["team_id", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], condition=Q(team=None), name="own_view_by_name"),
            models.UniqueConstraint(fields=["team", "name"], condition=~Q(team=None), name="team_view_by_name"),
        ]

    def __str__(self):
        return self.name


class Snooze(models.Model):
    """A ticket put aside until a moment; its promises run on. The row goes when the ticket wakes."""

    ticket = models.OneToOneField("tickets.Ticket", models.CASCADE, related_name="snooze")
    until = models.DateTimeField(_("snoozed until"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("snoozed ticket")
        verbose_name_plural = _("snoozed tickets")
        indexes = [models.Index(fields=["until"], name="snooze_by_until")]

    def __str__(self):
        return f"{self.ticket_id} {self.until:%Y-%m-%d %H:%M}"


class BulkAction(models.Model):
    """One deed on many tickets, with what became of each: shown to whoever did it, and undone from here."""

    class Kind(models.TextChoices):
        CLAIM = "claim", _("Claim")
        ASSIGN = "assign", _("Assign")
        URGENCY = "urgency", _("Set the urgency")
        SNOOZE = "snooze", _("Snooze")
        TAG = "tag", _("Tag")
        UNTAG = "untag", _("Take a tag off")
        WATCH = "watch", _("Watch")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="bulk_actions")
    key = models.CharField(max_length=40)  # of the form, so that a double submit acts once
    kind = models.CharField(max_length=8, choices=Kind)
    rows = models.JSONField(default=list)  # {"ticket", "why" if refused, "before" and "after" if done}
    at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True)
    kept = models.JSONField(default=list)  # what could not be undone: {"ticket", "why"}

    class Meta:
        verbose_name = _("bulk action")
        verbose_name_plural = _("bulk actions")
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="a_bulk_form_acts_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["claim", "assign", "urgency", "snooze", "tag", "untag", "watch"]),
                name="bulk_kind_is_known",
            ),
        ]
        indexes = [models.Index(fields=["at"], name="bulk_by_age")]

    def __str__(self):
        return f"{self.kind} {self.user_id}"

    @property
    def done(self) -> list[dict]:
        return [row for row in self.rows if not row.get("why")]

    @property
    def refused(self) -> list[dict]:
        return [row for row in self.rows if row.get("why")]
