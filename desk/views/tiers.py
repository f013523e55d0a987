"""Tiers set by hand, on the page of the customer; team leads and above."""

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from customers import overrides
from customers.models import Tier, TierOverride
from desk import call_guide, customer_page
from tickets import standing


class OverrideForm(forms.Form):
    tier = forms.ModelChoiceField(Tier.objects.all())
    reason = forms.CharField(
        max_length=200, error_messages={"required": gettext_lazy("Say why the score does not count.")}
    )
    expires_on = forms.DateField(error_messages={"required": gettext_lazy("Say until when.")})


@login_required
@require_POST
def set_tier(request, pk):
    """Puts the customer in a tier by hand, with a reason and an end."""
    owner = _of_head(request, pk)
    form = OverrideForm(request.POST)
    if form.is_valid():
        try:
            overrides.set_tier(customer=owner, by=request.user, **form.cleaned_data)
            standing.follow_tiers(owner.pk)
        except overrides.OverrideRefused as refused:
            form.add_error(refused.field, str(refused))
    return _answer(request, pk, form)


@login_required
@require_POST
def end_tier(request, pk):
    """Ends the tier set by hand; the score counts again."""
    owner = _of_head(request, pk)
    if found := TierOverride.objects.filter(customer=owner, ended_at=None).first():
        overrides.end(found, by=request.user)
        standing.follow_tiers(owner.pk)
    return _answer(request, pk, None)


def _of_head(request, pk):
    owner = get_object_or_404(customer_page.seen(request.user), pk=pk)
    if not request.user.supervises:
        raise PermissionDenied(_("Tiers are set by team leads and supervisors."))
    return owner


def _answer(request, pk, form):
    refused = form is not None and form.errors
    if not request.htmx and not refused:
        return redirect("desk:customer", pk=pk)
    owner = get_object_or_404(customer_page.seen(request.user), pk=pk)
    context = {"customer": owner, "greeting": call_guide.greeting(owner), "form": form if refused else None}
    return render(request, "desk/_customer_tier.html", context, status=422 if refused else 200)
