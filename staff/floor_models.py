"""The floor 现场: shifts and who is on them, absences, announcements, and the hand-over from shift to shift (M4)."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core.redaction import FreeCharField, WithOriginals
from staff.models import Team, User
from staff.sight import TeamSightQuerySet, visible_teams


def spoken(zh: str, en: str) -> str:
    """The text in the reader's language, or in the one it was written in."""
    return (zh or en) if (get_language() or "").startswith("zh") else (en or zh)


class Shift(models.Model):
    """A stretch of the day that a team works; one that ends at or before its start ends on the next day."""

    class Colour(models.TextChoices):
        ACCENT = "accent", _("celadon")
        BLUE = "blue", _("blue")
        AMBER = "amber", _("amber")
        VIOLET = "violet", _("violet")
        GREEN = "green", _("green")

    team = models.ForeignKey(Team, models.CASCADE, related_name="shifts", verbose_name=_("team"))
    name_zh = models.CharField(_("name (Chinese)"), max_length=40)
    name_en = models.CharField(_("name (English)"), max_length=40)
    starts = models.TimeField(_("starts"))
    ends = models.TimeField(_("ends"))
    colour = models.CharField(_("colour"), max_length=8, choices=Colour, default=Colour.ACCENT)
    is_active = models.BooleanField(_("active"), default=True)
    objects = TeamSightQuerySet.as_manager()

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        ordering = ["team", "starts", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["team", "name_zh"], name="one_shift_per_team_and_name"),
            models.CheckConstraint(condition=~Q(starts=F("ends")), name="shift_has_a_length"),
        ]

    def __str__(self):
        return spoken(self.name_zh, self.name_en)

    @property
    def crosses_midnight(self) -> bool:
        return self.ends <= self.starts

    def span(self, day: date) -> tuple[datetime, datetime]:
        """From when to when it runs, in the floor's own time zone, if it begins on this day."""
        zone = timezone.get_default_timezone()
        last = day + timedelta(days=1) if self.crosses_midnight else day
        return datetime.combine(day, self.starts, tzinfo=zone), datetime.combine(last, self.ends, tzinfo=zone)


class DutyQuerySet(TeamSightQuerySet):
    team_path = "shift__team"

    def at(self, now: datetime) -> "DutyQuerySet":
        """Duties that are running: begun today, or yesterday and past midnight."""
        local = timezone.localtime(now, timezone.get_default_timezone())
        today, hour = local.date(), local.time()
        plain = Q(shift__starts__lt=F("shift__ends"), date=today, shift__starts__lte=hour, shift__ends__gt=hour)
        begun = Q(shift__starts__gte=F("shift__ends"), date=today, shift__starts__lte=hour)
        over = Q(shift__starts__gte=F("shift__ends"), date=today - timedelta(days=1), shift__ends__gt=hour)
        return self.filter(plain | begun | over)


class Duty(models.Model):
    """Somebody works a shift on a day: one cell of the roster."""

    user = models.ForeignKey(User, models.CASCADE, related_name="duties", verbose_name=_("person"))
    shift = models.ForeignKey(Shift, models.CASCADE, related_name="duties", verbose_name=_("shift"))
    date = models.DateField(_("day"))
    objects = DutyQuerySet.as_manager()

    class Meta:
        verbose_name = _("duty")
        verbose_name_plural = _("duties")
        ordering = ["date", "shift", "user"]
        constraints = [models.UniqueConstraint(fields=["user", "date", "shift"], name="one_duty_per_day_and_shift")]
        indexes = [models.Index(fields=["date", "shift"], name="duty_by_day")]

    def __str__(self):
        return f"{self.date} {self.shift} {self.user}"


class AbsenceQuerySet(TeamSightQuerySet):
    team_path = "user__team"

    def running(self, now: datetime) -> "AbsenceQuerySet":
        return self.filter(starts_at__lte=now, ends_at__gt=now)


class Absence(models.Model):
    """Somebody is away from one moment to another, who stands in, and what becomes of their work."""

    class Kind(models.TextChoices):
        LEAVE = "leave", _("leave")
        SICK = "sick", _("sick")
        TRAINING = "training", _("training")

    class Plan(models.TextChoices):
        DEPUTY = "deputy", _("to the deputy")
        QUEUE = "queue", _("back to the team's queue")
        SHARED = "shared", _("shared out among those on duty")

    user = models.ForeignKey(User, models.CASCADE, related_name="absences", verbose_name=_("person"))
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.LEAVE)
    plan = models.CharField(_("their work goes"), max_length=8, choices=Plan, default=Plan.QUEUE)
    deputy = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="stands_in_for", verbose_name=_("deputy")
    )
    note = models.CharField(_("note"), max_length=200, blank=True)
    recorded_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("recorded by")
    )
    recorded_at = models.DateTimeField(default=timezone.now)
    begun_at = models.DateTimeField(null=True, editable=False)  # when their work was handed on
    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="absence_has_a_length"),
            models.CheckConstraint(condition=~Q(deputy=F("user")), name="nobody_is_their_own_deputy"),
        ]
        indexes = [models.Index(fields=["ends_at", "starts_at"], name="absence_by_end")]

    def __str__(self):
        return f"{self.user} {self.starts_at:%Y-%m-%d}"


