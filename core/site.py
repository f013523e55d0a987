"""The administration as part of the product: its name, and the product's own sign-in."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MANY = 5_000  # rows worth counting and leafing through; filters and search reach the rest


class DeskSite(admin.AdminSite):
    site_header = site_title = _("Service Desk")
    index_title = _("Settings")

    def login(self, request, extra_context=None):
        """Signed-in staff without the right are refused; others sign in where everybody does."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"), settings.LOGIN_URL)

    def index(self, request, extra_context=None):
        """Its first page says when a calendar lacks the days of a year in use."""
        from core.admin import gaps, unannounced  # its models' pages are registered with this site

        if request.method == "GET":
            for gap in gaps() + unannounced():
                messages.warning(request, gap)
        return super().index(request, extra_context)

    def get_app_list(self, request, app_label=None):
        """From what is set up once to what is looked at now and then; failed sign-ins last, under a plain name."""
        order = [name.rsplit(".", 1)[-1] for name in settings.INSTALLED_APPS]
        found = super().get_app_list(request, app_label)
        for app in found:
            if app["app_label"] == "axes":
                app["name"] = _("Failed sign-ins")
        return sorted(found, key=lambda app: (app["app_label"] == "axes", order.index(app["app_label"])))


class CappedPaginator(Paginator):
    """Counts no further than MANY, so that a list costs the same at a million rows."""

    @cached_property
    def count(self):
        return cast(QuerySet, self.object_list)[:MANY].count()


class DeskAdmin(admin.ModelAdmin):
    """Base of every list: constant cost, languages by name."""

    show_full_result_count = False
    paginator = CappedPaginator
    list_per_page = 50

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name == "language":
            return forms.ChoiceField(label=capfirst(db_field.verbose_name), choices=settings.LANGUAGES)
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class EditedAdmin(SimpleHistoryAdmin, DeskAdmin):
    """Rows that admins edit and whose every version is kept."""


class ReadOnlyAdmin(DeskAdmin):
    """Rows that only the product writes. `more` stands on the row's own page beside the columns of the list."""

    more: tuple = ()
    number_field = ""  # the search box takes T-123 or 123 and looks here
    actions_on_top = True

    def get_fields(self, request, obj=None):
        return [*self.list_display, *self.more]

    def get_readonly_fields(self, request, obj=None):
        return self.get_fields(request, obj)

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_search_fields(self, request):
        return [self.number_field] if self.number_field else super().get_search_fields(request)

    def get_search_results(self, request, queryset: QuerySet, search_term: str):
        if not self.number_field or not search_term.strip():
            return super().get_search_results(request, queryset, "" if self.number_field else search_term)
        return by_number(queryset, self.number_field, search_term), False


def by_number(queryset: QuerySet, field: str, typed: str) -> QuerySet:
    """Rows whose `field` is the number typed as T-123, K-000123 or 123; none for anything else."""
    digits = typed.strip().upper().lstrip("TKC-#")
    return queryset.filter(**{field: int(digits)}) if digits.isdecimal() and len(digits) < 19 else queryset.none()


def column(name: str, label: "StrOrPromise", show: Callable[[Any], Any] | None = None):
    """A column under a label of its own; `show` turns the row into what stands there."""

    @admin.display(description=label, ordering=name)
    def shown(row):
        if show:
            return show(row)
        display = getattr(row, f"get_{name}_display", None)
        return display() if display else getattr(row, name)

    shown.__name__ = name
    return shown


def ticket_column(path: str = "ticket_id"):
    return column(path, _("ticket"), lambda row: f"T-{getattr(row, path)}" if getattr(row, path) else "–")


def choices(label: "StrOrPromise") -> type[admin.ChoicesFieldListFilter]:
    """A filter over the choices of a field that has no name of its own on the screens."""

    class Titled(admin.ChoicesFieldListFilter):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.title = label

    return Titled
