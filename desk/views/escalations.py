"""The list of what has to be acknowledged, and the acknowledgement from it, from the ticket and from the sheet."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from desk import case, escalations_page, work
from tickets import acknowledging
from tickets.models import Escalation


@login_required
@require_GET
def escalations(request: HttpRequest) -> HttpResponse:
    filters = escalations_page.Filters.of(request.GET, request.user)
    context = escalations_page.page(request.user, filters, now=timezone.now())
    onward = context.pop("onward")
    context |= {
        "next_url": f"?{urlencode({'whose': filters.whose, 'after': onward})}" if onward else "",
        "first_url": f"?{urlencode({'whose': filters.whose})}" if filters.after else "",
    }
    return render(request, "desk/escalations.html", context)


@login_required
@require_POST
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes an escalated promise in hand; htmx comes from the ticket's panel and gets it anew."""
    step = get_object_or_404(Escalation.objects.visible_to(request.user), pk=pk)
    refused = ""
    try:
        acknowledging.acknowledge(step, by=request.user)
    except acknowledging.AcknowledgeRefused as error:
        refused = str(error)
    if not request.htmx:
        told = messages.warning if refused else messages.success
        told(request, refused or _("Acknowledged. Nobody higher up is told for now."))
        return redirect(back(request))
    ticket = get_object_or_404(case.seen(request.user), pk=step.ticket_id)
    context = work.page(ticket, request.user, now=timezone.now()) | {"ladder_refused": refused}
    return render(request, "desk/_ticket_work.html", context, status=422 if refused else 200)


def back(request: HttpRequest) -> str:
    """Where the form was sent from, if that is a page of ours."""
    url = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if safe else reverse("desk:escalations")