class Transfer(models.Model):
    """Work of one person handed on at once: what became of each piece, by plain ids, so that it can be undone."""

    user = models.ForeignKey(User, models.CASCADE, related_name="transfers")
    absence = models.ForeignKey(Absence, models.SET_NULL, null=True, related_name="transfers")
    plan = models.CharField(max_length=8, choices=Absence.Plan)
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    rows = models.JSONField(default=list)  # {"what", "id", "after"}, or {"what", "id", "why"} where it was refused
    undone_at = models.DateTimeField(null=True)
    kept = models.JSONField(default=list)  # what undoing left where it was: {"what", "id", "why"}

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.user_id} {self.plan} {self.at:%Y-%m-%d}"

    @property
    def done(self) -> list[dict]:
        return [row for row in self.rows if "why" not in row]

    @property
    def refused(self) -> list[dict]:
        return [row for row in self.rows if "why" in row]


class AnnouncementQuerySet(models.QuerySet["Announcement"]):
    def running(self, now: datetime) -> "AnnouncementQuerySet":
        return self.filter(starts_at__lte=now, ends_at__gt=now)

    def visible_to(self, user: User) -> "AnnouncementQuerySet":
        """What speaks to everybody, or to a team in sight."""
        if user.is_authenticated and user.is_active and user.is_admin:
            return self.all()
        told = Announcement.teams.through.objects.filter(team__in=visible_teams(user)).values("announcement")
        return self.filter(Q(to_all=True) | Q(pk__in=told)) if visible_teams(user).exists() else self.none()

    def for_reader(self, user: User) -> "AnnouncementQuerySet":
        """What speaks to this person: to all, or to their own team."""
        told = Announcement.teams.through.objects.filter(team=user.team_id).values("announcement")
        return self.filter(Q(to_all=True) | Q(pk__in=told))


class Announcement(models.Model):
    """News for the floor, in one language or both; some must be acknowledged."""

    title_zh = models.CharField(_("title (Chinese)"), max_length=120, blank=True)
    title_en = models.CharField(_("title (English)"), max_length=120, blank=True)
    body_zh = models.TextField(_("text (Chinese)"), max_length=4000, blank=True)
    body_en = models.TextField(_("text (English)"), max_length=4000, blank=True)
    to_all = models.BooleanField(_("to all teams"), default=False)
    teams = models.ManyToManyField(Team, blank=True, related_name="announcements", verbose_name=_("teams"))
    starts_at = models.DateTimeField(_("from"), default=timezone.now)
    ends_at = models.DateTimeField(_("until"))
    must_acknowledge = models.BooleanField(_("must be acknowledged"), default=False)
    author = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("author"))
    created_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True, editable=False)  # when it came under the readers' bells
    objects = AnnouncementQuerySet.as_manager()

    class Meta:
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="announcement_has_a_length"),
            models.CheckConstraint(condition=~Q(title_zh="", title_en=""), name="announcement_has_a_title"),
        ]
        indexes = [
            models.Index(fields=["ends_at", "starts_at"], name="announcement_by_end"),
            models.Index(fields=["starts_at"], condition=Q(told_at=None), name="announcement_untold"),
        ]

    def __str__(self):
        return self.title

    @property
    def title(self) -> str:
        return spoken(self.title_zh, self.title_en)

    @property
    def body(self) -> str:
        return spoken(self.body_zh, self.body_en)


class Receipt(models.Model):
    """Somebody has acknowledged an announcement. Append-only."""

    announcement = models.ForeignKey(Announcement, models.CASCADE, related_name="receipts")
    user = models.ForeignKey(User, models.CASCADE, related_name="receipts")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(fields=["announcement", "user"], name="one_receipt_per_reader")]

    def __str__(self):
        return f"{self.announcement_id} {self.user_id}"


class HandOver(models.Model):
    """What one shift left open for the next 交接班, as it stood then. Append-only; its receipt is a row of its own."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="hand_overs", verbose_name=_("team"))
    shift = models.ForeignKey(Shift, models.PROTECT, null=True, related_name="+", verbose_name=_("shift"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("handed over by")
    )
    at = models.DateTimeField(_("at"), default=timezone.now)
    until = models.DateTimeField()  # up to when due work was listed: the end of the next shift
    key = models.CharField(max_length=60, unique=True)  # of the form, so that sent twice it is handed over once
    objects = TeamSightQuerySet.as_manager()

    class Meta:
        verbose_name = _("hand-over")
        verbose_name_plural = _("hand-overs")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["team", "-id"], name="hand_over_by_team")]

    def __str__(self):
        return f"{self.team} {self.at:%Y-%m-%d %H:%M}"


class HandOverLine(WithOriginals):
    """One matter of a hand-over, by the ticket's id, with why it is on the list and what to know. Append-only."""

    hand_over = models.ForeignKey(HandOver, models.CASCADE, related_name="lines")
    ticket_id = models.BigIntegerField()
    reasons = models.JSONField(default=list)  # words of desk.shift_list
    due_at = models.DateTimeField(null=True)
    owner_name = models.CharField(max_length=120, blank=True)
    remark = FreeCharField(_("remark"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("line of a hand-over")
        verbose_name_plural = _("lines of hand-overs")
        ordering = ["pk"]
        indexes = [models.Index(fields=["ticket_id"], name="hand_over_line_by_ticket")]

    def __str__(self):
        return f"{self.hand_over_id} {self.ticket_id}"


class HandOverReceipt(models.Model):
    """Who took a hand-over, and when: one only, whoever confirms first. Append-only."""

    hand_over = models.OneToOneField(HandOver, models.CASCADE, related_name="receipt")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("receipt of a hand-over")
        verbose_name_plural = _("receipts of hand-overs")

    def __str__(self):
        return f"{self.hand_over_id} {self.by_id}"



class Seen(models.Model):
    """When somebody last had a page open, to the minute."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="seen")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("last page open")
        verbose_name_plural = _("last pages open")
        indexes = [models.Index(fields=["at"], name="seen_by_time")]

    def __str__(self):
        return f"{self.user_id} {self.at:%Y-%m-%d %H:%M}"
