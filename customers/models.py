"""The customer archive 客户档案: who they are, how to reach them, their tier and what they agreed to."""

from django.conf import settings
from django.db import models
from django.db.models.functions import ExtractDay, ExtractMonth
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core import crypto, masking, phones
from core.crypto import EncryptedTextField
from staff.sight import TeamSightQuerySet


class Tier(models.Model):
    """A tier 客户分级 and what a customer must score to be in it; rows and thresholds are the admin's."""

    code = models.SlugField(_("code"), max_length=20, unique=True)
    name_zh = models.CharField(_("name (Chinese)"), max_length=40)
    name_en = models.CharField(_("name (English)"), max_length=40)
    rank = models.PositiveSmallIntegerField(_("rank"), unique=True, help_text=_("1 is served first."))
    least_score = models.PositiveSmallIntegerField(
        _("score from"), null=True, blank=True, help_text=_("Empty: never assigned by score.")
    )
    badge = models.CharField(
        _("badge"),
        max_length=10,
        choices=[("platinum", _("dark gem")), ("gold", _("gold star")), ("silver", _("grey dot")), ("", _("none"))],
        blank=True,
    )
    greeting_zh = models.CharField(_("greeting (Chinese)"), max_length=200, blank=True)
    greeting_en = models.CharField(_("greeting (English)"), max_length=200, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        ordering = ["rank"]

    def __str__(self):
        return self.name

    @property
    def name(self) -> str:
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en


class CustomerQuerySet(TeamSightQuerySet):
    def by_contact(self, kind: str, value: str):
        """Customers with this exact contact, found through the blind index; `value` may be in any format."""
        try:
            index = Contact.index_of(kind, value)
        except phones.BadPhone:
            return self.none()
        return self.filter(contacts__kind=kind, contacts__value_index=index)

    def by_last4(self, digits: str):
        return self.filter(contacts__last4_index=crypto.blind_index("last4", digits)).distinct()


class Customer(models.Model):
    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        COMPANY = "company", _("company")

    class Stage(models.TextChoices):
        EXPLORATION = "exploration", _("exploring")
        FORMATION = "formation", _("forming")
        STABLE = "stable", _("stable")
        DECLINE = "decline", _("declining")

    class Source(models.TextChoices):
        CALL = "call", _("incoming call")
        MAIL = "mail", _("mail")
        API = "api", _("API")
        SALES = "sales", _("sales")
        CAMPAIGN = "campaign", _("campaign")
        IMPORT = "import", _("import")

    team = models.ForeignKey("staff.Team", models.PROTECT, related_name="customers", verbose_name=_("team"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.PERSON)
    name = models.CharField(_("name"), max_length=120)
    initials = models.CharField(max_length=40, blank=True, editable=False)  # pinyin initials of a Chinese name
    company = models.CharField(_("company"), max_length=120, blank=True)
    occupation = models.CharField(_("occupation"), max_length=80, blank=True)
    industry = models.CharField(_("industry"), max_length=80, blank=True)
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
    since = models.DateField(_("customer since"), default=timezone.localdate)
    external_source = models.CharField(max_length=40, blank=True, editable=False)
    external_id = models.CharField(max_length=80, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    last_contact_at = models.DateTimeField(_("last contact"), null=True, blank=True)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
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
        """老客户: a mark beside the tier, from the third year on."""
        return self.years >= 3


class Contact(models.Model):
    """One way to reach a customer, encrypted, found by keyed index, shown masked."""

    class Kind(models.TextChoices):
        PHONE = "phone", _("phone")
        EMAIL = "email", _("mail")
        ADDRESS = "address", _("address")
        WECHAT = "wechat", _("WeChat")

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="contacts")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    value = EncryptedTextField(_("value"))
    value_index = models.CharField(max_length=64, editable=False)
    last4_index = models.CharField(max_length=64, blank=True, editable=False)
    masked = models.CharField(_("shown as"), max_length=120, editable=False)
    preferred = models.BooleanField(_("preferred"), default=False)
    source = models.CharField(_("source"), max_length=10, choices=Customer.Source)
    verified_on = models.DateField(_("verified on"), null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints = [
            models.UniqueConstraint(fields=["customer", "kind", "value_index"], name="contact_once_per_customer"),
            models.CheckConstraint(condition=models.Q(kind__in=["phone", "email", "address", "wechat"]),
                                   name="contact_kind_is_known"),
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

    def seal(self) -> None:
        """Derives the indexes and the masked form from `value`; every writer calls it before saving."""
        self.value = self.normalise(self.kind, self.value)
        self.value_index = crypto.blind_index(self.kind, self.value)
        mask = {"phone": masking.phone, "email": masking.email, "address": masking.address, "wechat": masking.name}
        self.masked = mask[self.kind](self.value)
        self.last4_index = crypto.blind_index("last4", phones.last4(self.value)) if self.kind == "phone" else ""


class Consent(models.Model):
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
    wording = models.CharField(_("wording"), max_length=400)
    way = models.CharField(_("way"), max_length=120)
    recorded_by_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["customer", "purpose", "-id"], name="consent_latest")]

    def __str__(self):
        return f"{self.get_purpose_display()} {self.given}"


class TierAssignment(models.Model):
    """Which tier a customer had, from when and why. Append-only."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="tier_assignments")
    tier = models.ForeignKey(Tier, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    score = models.PositiveSmallIntegerField(null=True)
    reason = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("tier assignment")
        verbose_name_plural = _("tier assignments")
        ordering = ["-id"]

    def __str__(self):
        return f"{self.customer_id} {self.tier_id}"


class Reveal(models.Model):
    """Who saw an unmasked contact, whose, why and when. Append-only."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="reveals")
    field = models.CharField(max_length=20)
    reason = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("reveal")
        verbose_name_plural = _("reveals")
        ordering = ["-id"]

    def __str__(self):
        return f"{self.user_id} {self.customer_id} {self.field}"
