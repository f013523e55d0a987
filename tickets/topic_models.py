"""Topics of tickets: a tree of at most three levels, kept by the administrator; see `topics` for who proposes them."""

import re
from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tickets.models import Kind

LEVELS = 3
PATH = " › "
LOCK = 7_341_013  # of the advisory lock under which the tree changes: two moves that each make sense may make a ring
WHOLE = models.IntegerField()
GRAND, PARENT = Q(parent__parent=None), Q(parent=None)
IN_TREE = (
    Coalesce("parent__parent__position", "parent__position", "position"),
    Coalesce("parent__parent__code", "parent__code", "code"),
    Case(When(PARENT, Value(-1)), When(GRAND, F("position")), default=F("parent__position"), output_field=WHOLE),
    Case(When(PARENT, Value("")), When(GRAND, F("code")), default=F("parent__code"), output_field=models.CharField()),
    Case(When(GRAND, Value(-1)), default=F("position"), output_field=WHOLE),
    F("code"),
)


def line_of(parents: Mapping[int, int | None], topic: int | None) -> list[int]:
    """The topic and those above it, nearest first; ends where a ring would begin again."""
    found: list[int] = []
    while topic is not None and topic not in found:
        found.append(topic)
        topic = parents.get(topic)
    return found


def height_of(parents: Mapping[int, int | None], topic: int | None) -> int:
    """How many levels a topic is high with everything below it; a new one is one."""
    lines = [line_of(parents, one) for one in parents]
    return max((line.index(topic) + 1 for line in lines if topic in line), default=1)


def misplaced(parents: Mapping[int, int | None], topic: int | None, under: int | None) -> str:
    """Why a topic (None: a new one) cannot stand under another: "ring", "deep", or "" where it can."""
    above = line_of(parents, under)
    if topic is not None and topic in above:
        return "ring"
    return "deep" if len(above) + height_of(parents, topic) > LEVELS else ""


def _named_zh() -> bool:
    return (get_language() or "").startswith("zh")


class CategoryQuerySet(models.QuerySet):
    def in_tree(self):
        """Each below its parent, with what their paths name."""
        return self.select_related("parent__parent").order_by(*IN_TREE)

    def paths(self) -> list[tuple[int, str]]:
        """(id, path) of each, in the order of the tree, without a model for each of them and of those above."""
        columns = ("pk", "parent", "position", "code", "name_zh" if _named_zh() else "name_en")
        known = {pk: row for pk, *row in self.select_related(None).order_by().values_list(*columns)}
        wanted = list(known)
        while missing := {parent for parent, *_rest in known.values()} - known.keys() - {None}:
            known |= {pk: row for pk, *row in Category.objects.filter(pk__in=missing).order_by().values_list(*columns)}
        parents = {pk: row[0] for pk, row in known.items()}
        lines = {pk: line_of(parents, pk)[::-1] for pk in wanted}
        in_tree = sorted(wanted, key=lambda pk: [known[above][1:3] for above in lines[pk]])
        return [(pk, PATH.join(known[above][3] for above in lines[pk])) for pk in in_tree]

    def within(self, topic: int | str):
        """The topic and all below it."""
        return self.filter(Q(pk=topic) | Q(parent=topic) | Q(parent__parent=topic))


class Category(models.Model):
    """A topic that intake offers; rows are the admin's."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("under"),
        help_text=_("Lists and rules that name a topic mean everything below it too. At most three levels."),
    )
    name_zh = models.CharField(_("name (Chinese)"), max_length=60)
    name_en = models.CharField(_("name (English)"), max_length=60)
    kind = models.CharField(_("class"), max_length=10, choices=Kind, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    is_active = models.BooleanField(_("active"), default=True)
    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["position", "code"]

    def __str__(self):
        return self.name_zh if _named_zh() else self.name_en

    def save(self, *args, **kwargs):
        """Refuses a place that makes a ring or a fourth level, whoever else moves topics at the same moment."""
        with transaction.atomic():
            if self.parent_id is not None:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
                self._refuse_misplaced()
            super().save(*args, **kwargs)

    def clean(self):
        if self.parent_id is None:
            return
        self._refuse_misplaced()
        if self.parent and self.parent.kind and self.parent.kind != self.kind:
            raise ValidationError({"kind": _("The topic above belongs to another class.")})

    def _refuse_misplaced(self) -> None:
        parents = dict(Category.objects.order_by().values_list("pk", "parent"))
        why = misplaced(parents, self.pk, self.parent_id)
        if why:
            raise ValidationError({"parent": SAYS[why]})

    @property
    def line(self) -> "list[Category]":
        """From the top of the tree down to this topic."""
        found, topic = [self], self.parent
        while topic is not None and len(found) < LEVELS:
            found.insert(0, topic)
            topic = topic.parent
        return found

    @property
    def path(self) -> str:
        """Return or exchange › Refund."""
        return PATH.join(map(str, self.line))


SAYS = {
    "ring": _("A topic cannot stand under itself."),
    "deep": _("The tree has three levels; here a topic would stand on a fourth."),
}


class TopicRule(models.Model):
    """Words that speak for a topic, for those of which there are too few past tickets to learn from."""

    category = models.ForeignKey(Category, models.CASCADE, related_name="rules", verbose_name=_("topic"))
    words = models.TextField(
        _("words"), help_text=_("Separated by commas or lines; English ones count as whole words.")
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("rule of a topic")
        verbose_name_plural = _("rules of topics")
        ordering = ["category__position", "pk"]

    def __str__(self):
        return f"{self.category}: {self.words[:60]}"

    @property
    def listed(self) -> list[str]:
        return [word.strip() for word in re.split(r"[,，、;；\n]", self.words) if word.strip()]


class TopicModel(models.Model):
    """What one training has learned from past tickets, and how right it was on newer ones that it had not seen."""

    class Engine(models.TextChoices):
        NONE = "", _("too few tickets: rules only")
        BAYES = "bayes", _("built-in naive Bayes")
        SCIKIT = "scikit", _("scikit-learn, logistic regression")

    trained_at = models.DateTimeField(_("trained"), default=timezone.now)
    engine = models.CharField(_("way of learning"), max_length=8, choices=Engine, blank=True)
    tickets = models.PositiveIntegerField(_("tickets learned from"), default=0)
    held_out = models.PositiveIntegerField(_("newest tickets kept apart"), default=0)
    top1 = models.FloatField(_("first proposal right"), null=True)
    top3 = models.FloatField(_("one of three right"), null=True)
    report = models.JSONField(_("by topic"), default=dict)
    weights = models.BinaryField(default=bytes)
    is_active = models.BooleanField(_("in use"), default=True)
    offered = models.PositiveIntegerField(_("offered"), default=0)
    taken = models.PositiveIntegerField(_("taken"), default=0)

    class Meta:
        verbose_name = _("learned topics")
        verbose_name_plural = _("learned topics")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["is_active"], condition=Q(is_active=True), name="one_topic_model_in_use"),
            models.CheckConstraint(condition=Q(engine__in=["", "bayes", "scikit"]), name="topic_engine_is_known"),
        ]

    def __str__(self):
        return f"{self.get_engine_display()} {self.trained_at:%Y-%m-%d}"
