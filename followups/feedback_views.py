"""The pages of feedback records: the list, the record with its six sections, and its hand-offs."""

from collections.abc import Callable
from copy import copy

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from followups import feedback as service
from followups.feedback_forms import FeedbackForm, FilterForm, HandOffForm
from followups.feedback_models import Feedback, HandOff, Stage
from tickets.models import Ticket

PAGE = 30


@login_required
@require_safe
def records(request: HttpRequest) -> HttpResponse:
    form = FilterForm(request.GET)
    stage, mine, before = form.value("stage") or "", bool(form.value("mine")), form.value("before")
    found = service.page(request.user, stage=stage, mine=mine, before=before, size=PAGE)
    kept = ({"stage": stage} if stage else {}) | ({"mine": "1"} if mine else {})
    context = {
        "rows": found[:PAGE], "stage": stage, "mine": mine, "stages": Stage.choices,
        "first_url": f"?{urlencode(kept)}" if before else "",
        "next_url": f"?{urlencode(kept | {'before': found[PAGE - 1].pk})}" if len(found) > PAGE else "",
    }
    return render(request, "followups/feedback_list.html", context)


@login_required
def record(request: HttpRequest, pk: int) -> HttpResponse:
    """The record; posting saves it as a draft."""
    row = _visible(request, pk)
    if request.method != "POST":
        return _page(request, row, FeedbackForm(instance=row))
    if refused := _save(request, row):
        return refused
    messages.success(request, _("Saved"))
    return redirect("feedback:record", pk=pk)


@login_required
@require_POST
def open_record(request: HttpRequest, ticket: int) -> HttpResponse:
    found = get_object_or_404(Ticket.objects.visible_to(request.user), pk=ticket)
    try:
        opened = service.open_record(found, by=request.user)
    except service.FeedbackRefused as refused:
        messages.error(request, str(refused))
        return redirect("desk:ticket", pk=ticket)
    return redirect("feedback:record", pk=opened.pk)


@login_required
@require_POST
def hand_on(request: HttpRequest, pk: int) -> HttpResponse:
    return _hand(request, pk, service.hand_on)


@login_required
@require_POST
def give_back(request: HttpRequest, pk: int) -> HttpResponse:
    return _hand(request, pk, service.give_back)


def _hand(request: HttpRequest, pk: int, act: Callable[..., HandOff]) -> HttpResponse:
    """Saves what is on the page, then takes the step."""
    row, refused = _visible(request, pk), None
    if "version" in request.POST and (answer := _save(request, row)):
        return answer
    form = HandOffForm(request.POST, record=row)
    if form.is_valid():
        try:
            handed = act(row, by=request.user, **form.cleaned_data)
        except service.FeedbackRefused as error:
            refused = error
        else:
            messages.success(request, _("%(number)s is now with: %(stage)s.") % {
                "number": row.number, "stage": Stage(handed.now).label
            })  # fmt: skip
            return redirect("feedback:record", pk=row.pk)
    fresh = _visible(request, row.pk)
    return _page(request, fresh, FeedbackForm(instance=fresh), hand=form, refused=refused, status=422)


def _visible(request: HttpRequest, pk: int) -> Feedback:
    rows = Feedback.objects.visible_to(request.user).select_related("ticket__customer__tier", "holder", "order")
    return get_object_or_404(rows, pk=pk)


def _save(request: HttpRequest, row: Feedback) -> HttpResponse | None:
    """Saves what was posted; an answer only where that did not work, with everything typed kept."""
    form = FeedbackForm(request.POST, instance=copy(row))
    if not form.is_valid():
        return _page(request, row, form, status=422)
    try:
        service.save(row, by=request.user, version=form.cleaned_data["version"], **form.written())
    except service.StaleFeedback as error:
        data = request.POST.copy()
        data["version"] = str(error.current.version)  # saving again is then a decision, with both versions seen
        return _page(request, row, FeedbackForm(data, instance=copy(row)), status=409, stale=error)
    except service.FeedbackRefused as error:
        return _page(request, row, form, status=422, refused=error)
    return None


def _page(request: HttpRequest, row: Feedback, form: FeedbackForm, *, status: int = 200, **extra) -> HttpResponse:
    barred = service.refusal(row, request.user)
    if barred:
        for field in form.fields.values():
            field.disabled = True
    context = {
        "record": row, "ticket": row.ticket, "form": form, "sections": form.sections(), "barred": barred,
        "left": [service.label_of(name) for name in service.missing(row)],
        "handoffs": list(row.handoffs.select_related("by", "to")), "stages": Stage.choices,
        "at": Stage.values.index(row.stage), "hand": HandOffForm(record=row),
        "texts": [row.customer_name, row.contact, row.company, row.service, row.extras, row.opinion], **extra,
    }
    refused = extra.get("refused")
    context["lacking"] = [service.label_of(name) for name in refused.missing] if refused else []
    return render(request, "followups/feedback.html", context, status=status)
