"""The panel of work beside a ticket; it comes after the page, so that the page stays fast."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from desk import case, work


@login_required
@require_GET
def panel(request, pk):
    ticket = get_object_or_404(case.seen(request.user), pk=pk)
    return render(request, "desk/_ticket_work.html", work.page(ticket, request.user, now=timezone.now()))
