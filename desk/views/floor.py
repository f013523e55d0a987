"""The floor 现场: hand-over from shift to shift, and what lies with somebody who is away."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from desk import leaving, shift_list
from desk.floor_forms import HandOverForm, PlanForm
from staff import absences, handing_over
from staff.floor_models import Absence, HandOver, Transfer
from staff.models import Team, User
from staff.sight import visible_teams
from tickets.models import Ticket

PAGE = 20


def whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else None


def team_of(request) -> tuple[Team | None, list[Team]]:
    """The team that a page of the floor is about, and those that can be chosen."""
    teams = list(visible_teams(request.user).order_by("name")[:100])
    asked = whole(request.POST.get("team") or request.GET.get("team")) or request.user.team_id
    return next((team for team in teams if team.pk == asked), teams[0] if teams else None), teams


def leads_only(user: User, team_id: int | None) -> None:
    if not absences.may_lead(user, team_id):
        raise PermissionDenied(_("Team leads do this for their team, and supervisors for their department."))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request):
    """What the shift leaves open, with a remark each; sent, it is written down for whoever comes next."""
    team, teams = team_of(request)
    if team is None:
        raise PermissionDenied(_("You are not in a team yet. Ask an administrator."))
    form = HandOverForm(request.POST or None)
    asked = request.POST.get("whose") or request.GET.get("whose")
    own = asked == "mine" if asked in ("mine", "team") else not request.user.supervises
    found = shift_list.gather(request.user, team, own=own)
    if request.method == "POST" and form.is_valid():
        row = handing_over.hand_over(
            team=team, shift=found.shift, until=found.until, lines=shift_list.lines(found, form.remarks),
            by=request.user, key=f"{request.user.pk}:{form.cleaned_data['key']}",
        )
        messages.success(request, _("Handed over. Whoever takes over confirms it."))
        return redirect("desk:handover", pk=row.pk)
    past = HandOver.objects.visible_to(request.user).filter(team=team).order_by("-pk")
    if before := whole(request.GET.get("before")):
        past = past.filter(pk__lt=before)
    rows = list(past.select_related("by", "shift", "receipt__by")[: PAGE + 1])
    context = {
        "part": "handover", "team": team, "teams": teams, "own": own, "list": found, "form": form,
        "remarked": [(matter, form.remarks.get(matter.ticket.pk, "")) for matter in found.matters],
        "left": [] if own else leaving.left_behind(request.user), "plans": Absence.Plan.choices,
        "may_lead": absences.may_lead(request.user, team.pk), "past": rows[:PAGE],
        "next_url": f"?team={team.pk}&before={rows[PAGE - 1].pk}#past" if len(rows) > PAGE else "",
    }
    return render(request, "floor/handover.html", context, status=422 if form.is_bound else 200)


@login_required
@require_GET
def handed_over(request, pk):
    """One hand-over as it was written down, to be printed; of tickets out of sight the number alone."""
    seen = HandOver.objects.visible_to(request.user).select_related("team", "shift", "by", "receipt__by")
    row = get_object_or_404(seen, pk=pk)
    lines = list(row.lines.all())
    tickets = Ticket.objects.visible_to(request.user).for_list().in_bulk([line.ticket_id for line in lines])
    told = [(line, tickets.get(line.ticket_id), shift_list.words_of(line.reasons)) for line in lines]
    return render(request, "floor/record.html", {"part": "handover", "row": row, "lines": told})


@login_required
@require_POST
def receive(request, pk):
    """Confirms that one takes it over."""
    row = get_object_or_404(HandOver.objects.visible_to(request.user), pk=pk)
    try:
        handing_over.receive(row, by=request.user)
        messages.success(request, _("You have taken over."))
    except handing_over.ReceiptRefused as refused:
        messages.warning(request, str(refused))
    return redirect("desk:handover", pk=pk)


@login_required
@require_POST
def transfer(request, pk):
    """Hands on at once what lies with somebody who is away."""
    person = get_object_or_404(User.objects.filter(team__in=visible_teams(request.user)), pk=pk)
    leads_only(request.user, person.team_id)
    form = PlanForm(request.POST)
    if not form.is_valid():
        messages.warning(request, _("Say where the work goes."))
        return redirect("desk:floor")
    row = leaving.take_away(user=person, plan=form.cleaned_data["plan"], by=request.user)
    return redirect("desk:transfer", pk=row.pk)


def _transfers(user: User):
    seen = Transfer.objects.filter(user__team__in=visible_teams(user)).select_related("user", "by", "absence")
    return seen if user.supervises else seen.filter(user=user)


@login_required
@require_GET
def transferred(request, pk):
    """What became of each piece of somebody's work."""
    row = get_object_or_404(_transfers(request.user), pk=pk)
    people = User.objects.in_bulk([one["after"] for one in row.done if one["after"]])
    kept = {(one["what"], one["id"]): one["why"] for one in row.kept}
    lines = [
        {
            "label": leaving.label_of(one["what"]), **one, "number": leaving.number_of(one["what"], one["id"]),
            "to": people.get(one.get("after") or 0), "kept": kept.get((one["what"], one["id"]), ""),
        }
        for one in row.rows
    ]
    context = {
        "part": "absences", "row": row, "lines": lines, "may_lead": absences.may_lead(request.user, row.user.team_id),
        "undoable": bool(row.done) and row.undone_at is None and timezone.now() <= row.at + leaving.UNDO,
    }
    return render(request, "floor/transfer.html", context)


@login_required
@require_POST
def undo(request, pk):
    """Gives the work back, as far as nobody else has taken it since."""
    row = get_object_or_404(_transfers(request.user), pk=pk)
    leads_only(request.user, row.user.team_id)
    try:
        leaving.undo(row, by=request.user)
    except leaving.UndoRefused as refused:
        messages.warning(request, str(refused))
    return redirect("desk:transfer", pk=pk)
