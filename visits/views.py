"""The pages of visits: the dispatch board, one's own day, one visit with its steps, and its slip."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from customers.reveal import ReasonMissing, RevealForbidden, TooManyReveals
from visits import acting, flow, places, slips, story
from visits import board as day
from visits.forms import SlipForm
from visits.models import State, Visit


@login_required
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    context = day.context(request.user, request.GET, now=timezone.now())
    return render(request, "visits/board.html", context)


@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    return render(request, "visits/mine.html", day.own_day(request.user, now=timezone.now()))


@login_required
@require_safe
def visit(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _visible(request, pk))


@login_required
@require_POST
def step(request: HttpRequest, pk: int, act: str) -> HttpResponse:
    """One step of a visit; from one's own day, back to it."""
    row = _visible(request, pk)
    if act not in acting.BY_NAME:
        raise Http404
    try:
        form = acting.take(row, act, request.POST, by=request.user, now=timezone.now())
    except flow.NotYours as refused:
        raise PermissionDenied(str(refused)) from refused
    if form is not None:
        return _page(request, _visible(request, pk), bound=form, name=act, status=422)
    messages.success(request, acting.BY_NAME[act].done)
    return redirect("visits:mine") if request.POST.get("back") == "mine" else redirect("visits:visit", pk=pk)


@login_required
def slip(request: HttpRequest, pk: int) -> HttpResponse:
    """The slip to print; posting writes it, or a further version of it."""
    row = _visible(request, pk)
    latest = row.slips.select_related("by").order_by("-version").first()
    if request.method != "POST":
        if latest is None:
            raise Http404
        return render(request, "visits/slip.html", {"visit": row, "ticket": row.ticket, "slip": latest})
    form = SlipForm(request.POST, visit=row, latest=latest)
    if form.is_valid():
        try:
            write = slips.correct if latest else slips.write
            write(row, by=request.user, **form.cleaned_data)
        except flow.VisitRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The completion slip is closed."))
            return redirect("visits:slip", pk=pk)
    return _page(request, _visible(request, pk), slip_form=form, status=422)


@login_required
@require_POST
def address(request: HttpRequest, pk: int) -> HttpResponse:
    """Address and telephone in the clear, once, logged."""
    row = _visible(request, pk)
    context = {"visit": row, "may_see": places.may_see(row, request.user), "goes": _goes(request, row)}
    try:
        shown = places.show(row, by=request.user, reason=request.POST.get("reason", ""))
    except RevealForbidden as refused:
        raise PermissionDenied(str(refused)) from refused
    except (ReasonMissing, TooManyReveals) as refused:
        return render(request, "visits/_address.html", {**context, "error": str(refused)}, status=422)
    return render(request, "visits/_address.html", {**context, "shown": shown})


def _visible(request: HttpRequest, pk: int) -> Visit:
    rows = Visit.objects.visible_to(request.user).select_related(
        "ticket__customer__tier", "ticket__owner", "ticket__team", "technician__user", "technician__team"
    )
    return get_object_or_404(rows, pk=pk)


def _goes(request: HttpRequest, row: Visit) -> bool:
    return row.technician is not None and row.technician.user_id == request.user.pk


def _page(request: HttpRequest, row: Visit, *, bound=None, name: str = "", slip_form=None, status: int = 200):
    now = timezone.now()
    office = flow.may_dispatch(row, request.user)
    written = list(row.slips.select_related("by"))
    latest = written[0] if written else None
    if slip_form is None and row.state in (State.ARRIVED, State.COMPLETED):
        slip_form = SlipForm(visit=row, latest=latest, now=now)
    context = {
        "visit": row, "ticket": row.ticket, "office": office, "now": now, "late": row.is_late(now),
        "steps": acting.steps(row, office=office, now=now, bound=bound, name=name),
        "appointments": list(row.appointments.select_related("technician__user", "by")), "slips": written,
        "slip_form": slip_form, "slip_refused": bool(slip_form and slip_form.is_bound), "story": story.of(row),
        "may_see": places.may_see(row, request.user), "goes": _goes(request, row),
    }
    return render(request, "visits/visit.html", context, status=status)
