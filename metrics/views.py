from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Customer, Need
from customers.needs import trend
from metrics import boards as tier_boards
from metrics import dashboard as boards
from metrics.stages import report
from staff.sight import visible_teams
from tickets.models import Kind


@login_required
def dashboard(request):
    """The supervisor's page; refreshes itself when something changes, and each half minute anyway."""
    _heads_only(request.user)
    period = request.GET.get("period", "today")
    if period not in boards.PERIODS:
        period = "today"
    teams, team_id = _teams(request)
    context = boards.board(request.user, period=period, team_id=team_id, now=timezone.now())
    context |= {"period": period, "teams": teams, "team_id": team_id}
    return render(request, "metrics/_board.html" if request.htmx else "metrics/dashboard.html", context)


@login_required
def tiers(request):
    """Classes over time, movement between the tiers and the 2×2 of values, for team leads and above."""
    _heads_only(request.user)
    period = request.GET.get("period", "90")
    if period not in tier_boards.PERIODS:
        period = "90"
    teams, team_id = _teams(request)
    context = tier_boards.board(request.user, period=period, team_id=team_id, now=timezone.now())
    context |= {"period": period, "periods": tier_boards.PERIODS, "teams": teams, "team_id": team_id}
    return render(request, "metrics/tiers.html", context)


@login_required
def tier_value(request, code):
    """The customers of one field of the 2×2, a page at a time."""
    _heads_only(request.user)
    if code not in tier_boards.QUADRANTS:
        raise Http404
    _seen, team_id = _teams(request)
    before = request.GET.get("before", "")
    rows, onward = tier_boards.held(
        request.user, code, team_id=team_id, before=int(before) if before.isdecimal() and len(before) < 19 else None
    )
    team = f"team={team_id}&" if team_id else ""
    context = {
        "quadrant": tier_boards.QUADRANTS[code], "rows": rows, "team_id": team_id,
        "next_url": f"?{team}before={onward}" if onward else "", "first_url": f"?{team}" if before else "",
    }
    return render(request, "metrics/tier_value.html", context)


@login_required
def stages(request):
    """Where all tickets stand by team, for team leads and above."""
    _heads_only(request.user)
    kind = request.GET.get("kind", "")
    return render(request, "metrics/stages.html", report(request.user, kind=kind if kind in Kind.values else ""))


@login_required
def needs(request):
    """What customers asked for, by topic and month, for team leads and above."""
    _heads_only(request.user)
    teams, team_id = _teams(request)
    customers = Customer.objects.visible_to(request.user)
    if team_id:
        customers = customers.filter(team=team_id)
    found = trend(Need.objects.filter(customer__in=customers))
    return render(request, "metrics/needs.html", {"trend": found, "teams": teams, "team_id": team_id})


def _heads_only(user):
    if not user.supervises:
        raise PermissionDenied(_("The dashboard is for team leads and supervisors."))


def _teams(request):
    """The teams in sight, and the one that the address asks for."""
    teams = list(visible_teams(request.user))
    return teams, next((team.pk for team in teams if str(team.pk) == request.GET.get("team")), None)
