"""Files in and out: the list of imports, one import from its columns to its rest, and the export of the list."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from customers.models import ImportRun
from customers.transfer import out, runs
from customers.transfer.refusals import BadFile
from desk import import_page
from staff.sight import visible_teams

PAGE = 30


def _seen(user):
    """The imports of the user's teams, for those who may import."""
    if not runs.may_import(user):
        raise PermissionDenied(_("Files are imported by team leads, supervisors and administrators."))
    return ImportRun.objects.visible_to(user).select_related("team", "by")


@login_required
@require_http_methods(["GET", "POST"])
def imports(request):
    """The imports of one's teams, newest first; posting uploads a file."""
    seen, refusal = _seen(request.user), ""
    teams = list(visible_teams(request.user))
    if request.method == "POST":
        run, refusal = _receive(request, teams)
        if run:
            return redirect("desk:import", pk=run.pk)
    before = _whole(request.GET.get("before"))
    page = list((seen.filter(pk__lt=before) if before else seen).defer("rejects").order_by("-pk")[: PAGE + 1])
    context = {
        "rows": page[:PAGE], "teams": teams, "refusal": refusal, "kinds": import_page.KINDS,
        "chosen": {"team": _whole(request.POST.get("team")) or request.user.team_id, "what": request.POST.get("what")},
        "first_url": "?" if before else "", "next_url": f"?before={page[PAGE - 1].pk}" if len(page) > PAGE else "",
    }
    return render(request, "desk/imports.html", context, status=422 if refusal else 200)


def _receive(request, teams) -> tuple[ImportRun | None, str]:
    upload = request.FILES.get("file")
    team = next((team for team in teams if str(team.pk) == request.POST.get("team")), None)
    if upload is None or team is None:
        return None, _("Choose a file and a team.")
    try:
        run = runs.receive(
            team=team, what=request.POST.get("what", ""), upload=upload, name=upload.name, size=upload.size,
            by=request.user,
        )
    except BadFile as bad:
        return None, str(bad)
    return run, ""


@login_required
@require_GET
def import_(request, pk):
    """One import: its columns and first rows, how far it is, what became of it."""
    run = get_object_or_404(_seen(request.user), pk=pk)
    return render(request, "desk/import.html", import_page.page(run, request.user))


@login_required
@require_POST
def columns(request, pk):
    """Decides which column fills which field, and has the whole file checked."""
    run = get_object_or_404(_seen(request.user), pk=pk)
    chosen = {code[2:]: name for code, name in request.POST.items() if code.startswith("f:") and name}
    source, save_as = (request.POST.get(name, "").replace("\0", "") for name in ("source", "save_as"))
    try:
        runs.choose(run=run, columns=chosen, source=source, save_as=save_as, by=request.user)
    except runs.BadColumns as bad:
        run.columns, run.source = chosen, source
        context = import_page.page(run, request.user) | {"refusal": str(bad), "save_as": save_as}
        return render(request, "desk/import.html", context, status=422)
    return redirect("desk:import", pk=pk)


@login_required
@require_POST
def load(request, pk):
    """Has a checked file loaded in the background."""
    run = get_object_or_404(_seen(request.user), pk=pk)
    try:
        runs.load(run=run, by=request.user)
    except runs.BadColumns as bad:
        messages.warning(request, str(bad))
    return redirect("desk:import", pk=pk)


@login_required
@require_POST
def discard(request, pk):
    """Removes a file that was not loaded."""
    run = get_object_or_404(_seen(request.user), pk=pk)
    try:
        runs.discard(run=run)
    except runs.BadColumns as bad:
        messages.warning(request, str(bad))
        return redirect("desk:import", pk=pk)
    messages.success(request, _("The file was removed."))
    return redirect("desk:imports")


@login_required
@require_POST
@never_cache
def rejects(request, pk):
    """The refused lines as a CSV, to be put right and uploaded again; noted like every export."""
    run = get_object_or_404(_seen(request.user), pk=pk)
    try:
        found = runs.rejected(run, by=request.user)
    except runs.ImportForbidden:
        raise PermissionDenied(_("The refused lines are for who uploaded the file.")) from None
    return _attachment(out.as_csv(import_page.reject_lines(run, found)), f"rejected-{run.pk}.csv", "csv")


@login_required
@require_POST
@never_cache
def export(request):
    """The customers of the list, with its filters, as CSV or XLSX; masked unless a supervisor gives a reason."""
    if not out.may_export(request.user):
        raise PermissionDenied(_("Lists are exported by team leads, supervisors and administrators."))
    asked = {name: request.POST.get(name, "").replace("\0", "").strip()[:80] for name in ("q", "tier", "stage")}
    rows = out.chosen(request.user, **asked)
    try:
        noted = out.note(
            rows=rows, by=request.user, format=request.POST.get("format", ""), unmask=bool(request.POST.get("unmask")),
            filters={name: value for name, value in asked.items() if value}, reason=request.POST.get("reason", ""),
        )
    except out.ExportRefused as refused:
        return HttpResponse(str(refused), status=422, content_type="text/plain; charset=utf-8")
    name = f"customers-{timezone.localdate():%Y%m%d}.{noted.format}"
    return _attachment(out.written(noted, rows, language=get_language()), name, noted.format)


def _attachment(pieces, name: str, kind: str) -> StreamingHttpResponse:
    types = {
        "csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }  # fmt: skip
    return StreamingHttpResponse(
        pieces, content_type=types[kind], headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 19 else None
