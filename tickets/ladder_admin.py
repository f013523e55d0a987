"""Escalation ladders in the administration: rungs checked as a whole, absent people reported."""

from itertools import islice

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.site import EditedAdmin, ReadOnlyAdmin, choices, column, ticket_column
from staff import floor, managers
from tickets import sla_replan
from tickets.ladder_models import Act, Ladder, Rung, Whom, check_rungs
from tickets.models import SLAPolicy

MOST_OFFERED = 5  # policies named after an edit of a ladder


class RungsFormSet(forms.BaseInlineFormSet):
    """The rungs of one ladder; they make sense together or not at all."""

    def clean(self):
        super().clean()
        if any(self.errors):
            return
        check_rungs([form.instance for form in self.forms if form.cleaned_data and not self._should_delete_form(form)])
        people = {form.instance.person_id: form.instance.person for form in self.forms if form.instance.person_id}
        for pk in sorted(floor.in_circle(people, timezone.now())):
            raise ValidationError(_("%(name)s is away, and the deputies point at each other.") % {"name": people[pk]})


class RungInline(admin.StackedInline):
    model = Rung
    formset = RungsFormSet
    extra = 0
    min_num = 1
    autocomplete_fields = ["person", "duty_team"]
    fieldsets = [
        (None, {"fields": [("position", "trigger", "percent"), ("to", "person", "duty_team"), "ack_within",
                           ("reassigns", "raises_priority", "opens_sheet"), "urgent"]}),
    ]  # fmt: skip


@admin.register(Ladder)
class LadderAdmin(EditedAdmin):
    list_display = ["name", "is_standard", "in_short"]
    search_fields = ["name"]
    readonly_fields = ["is_standard"]
    actions = ["make_standard"]
    inlines = [RungInline]

    @admin.display(description=gettext_lazy("rungs"))
    def in_short(self, ladder):
        return " → ".join(
            f"{rung.percent} % {rung.person or rung.get_to_display()}" if rung.percent
            else str(rung.person or rung.get_to_display()) for rung in ladder.rungs.all()
        )  # fmt: skip

    @admin.action(description=gettext_lazy("Make it the standard ladder"), permissions=["change"])
    def make_standard(self, request, queryset):
        """There is always one: it changes places, it is never taken away."""
        chosen = list(queryset[:2])
        if len(chosen) != 1:
            messages.error(request, _("Choose one ladder."))
            return
        with transaction.atomic():
            for former in Ladder.objects.select_for_update().filter(is_standard=True).exclude(pk=chosen[0].pk):
                former.is_standard = False
                former.save()
            chosen[0].is_standard = True
            chosen[0].save()
        messages.success(request, _("“%(name)s” is the standard ladder now.") % {"name": chosen[0]})

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("rungs__person")

    def has_delete_permission(self, request, obj=None):
        return not (obj is not None and obj.is_standard) and super().has_delete_permission(request, obj)

    def changelist_view(self, request, extra_context=None):
        self._report_absent(request, Rung.objects.filter(person__isnull=False))
        if request.method == "GET" and Rung.objects.filter(to__in=[Whom.MANAGER, Whom.NEXT]).exists():
            for remark in managers.remarks():
                messages.warning(request, remark)
        return super().changelist_view(request, extra_context)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        self._offer(request, form.instance)
        self._report_absent(request, form.instance.rungs.filter(person__isnull=False))

    def _offer(self, request, ladder: Ladder) -> None:
        """Rungs before the breach reach what runs only by an explicit re-planning."""
        mine = Q(ladder=ladder) | Q(ladder=None) if ladder.is_standard else Q(ladder=ladder)
        left = (policy for policy in SLAPolicy.objects.filter(mine, is_active=True).order_by("pk")
                if sla_replan.would_move(policy=policy))  # fmt: skip
        for policy in islice(left, MOST_OFFERED):
            messages.warning(request, format_html(
                '{} <a href="{}?policy={}">{}</a>',
                _("Running promises of %(policy)s do not look at these rungs yet.") % {"policy": policy},
                reverse("admin:tickets_replan_preview"), policy.pk, _("See what re-planning them would move"),
            ))  # fmt: skip

    def _report_absent(self, request, rungs):
        """Who is named but not here; their rung is taken by whoever stands in, or the next one above."""
        named = list(rungs.select_related("person", "ladder"))
        acting = floor.stand_ins([rung.person_id for rung in named], timezone.now())
        for rung in named:
            standing_in = acting[rung.person_id]
            facts = {"ladder": rung.ladder, "n": rung.position, "name": rung.person, "deputy": standing_in}
            if standing_in is None:
                text = _("%(ladder)s, rung %(n)s: %(name)s is away or has left and nobody stands in, so the next one "
                         "above is told.")  # fmt: skip
                messages.warning(request, text % facts)
            elif standing_in != rung.person:
                messages.info(request, _("%(ladder)s, rung %(n)s: %(deputy)s stands in for %(name)s.") % facts)


@admin.register(Act)
class ActAdmin(ReadOnlyAdmin):
    list_display = [
        ticket_column(), column("kind", gettext_lazy("what")), column("to", gettext_lazy("to whom")),
        column("result", gettext_lazy("result")), column("done_at", gettext_lazy("done at")),
    ]  # fmt: skip
    more = (column("why", gettext_lazy("why")),)
    list_filter = [("kind", choices(gettext_lazy("what"))), ("result", choices(gettext_lazy("result")))]
    list_select_related = ["to"]
    ordering = ["-id"]
    number_field = "ticket_id"
