"""The list of tasks about customers."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from desk import customer_tasks


@login_required
@require_GET
def tasks(request):
    """Open tasks by their due day: one's own, or all about customers in sight."""
    filters = customer_tasks.Filters.of(request.GET, request.user)
    context = customer_tasks.page(request.user, filters)
    kept = {"whose": filters.whose} | ({"kind": filters.kind} if filters.kind else {})
    onward = context.pop("onward")
    context |= {
        "next_url": f"?{urlencode(kept | {'after': onward})}" if onward else "",
        "first_url": f"?{urlencode(kept)}" if filters.after else "",
    }
    return render(request, "desk/customer_tasks.html", context)
