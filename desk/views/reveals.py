"""The log of what was shown unmasked, and showing the numbers that a free text hides."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from customers import reveal
from desk import reveal_log
from desk import words as hidden


@login_required
@require_GET
def reveals(request):
    """Who looked at what, unusual readers first, and who took records out."""
    if not request.user.supervises:
        raise PermissionDenied(_("The access log is for team leads and supervisors."))
    period = request.GET.get("period", "7")
    period = period if period in reveal_log.PERIODS else "7"
    reader, before = _whole(request.GET.get("user")), _whole(request.GET.get("before"))
    context = reveal_log.page(request.user, period=period, reader=reader, before=before, now=timezone.now())
    kept = {"period": period} | ({"user": reader} if reader else {})
    onward = context.pop("onward")
    context |= {
        "period": period, "reader": reader,
        "periods": [("today", _("Today")), ("7", _("7 days")), ("30", _("30 days"))],
        "next_url": f"?{urlencode(kept | {'before': onward})}" if onward else "",
        "first_url": f"?{urlencode(kept)}" if before else "",
    }
    return render(request, "desk/reveals.html", context)


@login_required
@require_POST
@never_cache
def words(request, what, pk):
    """Shows the numbers that stand masked in one text, for a reason that is written down."""
    found = hidden.find(what, pk, request.user) if what in hidden.NAMES else None
    if found is None:
        raise Http404
    row, customer = found
    context = {"what": what, "pk": pk, "hidden": True}
    try:
        context["shown"] = reveal.reveal_words(
            row=row, what=what, customer=customer, by=request.user, reason=request.POST.get("reason", "")
        )
    except reveal.ReasonMissing as missing:
        return render(request, "components/_hidden.html", context | {"error": str(missing)}, status=422)
    except reveal.RevealForbidden as forbidden:
        raise PermissionDenied(str(forbidden)) from forbidden
    except reveal.TooManyReveals as limit:
        return HttpResponse(str(limit), status=429, content_type="text/plain; charset=utf-8")
    return render(request, "components/_hidden.html", context)


def _whole(text: str | None) -> int | None:
    """The id in a query, or None for anything that is none."""
    return int(text) if text and text.isdecimal() and len(text) < 19 else None
