"""Consent to a longer wait, or its refusal, from the ticket and from the list of what is to decide."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from desk import case, work
from desk.views.escalations import back
from tickets import pause_requests
from tickets.models import PauseRequest
from tickets.sla import PauseRefused


@login_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """`consent` in the form says yes; a refusal needs its reason. htmx comes from the ticket and gets its panel."""
    asked = get_object_or_404(PauseRequest.objects.visible_to(request.user), pk=pk)
    refused = ""
    try:
        if "consent" in request.POST:
            pause_requests.consent(asked, by=request.user)
            done = _("You consented; the clock stands still.")
        else:
            pause_requests.refuse(asked, by=request.user, reason=request.POST.get("reason", "")[:400])
            done = _("You did not consent; the clock runs on.")
    except PauseRefused as error:
        refused, done = str(error), ""
    if not request.htmx:
        (messages.warning if refused else messages.success)(request, refused or done)
        return redirect(back(request))
    ticket = get_object_or_404(case.seen(request.user), pk=asked.ticket_id)
    context = work.page(ticket, request.user, now=timezone.now()) | {"wait_refused": refused}
    return render(request, "desk/_ticket_work.html", context, status=422 if refused else 200)
