from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from metrics import dashboard as boards
from staff.sight import visible_teams


@login_required
def dashboard(request):
    """The supervisor's page; refreshes itself when something changes, and each half minute anyway."""
    if not request.user.supervises:
        raise PermissionDenied(_("The dashboard is for team leads and supervisors."))
    period = request.GET.get("period", "today")
    if period not in boards.PERIODS:
        period = "today"
    teams = list(visible_teams(request.user))
    team_id = next((team.pk for team in teams if str(team.pk) == request.GET.get("team")), None)
    context = boards.board(request.user, period=period, team_id=team_id, now=timezone.now())
    context |= {"period": period, "teams": teams, "team_id": team_id}
    return render(request, "metrics/_board.html" if request.htmx else "metrics/dashboard.html", context)
