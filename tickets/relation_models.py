"""What a ticket is bound to: tags, colleagues who watch it, tasks, other tickets, and those joined with it."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.redaction import FreeCharField, WithOriginals


class TagQuerySet(models.QuerySet["Tag"]):
    def active(self):
        return self.filter(is_active=True)

    def named(self, name: str):
        return self.filter(name__iexact=name)


class Tag(models.Model):
    """A word that tickets are gathered under; agents make one on the fly, admins tidy up."""

    class Colour(models.TextChoices):
        LINE = "line", _("outline")
        GREEN = "green", _("green")
        AMBER = "amber", _("amber")
        RED = "red", _("red")
        BLUE = "blue", _("blue")
        VIOLET = "violet", _("violet")
        ACCENT = "accent", _("accent")

    name = models.CharField(_("name"), max_length=30)
    colour = models.CharField(_("colour"), max_length=8, choices=Colour, default=Colour.LINE)
    is_active = models.BooleanField(_("active"), default=True)
    tickets = models.ManyToManyField("tickets.Ticket", through="tickets.Tagging", related_name="tags")
    history = HistoricalRecords()
    objects = TagQuerySet.as_manager()

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"), name="one_tag_per_name",
                violation_error_message=_("There is a tag of this name already."),
            ),
        ]

    def __str__(self):
        return self.name


class Tagging(models.Model):
    """A tag on a ticket: who put it there, and when."""

    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="taggings")
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="taggings", verbose_name=_("tag"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("tag of a ticket")
        verbose_name_plural = _("tags of tickets")
        constraints = [models.UniqueConstraint(fields=["ticket", "tag"], name="a_tag_once_per_ticket")]
        indexes = [models.Index(fields=["tag", "ticket"], name="tagging_by_tag")]

    def __str__(self):
        return f"{self.tag_id} {self.ticket_id}"


class Watch(models.Model):
    """A colleague who is told what happens on a ticket that need not be theirs."""

    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="watches")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="watches")
    since = models.DateTimeField(default=timezone.now)
    told_breach = models.BigIntegerField(default=0, editable=False)  # the last missed promise they were told of

    class Meta:
        verbose_name = _("watcher")
        verbose_name_plural = _("watchers")
        constraints = [models.UniqueConstraint(fields=["ticket", "user"], name="watched_once")]
        indexes = [models.Index(fields=["user", "ticket"], name="watch_by_user")]

    def __str__(self):
        return f"{self.user_id} {self.ticket_id}"


class Link(models.Model):
    """Two tickets that belong together: `source` is the parent, the relative or the duplicate of `target`."""

    class Kind(models.TextChoices):
        PARENT = "parent", _("parent")
        RELATED = "related", _("related")
        DUPLICATE = "duplicate", _("duplicate")

    source = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="links_out")
    target = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="links_in")
    kind = models.CharField(max_length=9, choices=Kind)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("link between tickets")
        verbose_name_plural = _("links between tickets")
        constraints = [
            models.UniqueConstraint(fields=["source", "target", "kind"], name="linked_once"),
            models.UniqueConstraint(fields=["target"], condition=Q(kind="parent"), name="one_parent"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="no_link_to_itself"),
            models.CheckConstraint(condition=Q(kind__in=["parent", "related", "duplicate"]), name="link_kind_is_known"),
            models.CheckConstraint(
                condition=~Q(kind="related") | Q(source__lt=F("target")), name="related_once_for_both"
            ),
        ]

    def __str__(self):
        return f"{self.source_id} {self.kind} {self.target_id}"


class TaskQuerySet(models.QuerySet["Task"]):
    def open(self):
        return self.filter(done_at=None)


class Task(WithOriginals):
    """One thing to be done on a ticket, by somebody, by some time; done, or dropped with a word."""

    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="todos")
    what = FreeCharField(_("what is to be done"), max_length=200)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="todos", verbose_name=_("owner")
    )
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)  # or dropped
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    dropped_because = FreeCharField(max_length=200, blank=True)
    key = models.CharField(max_length=40, blank=True)  # of the form, so that a double submit adds one
    history = HistoricalRecords(excluded_fields=["originals", "key"])
    objects = TaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("task of a ticket")
        verbose_name_plural = _("tasks of tickets")
        ordering = ["position", "pk"]
        indexes = [
            models.Index(fields=["ticket", "position", "id"], name="todo_by_ticket"),
            models.Index(fields=["owner", "due_at"], condition=Q(done_at=None), name="todo_open_by_owner"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["ticket", "key"], condition=~Q(key=""), name="a_task_form_adds_once")
        ]

    def __str__(self):
        return self.what

    def is_late(self, now: datetime) -> bool:
        return self.done_at is None and self.due_at is not None and self.due_at < now


class Join(models.Model):
    """Two tickets about one matter made one: what the other brought along, so that it can be taken apart again."""

    survivor = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="joins")
    joined = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="joined_into")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    moved = models.JSONField(default=dict)  # ids of rows that moved or were added, by what they are
    before = models.JSONField(default=dict)  # what was changed on both tickets and on the other's timers
    last_event = models.BigIntegerField(default=0)  # of both tickets, once they were one
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("joined ticket")
        verbose_name_plural = _("joined tickets")
        constraints = [
            models.UniqueConstraint(fields=["joined"], condition=Q(undone_at=None), name="joined_into_one"),
            models.CheckConstraint(condition=~Q(survivor=F("joined")), name="not_joined_with_itself"),
        ]
        indexes = [models.Index(fields=["survivor"], condition=Q(undone_at=None), name="join_by_survivor")]

    def __str__(self):
        return f"{self.joined_id} → {self.survivor_id}"
