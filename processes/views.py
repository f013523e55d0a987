"""The page behind the signed link: the customer reads the plan and answers it, without signing in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core.pace import address_of, too_fast
from processes import confirmations
from processes.forms import AnswerForm
from processes.models import Invitation

A_MINUTE = 30  # requests of one address


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Shows the plan, takes one answer, and says afterwards what was answered."""
    if too_fast(request, "confirm", most=A_MINUTE):
        return _notice(request, "fast", status=429)
    try:
        invitation = confirmations.opened(token)
    except confirmations.LinkBroken:
        return _notice(request, "broken", status=404)
    except confirmations.LinkExpired:
        return _notice(request, "expired", status=410)
    with translation.override(invitation.process.ticket.customer.language):
        return _answered(request, invitation) if request.method == "POST" else _plan(request, invitation)


def _answered(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    form = AnswerForm(request.POST)
    if not form.is_valid() and not hasattr(invitation, "answer"):
        return _plan(request, invitation, form, status=422)
    try:
        invitation.answer = confirmations.answer_link(
            invitation, accepted=form.cleaned_data.get("answer") == "accept", words=form.cleaned_data.get("words", ""),
            ip=address_of(request),
        )
    except confirmations.LinkStale:
        return _notice(request, "stale", status=409)
    except confirmations.LinkExpired:
        return _notice(request, "expired", status=410)
    return _plan(request, invitation)


def _plan(request: HttpRequest, invitation: Invitation, form: AnswerForm | None = None, status=200) -> HttpResponse:
    answer = getattr(invitation, "answer", None)
    if answer is None and confirmations.stale(invitation):
        return _notice(request, "stale", status=409)
    context = {"invitation": invitation, "process": invitation.process, "answer": answer, "form": form}
    return render(request, "processes/confirm.html", context, status=status)


def _notice(request: HttpRequest, what: str, *, status: int) -> HttpResponse:
    return render(request, "processes/confirm.html", {"notice": what}, status=status)
