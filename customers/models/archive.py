"""The customer archive 客户档案: who they are, how to reach them, their tier and what they agreed to."""

from datetime import date

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models, transaction
from django.db.models.functions import ExtractDay, ExtractMonth
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core import crypto, masking, phones
from core.crypto import EncryptedTextField
from core.redaction import FreeCharField, FreeJSONField, WithOriginals
from core.search import Searched, SearchedRows
from customers.models.plans import CommunicationPlan
from customers.models.tiers import Tier
from customers.models.words import CustomerWords
from staff.sight import TeamSightQuerySet


class CustomerQuerySet(SearchedRows, TeamSightQuerySet):  # type: ignore[override]  # as_manager of two parents
    def present(self):
        """Without those that were merged into another or erased."""
        return self.filter(merged_into=None, erased_at=None)

    def in_sight(self, user):
        """Of the user's teams, and those that the user manages in any team; merged and erased ones, too."""
        seen = super().visible_to(user)
        if not user.is_authenticated or not user.is_active or user.is_admin or not manages_elsewhere(user):
            return seen
        return seen | self.filter(account_manager=user)

    def visible_to(self, user):
        """What every list, lookup and count starts from."""
        return self.in_sight(user).present()

    def by_contact(self, kind: str, value: str):
        """Customers with this exact contact, found through the blind index; `value` may be in any format."""
        try:
            index = Contact.index_of(kind, value)
        except phones.BadPhone:
            return self.none()
        return self.filter(contacts__kind=kind, contacts__value_index=index)

    def by_last4(self, digits: str):
        return self.filter(contacts__last4_index=crypto.blind_index("last4", digits)).distinct()


def manages_elsewhere(user) -> bool:
    """Whether the user manages customers of another team; asked once a request.

    Who does not (nearly everybody) keeps the plain equality of the team, which an index leads with.
    """
    if not hasattr(user, "_manages_elsewhere"):
        theirs = Customer.objects.filter(account_manager=user)
        user._manages_elsewhere = theirs.exclude(team=user.team_id).exists()
    return user._manages_elsewhere


def is_long_standing(since: date, today: date) -> bool:
    """老客户: a mark beside the tier, from the third year on."""
    return (today - since).days // 365 >= 3


