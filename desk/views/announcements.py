"""Announcements: written by leads for their teams, acknowledged by their readers, with the list of who has."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from desk.floor_forms import AnnouncementForm
from desk.views.floor import PAGE, leads_only, whole
from staff import announcing
from staff.floor_models import Announcement
from staff.models import Role, User
from staff.sight import visible_teams


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def announcements(request):
    """The latest first, with the form for those who lead."""
    form = AnnouncementForm(request.POST or None, by=request.user)
    if request.method == "POST":
        if not request.user.supervises:
            leads_only(request.user, None)
        if form.is_valid():
            given = dict(form.cleaned_data)
            try:
                row = announcing.publish(by=request.user, teams=list(given.pop("teams")), **given)
                messages.success(request, _("Published."))
                return redirect("desk:announcement", pk=row.pk)
            except announcing.PublishRefused as refused:
                form.add_error(None, str(refused))
    rows = Announcement.objects.visible_to(request.user).select_related("author").prefetch_related("teams")
    if before := whole(request.GET.get("before")):
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: PAGE + 1])
    read = set(request.user.receipts.filter(announcement__in=found).values_list("announcement", flat=True))
    context = {
        "part": "announcements", "rows": [(row, row.pk in read) for row in found[:PAGE]], "form": form,
        "now": timezone.now(), "shown": form.is_bound,
        "next_url": f"?before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
    }
    return render(request, "floor/announcements.html", context, status=422 if form.is_bound else 200)


@login_required
@require_GET
def announcement(request, pk):
    """One of them; whoever leads sees who has acknowledged it and who has not."""
    row = get_object_or_404(Announcement.objects.visible_to(request.user).select_related("author"), pk=pk)
    receipts = {one.user_id: one.at for one in row.receipts.all()}
    readers = []
    if request.user.supervises:
        people = User.objects.filter(is_active=True, team__in=visible_teams(request.user)).exclude(role=Role.ADMIN)
        people = people.exclude(pk=row.author_id)
        if not row.to_all:
            people = people.filter(team__in=row.teams.all())
        ordered = people.select_related("team").order_by("team__name", "display_name", "pk")[:1000]
        readers = [(person, receipts.get(person.pk)) for person in ordered]
    context = {
        "part": "announcements", "row": row, "readers": readers, "now": timezone.now(), "teams": row.teams.all(),
        "mine": receipts.get(request.user.pk), "done": sum(1 for _person, at in readers if at),
        "wanted": row.must_acknowledge and row.ends_at > timezone.now() and row.author_id != request.user.pk,
        "may_end": request.user.is_admin or row.author_id == request.user.pk,
    }
    return render(request, "floor/announcement.html", context)


@login_required
@require_POST
def acknowledge(request, pk):
    """The reader has read it; the banner goes."""
    row = get_object_or_404(Announcement.objects.visible_to(request.user), pk=pk)
    announcing.acknowledge(row, by=request.user)
    if request.htmx:
        return render(request, "floor/_notices.html", {"notices": announcing.waiting(request.user)})
    return redirect("desk:announcement", pk=pk)


@login_required
@require_POST
def end(request, pk):
    """Takes it off the pages."""
    row = get_object_or_404(Announcement.objects.visible_to(request.user), pk=pk)
    if not (request.user.is_admin or row.author_id == request.user.pk):
        leads_only(request.user, None)
    announcing.end(row, by=request.user)
    return redirect("desk:announcement", pk=pk)
