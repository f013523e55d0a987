"""Confidentiality: consent, who saw what, requests of the persons concerned, merging and exports (N1, PIPL)."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.crypto import EncryptedBinaryField, EncryptedJSONField
from core.redaction import FreeCharField, FreeJSONField, FreeTextField, WithOriginals
from customers.models.archive import Customer
from staff.sight import TeamSightQuerySet


class Consent(WithOriginals):
    """What a customer agreed to or withdrew, per purpose and channel, with its proof. Append-only (PIPL)."""

    class Purpose(models.TextChoices):
        SERVICE = "service", _("service")
        CALLBACK = "callback", _("callback")
        RECORDING = "recording", _("recording")
        CARE = "care", _("customer care")
        MARKETING = "marketing", _("marketing")

    class Channel(models.TextChoices):
        ANY = "any", _("any channel")
        PHONE = "phone", _("phone")
        EMAIL = "email", _("mail")
        SMS = "sms", _("SMS")

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="consents")
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel, default=Channel.ANY)
    given = models.BooleanField(_("given"))
    at = models.DateTimeField(_("at"), default=timezone.now)
    wording = FreeCharField(_("wording"), max_length=400)
    version = models.CharField(_("version of the wording"), max_length=20, blank=True)  # empty: own words
    way = FreeCharField(_("way"), max_length=120)
    recorded_by_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["customer", "purpose", "-id"], name="consent_latest")]

    def __str__(self):
        return f"{self.get_purpose_display()} {self.given}"


class ConsentWording(models.Model):
    """The sentence that asks for a consent, by version: the proof names the one that was read out or printed."""

    purpose = models.CharField(_("purpose"), max_length=12, choices=Consent.Purpose)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    version = models.CharField(_("version"), max_length=20)
    text = FreeTextField(_("wording"), max_length=400)
    is_active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("wording of a consent")
        verbose_name_plural = _("wordings of consents")
        ordering = ["purpose", "language", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["purpose", "language", "version"], name="one_wording_per_version"),
            models.UniqueConstraint(
                fields=["purpose", "language"], condition=models.Q(is_active=True), name="one_active_wording",
                violation_error_message=_("Another version is active; deactivate it first."),
            ),
        ]

    def __str__(self):
        return f"{self.get_purpose_display()} {self.language} {self.version}"


class Reveal(models.Model):
    """Who saw an unmasked contact, whose, why and when. Append-only."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="reveals")
    field = models.CharField(max_length=40)  # a kind of contact, or the row whose free text was read: post:12
    reason = FreeCharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("reveal")
        verbose_name_plural = _("reveals")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["at"], name="reveal_by_time"),
            models.Index(fields=["user", "-id"], name="reveal_by_user"),
        ]

    def __str__(self):
        return f"{self.user_id} {self.customer_id} {self.field}"


class OfCustomerQuerySet(TeamSightQuerySet):
    team_path = "customer__team"


