"""The topics as the administrator sees and edits them."""

from django.contrib import admin
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.site import DeskAdmin, ReadOnlyAdmin, column
from tickets.models import Category, TopicModel, TopicRule
from tickets.topic_fields import TopicField
from tickets.topic_models import IN_TREE


@admin.register(Category)
class CategoryAdmin(DeskAdmin):
    list_display = ["in_tree", "code", "name_zh", "name_en", "kind", "position", "is_active"]
    list_editable = ["position", "is_active"]
    list_filter = ["kind", "is_active"]
    list_select_related = ["parent__parent"]
    search_fields = ["code", "name_zh", "name_en"]
    fields = ["parent", "code", "name_zh", "name_en", "kind", "position", "is_active"]

    def get_ordering(self, request):
        return IN_TREE

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "parent":
            every = Category.objects.all()
            kwargs |= {"form_class": TopicField, "queryset": every, "empty_label": _("top of the tree")}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description=_("topic"))
    def in_tree(self, topic):
        depth = len(topic.line) - 1
        return format_html("{}{}", "\u2003" * depth + ("└ " if depth else ""), topic)


@admin.register(TopicRule)
class TopicRuleAdmin(DeskAdmin):
    list_display = ["category", "words", "is_active"]
    list_select_related = ["category"]
    search_fields = ["words", "category__name_zh", "category__name_en"]

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        kwargs |= {"form_class": TopicField, "queryset": Category.objects.filter(is_active=True)}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


def share(number: float | None) -> str:
    return "–" if number is None else f"{number:.0%}".replace("%", " %")


@admin.register(TopicModel)
class TopicModelAdmin(ReadOnlyAdmin):
    """Every training with its figures; `train_topics` and the weekly task make them."""

    list_display = [
        column("trained_at", _("trained")), column("engine", _("way of learning")),
        column("tickets", _("tickets learned from")), column("held_out", _("newest tickets kept apart")),
        column("top1", _("first proposal right"), lambda row: share(row.top1)),
        column("top3", _("one of three right"), lambda row: share(row.top3)),
        column("taken", _("taken by agents"), lambda row: _taken(row)), column("is_active", _("in use")),
    ]  # fmt: skip
    more = ("by_topic",)

    def get_queryset(self, request):
        return super().get_queryset(request).defer("weights")

    @admin.display(description=_("by topic"))
    def by_topic(self, row):
        """Of each topic its tickets, and of those kept apart how many were right."""
        known = Category.objects.select_related("parent__parent").in_bulk([int(pk) for pk in row.report])
        lines = []
        for pk, line in row.report.items():
            topic = known.get(int(pk))
            way = gettext("learned") if line["learned"] else gettext("by rules")
            right = f"{line['right']} / {line['held_out']}" if "right" in line else "–"
            lines.append((topic.path if topic else pk, line["tickets"], way, right))
        return format_html_join("", "<div>{}: {} · {} · {}</div>", lines)


def _taken(row: TopicModel) -> str:
    if not row.offered:
        return "–"
    return gettext("%(share)s of %(n)d") % {"share": share(row.taken / row.offered), "n": row.offered}
