from axes import admin as axes_admin  # noqa: F401 - registers what is taken back below
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from core.site import DeskAdmin, ReadOnlyAdmin, column
from staff import floor_admin, managers, webhook_admin  # noqa: F401 - they register their pages
from staff.models import ApiToken, Department, Role, Skill, Team, User

admin.site.unregister(Group)  # roles say what one may do
for model in (AccessAttempt, AccessFailureLog, AccessLog):
    admin.site.unregister(model)
AXES_WORDS = gettext_noop("access attempt"), gettext_noop("access attempts")


class MemberForm(UserChangeForm):
    language = forms.ChoiceField(
        label=capfirst(gettext_lazy("language")), required=False,
        choices=[("", gettext_lazy("as the browser asks")), *settings.LANGUAGES],
    )


@admin.register(User)
class MemberAdmin(UserAdmin, DeskAdmin):
    """Accounts. The role alone decides who may open these pages."""

    form = MemberForm
    list_display = ["display_name", "username", "role", "team", "is_active", "last_login"]
    list_display_links = ["display_name", "username"]
    list_filter = ["role", "team", "is_active"]
    list_select_related = ["team"]
    search_fields = ["username", "display_name", "email"]
    ordering = ["username"]
    autocomplete_fields = ["team"]
    filter_horizontal = ["skills"]
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "password", "is_active"]}),
        (gettext_lazy("Person"), {"fields": ["display_name", "email", "language", "theme", "single_keys"]}),
        (gettext_lazy("Work"), {"fields": ["role", "team", "presence", "skills", "capacity", "recovery_limit"]}),
        (gettext_lazy("Sign-ins"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "display_name", "email", "role", "team", "usable_password", "password1",
                           "password2"]}),
    ]  # fmt: skip

    def get_form(self, request, obj=None, **kwargs):
        form = super().get_form(request, obj, **kwargs)
        if obj is None or obj.pk != request.user.pk:
            return form

        class OwnForm(form):
            def clean_role(self):
                if self.cleaned_data["role"] != Role.ADMIN:
                    raise ValidationError(_("You cannot take the administrator's role from yourself."))
                return self.cleaned_data["role"]

        return OwnForm

    def save_model(self, request, obj, form, change):
        obj.is_staff = obj.is_superuser = obj.role == Role.ADMIN
        super().save_model(request, obj, form, change)


@admin.register(Team)
class TeamAdmin(DeskAdmin):
    list_display = ["name", "department", "member_count"]
    list_select_related = ["department"]
    list_filter = ["department"]
    ordering = ["name"]
    search_fields = ["name"]
    autocomplete_fields = ["department"]

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(working=Count("members", filter=Q(members__is_active=True)))

    @admin.display(description=gettext_lazy("members"), ordering="working")
    def member_count(self, team):
        return team.working


@admin.register(Skill)
class SkillAdmin(DeskAdmin):
    list_display = ["name"]
    search_fields = ["name"]


class DepartmentForm(forms.ModelForm):
    class Meta:
        model = Department
        fields = ["name", "manager"]

    def clean_manager(self):
        manager = self.cleaned_data["manager"]
        if manager is not None and not managers.may_manage(manager, self.instance):
            raise ValidationError(
                _("Choose a supervisor of this department or an administrator, so that they see its work.")
            )
        return manager


@admin.register(Department)
class DepartmentAdmin(DeskAdmin):
    form = DepartmentForm
    list_display = ["name", "manager"]
    list_select_related = ["manager"]
    autocomplete_fields = ["manager"]
    search_fields = ["name"]

    def changelist_view(self, request, extra_context=None):
        if request.method == "GET":
            for remark in managers.remarks():
                messages.warning(request, remark)
        return super().changelist_view(request, extra_context)


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Who holds a token; deleting it withdraws it."""

    list_display = [column("user", gettext_lazy("user")), column("created_at", gettext_lazy("created"))]
    list_select_related = ["user"]

    def has_delete_permission(self, request, obj=None):
        return request.user.is_admin


@admin.register(AccessAttempt)
class AccessAttemptAdmin(ReadOnlyAdmin):
    """Failed sign-ins; deleting a row lifts its lock."""

    list_display = [
        column("attempt_time", gettext_lazy("at")), column("username", gettext_lazy("user")),
        column("ip_address", gettext_lazy("address of the computer")),
        column("failures_since_start", gettext_lazy("failures")),
    ]  # fmt: skip
    ordering = ["-id"]
    search_fields = ["=username", "=ip_address"]

    def has_delete_permission(self, request, obj=None):
        return request.user.is_admin