class LegalHold(models.Model):
    """Why a customer's records may not be erased yet; wins over every request and retention."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="legal_holds")
    reason = FreeCharField(_("reason"), max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        ordering = ["-id"]

    def __str__(self):
        return f"{self.customer_id}"


class DataRequest(models.Model):
    """A request of the person concerned: to see, correct or erase their data, within 30 days (PIPL 44–50)."""

    class Kind(models.TextChoices):
        ACCESS = "access", _("access and copy")
        CORRECT = "correct", _("correct")
        ERASE = "erase", _("erase")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="data_requests")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    way = FreeCharField(_("how it reached us"), max_length=120)
    asked = FreeCharField(_("what is to be corrected"), max_length=400, blank=True)
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    due_at = models.DateTimeField(_("due"))
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    answer = FreeCharField(_("answer"), max_length=400, blank=True)  # the reason, where it is refused
    # What was done, for the certificate: counts by table, or names of fields.
    summary = models.JSONField(default=dict, blank=True)
    history = HistoricalRecords()
    objects = OfCustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("data request")
        verbose_name_plural = _("data requests")
        ordering = ["due_at", "id"]
        indexes = [models.Index(fields=["due_at"], condition=models.Q(state="open"), name="data_request_open")]

    def __str__(self):
        return self.number

    @property
    def number(self) -> str:
        return f"D-{self.pk:04d}"


class DuplicatePair(models.Model):
    """Two archives that may be one customer, with the grounds and a score of 0 to 100."""

    class State(models.TextChoices):
        OPEN = "open", _("suspected")
        MERGED = "merged", _("merged")
        DISTINCT = "distinct", _("two customers")

    team = models.ForeignKey("staff.Team", models.CASCADE, related_name="+")
    first = models.ForeignKey(Customer, models.CASCADE, related_name="+")
    second = models.ForeignKey(Customer, models.CASCADE, related_name="+")
    score = models.PositiveSmallIntegerField(_("score"))
    grounds = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    found_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    objects = TeamSightQuerySet.as_manager()

    class Meta:
        verbose_name = _("suspected duplicate")
        verbose_name_plural = _("suspected duplicates")
        ordering = ["-score", "id"]
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="a_pair_once"),
            models.CheckConstraint(condition=models.Q(first__lt=models.F("second")), name="a_pair_is_ordered"),
        ]
        indexes = [
            models.Index(fields=["team", "-score", "id"], condition=models.Q(state="open"), name="pair_open"),
            models.Index(fields=["second"], name="pair_by_second"),
        ]

    def __str__(self):
        return f"{self.first_id} {self.second_id}"


class Merge(models.Model):
    """One archive was taken into another: what was chosen and what moved, so that 30 days can undo it."""

    winner = models.ForeignKey(Customer, models.PROTECT, related_name="merges")
    loser = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    before = EncryptedJSONField(default=dict)  # the winner's fields as they were
    moved = models.JSONField(default=dict)  # {"app.Model": [ids]}
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        ordering = ["-id"]

    def __str__(self):
        return f"{self.loser_id} → {self.winner_id}"


class Export(models.Model):
    """Who took records out: how many, by which filter, masked or not. Append-only."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    what = models.CharField(max_length=40)
    format = models.CharField(max_length=8)
    filters = FreeJSONField(default=dict)
    rows = models.PositiveIntegerField()
    unmasked = models.BooleanField(default=False)
    reason = FreeCharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-id"]

    def __str__(self):
        return f"{self.what} {self.rows}"


class ImportMapping(models.Model):
    """Which column of a file fills which field, kept for the next file of the same kind."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    what = models.CharField(max_length=10, choices=[("customers", _("customers")), ("orders", _("orders"))])
    columns = FreeJSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("import mapping")
        verbose_name_plural = _("import mappings")
        ordering = ["name"]

    def __str__(self):
        return self.name


class ImportRun(models.Model):
    """One file on its way in: stored sealed, previewed, loaded in the background, its bad rows kept."""

    class State(models.TextChoices):
        STORED = "stored", _("stored")
        PREVIEWED = "previewed", _("previewed")
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    team = models.ForeignKey("staff.Team", models.PROTECT, related_name="+")
    what = models.CharField(max_length=10, choices=[("customers", _("customers")), ("orders", _("orders"))])
    file_name = FreeCharField(_("file"), max_length=200)
    format = models.CharField(max_length=4, choices=[("csv", "CSV"), ("xlsx", "XLSX")], default="csv")
    encoding = models.CharField(max_length=10, default="utf-8-sig")
    header = EncryptedJSONField(default=list)  # the names of its columns, in order; data where it has no header
    rows_total = models.PositiveIntegerField(default=0)  # lines of the file, for the bar of progress
    source = models.CharField(_("records of"), max_length=40, default="file")  # whose numbers the external ids are
    columns = EncryptedJSONField(default=dict)  # {field: name of the column}
    state = models.CharField(max_length=10, choices=State, default=State.STORED)
    dry_run = models.BooleanField(default=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    rows_done = models.PositiveIntegerField(default=0)
    made = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    rejects = EncryptedJSONField(default=list)  # [line, field, reason, detail], the first hundred
    error = FreeCharField(max_length=400, blank=True)
    objects = TeamSightQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-id"]
        indexes = [models.Index(fields=["id"], condition=models.Q(state="queued"), name="import_queued")]

    def __str__(self):
        return self.file_name


class ImportPart(models.Model):
    """A sealed piece of an uploaded file, removed once the file is loaded; or of its rejected rows, which stay."""

    class Of(models.TextChoices):
        FILE = "file", _("file")
        REJECTS = "rejects", _("rejected rows")

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="parts")
    of = models.CharField(max_length=8, choices=Of, default=Of.FILE)
    number = models.PositiveIntegerField()
    content = EncryptedBinaryField()

    class Meta:
        verbose_name = _("part of an import")
        verbose_name_plural = _("parts of imports")
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["run", "of", "number"], name="one_import_part_per_number")]

    def __str__(self):
        return f"{self.run_id} {self.number}"
