"""Requests of the person concerned, legal holds, and what an erasure leaves: its certificate."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from core.phones import BadPhone
from customers import custom_fields, profile
from customers import requests as book
from customers.models import Customer, DataRequest, LegalHold, Merge
from desk import access, erasure, merging
from desk.order_forms import dress
from desk.profile_forms import ProfileForm
from desk.request_forms import CorrectContactForm, HoldForm, OpenForm

PAGE = 30
CERTIFIED = (DataRequest.Kind.ERASE, DataRequest.Kind.CORRECT)


def _handler(user) -> None:
    if not book.may_handle(user):
        raise PermissionDenied(_("Requests of customers are handled by service specialists and team leads."))


def _seen(user):
    rows = DataRequest.objects.visible_to(user)
    return rows.select_related("customer__team", "customer__tier", "opened_by", "closed_by")


@login_required
@require_GET
def requests(request):
    """Open ones by their deadline, answered ones newest first."""
    _handler(request.user)
    closed = request.GET.get("state") == "closed"
    rows = _seen(request.user)
    after = _whole(request.GET.get("after"))
    if closed:
        rows = rows.exclude(state=DataRequest.State.OPEN).order_by("-pk")
        rows = rows.filter(pk__lt=after) if after else rows
    else:
        # The clock of each is the same, so that the order of ids is nearly that of deadlines; few are ever open.
        rows = rows.filter(state=DataRequest.State.OPEN).order_by("due_at", "pk")
        last = after and rows.filter(pk=after).first()
        rows = rows.filter(due_at__gte=last.due_at).exclude(due_at=last.due_at, pk__lte=last.pk) if last else rows
    page = list(rows[: PAGE + 1])
    kept = "state=closed&" if closed else ""
    context = {
        "rows": page[:PAGE], "closed": closed, "first_url": f"?{kept}" if after else "",
        "next_url": f"?{kept}after={page[PAGE - 1].pk}" if len(page) > PAGE else "",
    }
    return render(request, "desk/requests.html", context)


@login_required
@require_GET
def request_(request, pk):
    _handler(request.user)
    return _page(request, get_object_or_404(_seen(request.user), pk=pk))


def _page(request, row, error="", status=200):
    context = {
        "row": row, "holds": erasure.holds(row.customer), "error": error, "open": row.state == "open",
        "corrected": book.labels(book.corrected(row)), "certified": row.state == "done" and row.kind in CERTIFIED,
    }
    return render(request, "desk/request.html", context, status=status)


@login_required
@require_POST
def answer(request, pk):
    """Answers it: done, refused with the reason, or erased."""
    _handler(request.user)
    row = get_object_or_404(_seen(request.user), pk=pk)
    text = request.POST.get("answer", "").replace("\0", "")
    try:
        match request.POST.get("act"):
            case "erase":
                erasure.erase(request=row, by=request.user)
                messages.success(request, _("Erased. The certificate can be printed."))
            case "refuse":
                book.refuse(request=row, by=request.user, reason=text)
                messages.success(request, _("Refused, with the reason."))
            case _:
                if row.kind == DataRequest.Kind.ERASE:
                    raise book.RequestRefused(_("Erase the customer, or refuse with the reason."))
                book.close(request=row, by=request.user, answer=text)
                messages.success(request, _("Answered."))
    except (book.RequestRefused, book.RequestClosed, erasure.EraseRefused) as refusal:
        row.answer = text
        return _page(request, row, error=str(refusal), status=422)
    return redirect("desk:request", pk=pk)


# --- Correcting -------------------------------------------------------------------------------------------


def _correcting(request, pk) -> DataRequest:
    _handler(request.user)
    return get_object_or_404(_seen(request.user).filter(kind=DataRequest.Kind.CORRECT), pk=pk)


@login_required
def correct(request, pk):
    """The profile as the person wants it: saved, the names of the changed fields stay with the request."""
    row = _correcting(request, pk)
    if request.method != "POST":
        return _correct_page(request, row) if row.state == "open" else redirect("desk:request", pk=pk)
    form = ProfileForm(request.POST, customer=row.customer, by=request.user)
    if not form.is_valid():
        return _correct_page(request, row, form=form, status=422)
    try:
        names = book.correct(request=row, seen=form.cleaned_data["seen"], given=form.given(), by=request.user)
    except profile.StaleProfile as stale:
        data = request.POST.copy()
        data["seen"] = ProfileForm(None, customer=stale.current, by=request.user).initial["seen"]
        form = ProfileForm(data, customer=stale.current, by=request.user)
        return _correct_page(request, row, form=form, stale=stale, status=409)
    except (custom_fields.BadValue, book.RequestRefused, book.RequestClosed) as refused:
        form.add_error(None, str(refused))
        return _correct_page(request, row, form=form, status=422)
    return _corrected(request, row, names)


@login_required
@require_POST
def correct_contact(request, pk):
    """The right contact in place of the wrong one."""
    row = _correcting(request, pk)
    form = CorrectContactForm(request.POST, customer=row.customer)
    if form.is_valid():
        given = form.cleaned_data
        try:
            names = book.correct_contact(
                request=row, kind=given["kind"], value=given["value"], instead_of=given["wrong"], by=request.user
            )
            return _corrected(request, row, names)
        except BadPhone:
            form.add_error("value", _("This is no telephone number."))
        except (profile.BadContact, book.RequestRefused) as wrong:
            form.add_error("value", str(wrong))
        except book.RequestClosed as closed:
            form.add_error(None, str(closed))
    dress(form)
    return _correct_page(request, row, contact=form, status=422)


def _corrected(request, row, names):
    if names:
        messages.success(request, _("Corrected: %(fields)s.") % {"fields": _(", ").join(book.labels(names))})
    else:
        messages.info(request, _("Nothing was changed."))
    return redirect("desk:request", pk=row.pk)


def _correct_page(request, row, *, form=None, contact=None, stale=None, status=200):
    context = {
        "row": row, "customer": row.customer, "stale": stale, "corrected": book.labels(book.corrected(row)),
        "form": form or ProfileForm(customer=row.customer, by=request.user),
        "contact": contact or CorrectContactForm(customer=row.customer),
    }
    return render(request, "desk/request_correct.html", context, status=status)


# --- What is handed out -----------------------------------------------------------------------------------


@login_required
@require_POST
@never_cache
def file(request, pk, kind):
    """Everything we keep about the person, to be handed to them: a page to read, or JSON. Logged."""
    _handler(request.user)
    row = get_object_or_404(_seen(request.user), pk=pk)
    if row.customer.erased_at:
        raise PermissionDenied(_("This customer has been erased."))
    found = access.hand_out(request=row, format=kind, by=request.user)
    if kind == "json":
        response = HttpResponse(access.as_json(found), content_type="application/json; charset=utf-8")
    else:
        context = {"row": row, "found": found, "records": access.readable(found)}
        response = render(request, "desk/access_file.html", context)
    response["Content-Disposition"] = f'attachment; filename="{row.number}.{kind}"'
    return response


@login_required
@require_GET
def certificate(request, pk):
    """What was erased, by table, or which fields were corrected, without a word of their content: to be printed."""
    _handler(request.user)
    answered = _seen(request.user).filter(kind__in=CERTIFIED, state=DataRequest.State.DONE)
    row = get_object_or_404(answered, pk=pk)
    if row.kind == DataRequest.Kind.CORRECT:
        context = {"row": row, "corrected": book.labels(book.corrected(row))}
        return render(request, "desk/certificate_correction.html", context)
    counts = sorted(row.summary.get("tables", {}).items())
    context = {"row": row, "counts": counts, "total": sum(count for _label, count in counts)}
    return render(request, "desk/certificate.html", context)


@login_required
@require_GET
def privacy(request, pk):
    """Requests, holds and merges of one customer, and the forms that open them."""
    _handler(request.user)
    owner = get_object_or_404(Customer.objects.visible_to(request.user).select_related("tier"), pk=pk)
    return _privacy(request, owner, OpenForm(), HoldForm())


def _privacy(request, owner, form, hold_form, status=200):
    context = {
        "customer": owner, "form": form, "hold_form": hold_form, "may_hold": book.may_hold(request.user),
        "requests": DataRequest.objects.filter(customer=owner).order_by("-pk")[:PAGE],
        "holds": LegalHold.objects.filter(customer=owner).select_related("by").order_by("-pk")[:PAGE],
        "merges": Merge.objects.filter(winner=owner).select_related("loser", "by")[:PAGE],
        "may_undo": merging.may_undo(request.user), "undoable_since": timezone.now() - merging.UNDO_WITHIN,
    }
    return render(request, "desk/customer_privacy.html", context, status=status)


@login_required
@require_POST
def open_request(request, pk):
    _handler(request.user)
    owner = get_object_or_404(Customer.objects.visible_to(request.user).select_related("tier"), pk=pk)
    form = OpenForm(request.POST)
    if form.is_valid():
        try:
            row = book.open_request(customer=owner, by=request.user, **form.cleaned_data)
            return redirect("desk:request", pk=row.pk)
        except book.RequestRefused as refusal:
            form.add_error("received_at", str(refusal))
    return _privacy(request, owner, form, HoldForm(), status=422)


@login_required
@require_POST
def hold(request, pk):
    if not book.may_hold(request.user):
        raise PermissionDenied(_("Legal holds are placed by team leads and supervisors."))
    owner = get_object_or_404(Customer.objects.visible_to(request.user).select_related("tier"), pk=pk)
    form = HoldForm(request.POST)
    if not form.is_valid():
        return _privacy(request, owner, OpenForm(), form, status=422)
    book.hold(customer=owner, by=request.user, **form.cleaned_data)
    return redirect("desk:customer_privacy", pk=pk)


@login_required
@require_POST
def release(request, pk):
    if not book.may_hold(request.user):
        raise PermissionDenied(_("Legal holds are released by team leads and supervisors."))
    seen = Customer.objects.visible_to(request.user)
    row = get_object_or_404(LegalHold, pk=pk, customer__in=seen)
    book.release(hold=row, by=request.user)
    return redirect("desk:customer_privacy", pk=row.customer_id)


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 19 else None