class Customer(Searched):
    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        COMPANY = "company", _("company")

    class Stage(models.TextChoices):
        EXPLORATION = "exploration", _("exploring")
        FORMATION = "formation", _("forming")
        STABLE = "stable", _("stable")
        DECLINE = "decline", _("declining")

    class Size(models.TextChoices):
        MICRO = "micro", _("under 10")
        SMALL = "small", _("10 to 99")
        MEDIUM = "medium", _("100 to 499")
        LARGE = "large", _("500 and more")

    class Source(models.TextChoices):
        CALL = "call", _("incoming call")
        MAIL = "mail", _("mail")
        API = "api", _("API")
        SALES = "sales", _("sales")
        CAMPAIGN = "campaign", _("campaign")
        IMPORT = "import", _("import")
        FEEDBACK = "feedback", _("feedback")
        SURVEY = "survey", _("survey")
        CALLBACK = "callback", _("callback")

    team = models.ForeignKey("staff.Team", models.PROTECT, related_name="customers", verbose_name=_("team"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.PERSON)
    name = FreeCharField(_("name"), max_length=120)
    initials = models.CharField(max_length=40, blank=True, editable=False)  # pinyin initials of a Chinese name
    company = FreeCharField(_("company"), max_length=120, blank=True)
    occupation = FreeCharField(_("occupation"), max_length=80, blank=True)
    industry = FreeCharField(_("industry"), max_length=80, blank=True)
    company_size = models.CharField(_("company size"), max_length=8, choices=Size, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="zh-hans")
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    stage = models.CharField(_("life cycle"), max_length=12, choices=Stage, default=Stage.EXPLORATION)
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="customers", verbose_name=_("tier"))
    tier_score = models.PositiveSmallIntegerField(_("score"), null=True, blank=True)
    tier_reason = models.JSONField(default=dict, blank=True)
    account_manager = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+",
        verbose_name=_("account manager"),
    )
    source = models.CharField(_("source"), max_length=10, choices=Source)
    spend = models.DecimalField(_("spent"), max_digits=14, decimal_places=2, default=0)
    # The total another system told us last, and when: orders placed before are in it (`customers.order_book`).
    spend_before = models.DecimalField(max_digits=14, decimal_places=2, default=0, editable=False)
    spend_before_at = models.DateTimeField(null=True, editable=False)
    since = models.DateField(_("customer since"), default=timezone.localdate)
    external_source = models.CharField(max_length=40, blank=True, editable=False)
    external_id = models.CharField(max_length=80, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    last_contact_at = models.DateTimeField(_("last contact"), null=True, blank=True)
    attributes = FreeJSONField(_("attributes"), default=dict, blank=True)  # values of the admin's custom fields
    verified_on = models.DateField(_("profile verified on"), null=True, blank=True)
    clv = models.DecimalField(_("lifetime value"), max_digits=14, decimal_places=2, null=True, blank=True)
    below_since = models.DateField(null=True, blank=True)  # scored lower than the tier since; grace before a downgrade
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged")
    erased_at = models.DateTimeField(null=True, blank=True)
    history = HistoricalRecords()
    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        constraints = [
            models.UniqueConstraint(
                fields=["team", "external_source", "external_id"],
                condition=~models.Q(external_id=""),
                name="one_customer_per_external_id",
            ),
        ]
        indexes = [
            models.Index(fields=["team", "-id"], name="customer_by_team"),
            models.Index(
                fields=["account_manager", "-id"], name="customer_by_manager",
                condition=models.Q(account_manager__isnull=False),
            ),
            models.Index(fields=["team", "tier", "-id"], name="customer_by_tier"),
            models.Index(fields=["team", "verified_on"], name="customer_by_freshness"),
            GinIndex(fields=["attributes"], name="customer_by_attribute", opclasses=["jsonb_path_ops"]),
            models.Index(ExtractMonth("birthday"), ExtractDay("birthday"), name="customer_by_birthday"),
            models.Index(
                fields=["team", "name"], name="customer_by_name", opclasses=["int8_ops", "varchar_pattern_ops"]
            ),
            models.Index(
                fields=["team", "initials"], name="customer_by_initials", opclasses=["int8_ops", "varchar_pattern_ops"]
            ),
            models.Index(
                fields=["team", "company"], name="customer_by_company", condition=~models.Q(company=""),
                opclasses=["int8_ops", "varchar_pattern_ops"],
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def number(self) -> str:
        return f"K-{self.pk:06d}"

    @property
    def years(self) -> int:
        return (timezone.localdate() - self.since).days // 365

    @property
    def long_standing(self) -> bool:
        return is_long_standing(self.since, timezone.localdate())


class Contact(models.Model):
    """One way to reach a customer, encrypted, found by keyed index, shown masked."""

    class Kind(models.TextChoices):
        PHONE = "phone", _("phone")
        EMAIL = "email", _("mail")
        ADDRESS = "address", _("address")
        WECHAT = "wechat", _("WeChat")
        DOCUMENT = "document", _("document number")
        OTHER = "other", _("other")

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="contacts")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    value = EncryptedTextField(_("value"))
    value_index = models.CharField(max_length=64, editable=False)
    last4_index = models.CharField(max_length=64, blank=True, editable=False)
    masked = models.CharField(_("shown as"), max_length=120, editable=False)
    preferred = models.BooleanField(_("preferred"), default=False)
    source = models.CharField(_("source"), max_length=10, choices=Customer.Source)
    verified_on = models.DateField(_("verified on"), null=True, blank=True)
    valid = models.BooleanField(_("valid"), default=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints = [
            models.UniqueConstraint(fields=["customer", "kind", "value_index"], name="contact_once_per_customer"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["phone", "email", "address", "wechat", "document", "other"]),
                name="contact_kind_is_known",
            ),
        ]
        indexes = [
            models.Index(fields=["value_index"], name="contact_by_value"),
            models.Index(fields=["last4_index"], condition=~models.Q(last4_index=""), name="contact_by_last4"),
        ]

    def __str__(self):
        return self.masked

    def save(self, *args, **kwargs):
        self.seal()
        super().save(*args, **kwargs)

    @staticmethod
    def normalise(kind: str, value: str) -> str:
        """The form under which equal contacts are equal. Raises `phones.BadPhone`."""
        if kind == Contact.Kind.PHONE:
            return phones.normalise(value)
        return value.strip().lower() if kind == Contact.Kind.EMAIL else value.strip()

    @classmethod
    def index_of(cls, kind: str, value: str) -> str:
        return crypto.blind_index(kind, cls.normalise(kind, value))

    @staticmethod
    def forms_of(kind: str, value: str) -> tuple[str, str, str]:
        """Blind index, masked form and index of the last four digits of a normalised value."""
        mask = _MASKS.get(kind, masking.name)
        last4 = crypto.blind_index("last4", phones.last4(value)) if kind == Contact.Kind.PHONE else ""
        return crypto.blind_index(kind, value), mask(value), last4

    def seal(self) -> None:
        """Derives the indexes and the masked form from `value`; every writer calls it before saving."""
        self.value = self.normalise(self.kind, self.value)
        self.value_index, self.masked, self.last4_index = self.forms_of(self.kind, self.value)


_MASKS = {"phone": masking.phone, "email": masking.email, "address": masking.address, "document": masking.document}


class CustomField(models.Model):
    """A field of the archive that the admin adds; its values lie in `Customer.attributes` under its code."""

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        NUMBER = "number", _("number")
        DATE = "date", _("date")
        CHOICE = "choice", _("choice")

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name_zh = models.CharField(_("name (Chinese)"), max_length=60)
    name_en = models.CharField(_("name (English)"), max_length=60)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.TEXT)
    choices = models.JSONField(_("choices"), default=list, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    is_active = models.BooleanField(_("active"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")
        ordering = ["position", "code"]

    def __str__(self):
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en


class Need(WithOriginals):
    """One need or pain point that a customer spoke of (A4). Append-only but for being met."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="needs")
    text = FreeCharField(_("need"), max_length=400)
    topic = FreeCharField(_("topic"), max_length=60, blank=True)
    source = models.CharField(_("source"), max_length=10, choices=Customer.Source, default=Customer.Source.CALL)
    at = models.DateTimeField(_("at"), default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    met_at = models.DateTimeField(_("met"), null=True, blank=True)
    history = HistoricalRecords(excluded_fields=["originals"])

    class Meta:
        verbose_name = _("need")
        verbose_name_plural = _("needs")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["customer", "-id"], name="need_by_customer"),
            models.Index(fields=["at"], name="need_by_time"),
        ]

    def __str__(self):
        return self.text

    def save(self, *args, **kwargs):
        with transaction.atomic(savepoint=False):
            super().save(*args, **kwargs)
            CustomerWords.index_ids([self.customer_id])


class TaskQuerySet(TeamSightQuerySet):
    team_path = "customer__team"

    def visible_to(self, user):
        """About customers of the user's teams, and about those whom the user manages in any team."""
        seen = super().visible_to(user)
        if user.is_authenticated and user.is_active and not user.is_admin and manages_elsewhere(user):
            seen = seen | self.filter(customer__account_manager=user)
        return seen.filter(customer__merged_into=None, customer__erased_at=None)


class Task(WithOriginals):
    """Something to be done about a customer: update a stale profile, win back one in decline, a planned contact."""

    class Kind(models.TextChoices):
        UPDATE = "update", _("update the profile")
        RETENTION = "retention", _("retention")
        CONTACT = "contact", _("planned contact")

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="tasks")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    key = models.CharField(max_length=120, unique=True)  # makes the nightly run harmless when repeated
    reason = models.JSONField(default=dict)
    plan = models.ForeignKey(CommunicationPlan, models.PROTECT, null=True, blank=True, related_name="tasks")
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="customer_tasks")
    created_at = models.DateTimeField(default=timezone.now)
    due_on = models.DateField(_("due"))
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    note = FreeCharField(_("note"), max_length=400, blank=True)
    history = HistoricalRecords(excluded_fields=["originals"])
    objects = TaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer task")
        verbose_name_plural = _("customer tasks")
        ordering = ["due_on", "id"]
        indexes = [
            models.Index(fields=["assignee", "due_on"], condition=models.Q(done_at=None), name="task_open_by_owner"),
            models.Index(fields=["customer"], condition=models.Q(done_at=None), name="task_open_by_customer"),
            models.Index(fields=["due_on", "id"], condition=models.Q(done_at=None), name="task_open_by_due"),
            models.Index(fields=["due_on"], condition=models.Q(kind="contact"), name="task_contact_by_due"),
        ]

    def __str__(self):
        return f"{self.kind} {self.customer_id}"
