"""Who works when and who is away: the roster of a week, and absences with what becomes of the work."""

from datetime import date, datetime, time, timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from desk import leaving, leaving_visits
from desk.floor_forms import AbsenceForm, DutyForm
from desk.views.floor import PAGE, leads_only, team_of, whole
from staff import absences, rosters
from staff.floor_models import Absence, Duty, Shift
from staff.models import Role, User

VISITS = 20  # of somebody who leaves, named in the preview


def _monday(text: str) -> date:
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    usable = day is not None and 2000 <= day.year <= 2100
    return rosters.monday_of(day if day is not None and usable else timezone.localdate())


@login_required
@require_GET
def roster(request):
    """A week of a team: who works which shift. Leads change it cell by cell; agents read it."""
    return _roster(request)


def _roster(request, refused: str = "", status: int = 200):
    team, teams = team_of(request)
    monday = _monday(request.POST.get("week") or request.GET.get("week", ""))
    days = [monday + timedelta(days=ahead) for ahead in range(7)]
    cells: dict[tuple[int, date], list[Duty]] = {}
    duties = Duty.objects.filter(shift__team=team, date__range=(days[0], days[-1]))
    for duty in duties.select_related("shift").order_by("shift__starts"):
        cells.setdefault((duty.user_id, duty.date), []).append(duty)
    people = User.objects.filter(is_active=True, team=team).exclude(role=Role.ADMIN).order_by("display_name", "pk")
    start = timezone.make_aware(datetime.combine(monday, time.min))
    gone = list(Absence.objects.filter(user__team=team, starts_at__lt=start + rosters.WEEK, ends_at__gt=start))
    rows = [
        (person, [(day, cells.get((person.pk, day), []), _away(gone, person.pk, day)) for day in days])
        for person in people
    ]
    context = {
        "part": "roster", "team": team, "teams": teams, "monday": monday, "days": days, "rows": rows,
        "shifts": list(Shift.objects.filter(team=team, is_active=True)), "refused": refused,
        "before": monday - rosters.WEEK, "after": monday + rosters.WEEK, "today": timezone.localdate(),
        "may_lead": absences.may_lead(request.user, team.pk if team else None),
    }
    template = "floor/_roster.html" if request.htmx and request.method == "POST" else "floor/roster.html"
    return render(request, template, context, status=status)


def _away(gone: list[Absence], pk: int, day: date) -> Absence | None:
    for absence in gone:
        first, last = timezone.localdate(absence.starts_at), timezone.localdate(absence.ends_at)
        if absence.user_id == pk and first <= day <= last:
            return absence
    return None


@login_required
@require_POST
def put_on(request):
    """Fills a cell: somebody works a shift on a day."""
    team, _teams = team_of(request)
    leads_only(request.user, team.pk if team else None)
    form = DutyForm(request.POST, team=team)
    if not form.is_valid():
        return _roster(request, _("Choose a shift of this team and one of its people."), 422)
    given = form.cleaned_data
    try:
        rosters.assign(user=given["user"], shift=given["shift"], day=given["date"])
    except rosters.DutyRefused as refused:
        return _roster(request, str(refused), 422)
    return _roster(request) if request.htmx else _to_week(team, _monday(request.POST.get("week", "")))


@login_required
@require_POST
def take_off(request, pk):
    """Empties a cell."""
    duty = get_object_or_404(Duty.objects.visible_to(request.user).select_related("shift"), pk=pk)
    leads_only(request.user, duty.shift.team_id)
    duty.delete()
    return _roster(request) if request.htmx else _to_week(duty.shift.team, rosters.monday_of(duty.date))


@login_required
@require_POST
def copy(request):
    """Last week's duties into the week that is shown."""
    team, _teams = team_of(request)
    leads_only(request.user, team.pk if team else None)
    monday = _monday(request.POST.get("week", ""))
    if team is not None:
        made, left_out = rosters.copy_week(team=team, monday=monday)
        words = ngettext("%(n)d duty copied.", "%(n)d duties copied.", made) % {"n": made}
        if left_out:
            words += " " + _("Left as they are: %(n)d.") % {"n": left_out}
        messages.success(request, words)
    return _to_week(team, monday)


def _to_week(team, monday: date):
    return redirect(f"{reverse('desk:roster')}?team={team.pk if team else ''}&week={monday.isoformat()}")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def away(request):
    """Who is away, the latest first; leads write an absence down, and what begins already is handed on at once."""
    form = AbsenceForm(request.POST or None, by=request.user)
    if request.method == "POST":
        if not request.user.supervises:
            leads_only(request.user, None)
        if form.is_valid():
            try:
                absence = absences.record(by=request.user, **form.cleaned_data)
            except absences.AbsenceRefused as refused:
                form.add_error(None, str(refused))
            else:
                begun = leaving.begin(absence)
                messages.success(request, _("The absence is recorded."))
                done = absence.transfers.order_by("pk").first() if begun else None
                return redirect("desk:transfer", pk=done.pk) if done else redirect("desk:absences")
    rows = Absence.objects.visible_to(request.user).select_related("user__team", "deputy", "recorded_by")
    if not request.user.supervises:
        rows = rows.filter(user=request.user)
    if before := whole(request.GET.get("before")):
        rows = rows.filter(pk__lt=before)
    found = list(rows.prefetch_related("transfers").order_by("-pk")[: PAGE + 1])
    context = {
        "part": "absences", "rows": found[:PAGE], "form": form, "now": timezone.now(), "shown": form.is_bound,
        "next_url": f"?before={found[PAGE - 1].pk}" if len(found) > PAGE else "",
    }
    return render(request, "floor/absences.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def preview(request):
    """How many of what would go to whom, before the absence is written down."""
    if not request.user.supervises:
        leads_only(request.user, None)
    form = AbsenceForm(request.POST, by=request.user)
    form.is_valid()
    person, given = form.cleaned_data.get("user"), form.cleaned_data
    now = timezone.now()
    shares = person and leaving.preview(user=person, plan=given.get("plan", ""), deputy=given.get("deputy"))
    visits = leaving_visits.preview(
        person, begin=max(given.get("starts_at") or now, now), end=given.get("ends_at"), deputy=given.get("deputy"),
        most=VISITS,
    ) if person else []
    total = sum(share.total for share in shares or [])
    context = {"person": person, "shares": shares, "total": total, "visits": visits}
    return render(request, "floor/_preview.html", context)


@login_required
@require_POST
def back(request, pk):
    """Ends an absence early, or withdraws one that lies ahead."""
    absence = get_object_or_404(Absence.objects.visible_to(request.user).select_related("user"), pk=pk)
    leads_only(request.user, absence.user.team_id)
    if absences.end(absence, by=request.user) is None:
        messages.success(request, _("The absence is withdrawn."))
    else:
        messages.success(request, _("The absence has ended. What was handed on can be given back on its page."))
    return redirect("desk:absences")
