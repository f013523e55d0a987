"""Customers: the list, the 360° page, consent, and showing a masked contact."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from customers import consent as consent_book
from customers import freshness
from customers import reveal as reveals
from customers.models import Consent, Contact, Customer, Tier
from desk import customer_page, customer_story
from desk.consent_forms import WAYS, ConsentForm


@login_required
@require_GET
def customers(request):
    """The newest, or what the search finds as it is typed."""
    asked = {name: request.GET.get(name, "").replace("\0", "").strip()[:80] for name in ("q", "tier", "stage")}
    before = _whole(request.GET.get("before"))
    rows, onward = customer_page.listed(request.user, **asked, before=before)
    kept = {name: value for name, value in asked.items() if value}
    context = asked | {
        "rows": rows,
        "next_url": f"?{urlencode(kept | {'before': onward})}" if onward else "",
        "first_url": f"?{urlencode(kept)}" if before else "",
    }
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "desk/_customer_list.html", context)
    context |= {"tiers": Tier.objects.all(), "stages": Customer.Stage.choices}
    context["freshness"] = freshness.rate_for(request.user)
    return render(request, "desk/customers.html", context)


@login_required
@require_GET
def customer(request, pk):
    """Who they are, what is open, and everything that happened, over all channels."""
    found = customer_page.whole(request.user).filter(pk=pk).first()
    if found is None:  # an old link to somebody who was merged leads on; everything else is 404
        merged = get_object_or_404(Customer.objects.in_sight(request.user).exclude(merged_into=None), pk=pk)
        return redirect("desk:customer", pk=merged.merged_into_id)
    show = request.GET.get("show", "")
    before = _whole(request.GET.get("before"))
    context = customer_page.page(
        found, request.user, before=before, show=show if show in customer_story.SHOWS else ""
    )
    return render(request, "desk/customer.html", context)


@login_required
@require_POST
@never_cache
def reveal(request, pk, contact):
    """Shows one contact in the clear, for a reason that is written down."""
    owner = get_object_or_404(Customer.objects.visible_to(request.user), pk=pk)
    found = get_object_or_404(Contact, pk=contact, customer=owner)
    context = {"customer": owner, "contact": found, "allowed": True}
    try:
        context["value"] = reveals.reveal(contact=found, by=request.user, reason=request.POST.get("reason", ""))
    except reveals.ReasonMissing as missing:
        return render(request, "desk/_customer_contact.html", context | {"error": str(missing)}, status=422)
    except reveals.RevealForbidden as forbidden:
        raise PermissionDenied(str(forbidden)) from forbidden
    except reveals.TooManyReveals as limit:
        return HttpResponse(str(limit), status=429, content_type="text/plain; charset=utf-8")
    return render(request, "desk/_customer_contact.html", context)


@login_required
@require_POST
def consent(request, pk):
    """Writes down that consent was given or withdrawn, in which words and which way (PIPL)."""
    owner = get_object_or_404(customer_page.seen(request.user), pk=pk)
    form = ConsentForm(request.POST)
    if form.is_valid():
        consent_book.record(customer=owner, by=request.user, **form.cleaned_data)
        if not request.htmx:
            messages.success(request, _("Consent recorded."))
            return redirect("desk:customer", pk=pk)
    context = {"customer": owner, "consents": customer_page.consents(owner), "form": form}
    context |= {"channels": Consent.Channel.choices, "ways": WAYS}
    return render(request, "desk/_customer_consents.html", context, status=200 if form.is_valid() else 422)


def _whole(text: str | None) -> int | None:
    """The id in a query, or None for anything that is none."""
    return int(text) if text and text.isdecimal() and len(text) < 19 else None
