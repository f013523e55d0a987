"""Editing the archive: the profile page, contacts, needs and tasks about a customer."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.phones import BadPhone
from customers import custom_fields, freshness, needs, profile
from customers.models import Customer
from desk import customer_page, profile_forms


def _seen(request, pk: int) -> Customer:
    return get_object_or_404(customer_page.seen(request.user), pk=pk)


@login_required
def edit(request, pk):
    """The profile page; posting saves the profile, showing both versions where somebody else saved meanwhile."""
    owner = _seen(request, pk)
    if request.method != "POST":
        return _page(request, owner)
    form = profile_forms.ProfileForm(request.POST, customer=owner, by=request.user)
    if not form.is_valid():
        return _page(request, owner, form=form, status=422)
    given = {"seen": form.cleaned_data["seen"], "given": form.given(), "verified": form.cleaned_data["verified"]}
    try:
        profile.edit(owner, by=request.user, **given)
    except profile.StaleProfile as stale:
        data = request.POST.copy()
        again = profile_forms.ProfileForm(None, customer=stale.current, by=request.user)
        data["seen"] = again.initial["seen"]  # saving again is then a decision, with both versions seen
        form = profile_forms.ProfileForm(data, customer=stale.current, by=request.user)
        return _page(request, owner, form=form, status=409, stale=stale)
    except custom_fields.BadValue as wrong:
        form.add_error(None, str(wrong))
        return _page(request, owner, form=form, status=422)
    messages.success(request, _("Saved"))
    return redirect("desk:customer", pk=pk)


def _page(request, owner: Customer, *, status: int = 200, **more):
    context = {
        "customer": owner,
        "tab": "profile",
        "form": more.pop("form", None) or profile_forms.ProfileForm(customer=owner, by=request.user),
        "adding": more.pop("adding", None) or profile_forms.NewContactForm(auto_id="contact-%s"),
        "noting": more.pop("noting", None) or profile_forms.NeedForm(auto_id="need-%s"),
        "contacts": customer_page.contacts(owner, request.user),
        "needs": owner.needs.select_related("by")[:50],
        "trend": needs.trend(owner.needs.all()),
        "verified": customer_page.verification(owner),
        **more,
    }
    context["stale_profile"] = context["verified"].stale
    return render(request, "desk/customer_edit.html", context, status=status)


@login_required
@require_POST
def verify(request, pk):
    """The customer said that the profile is right as it stands."""
    profile.verify(_seen(request, pk), by=request.user)
    messages.success(request, _("The profile is verified as of today."))
    return redirect("desk:customer", pk=pk)


@login_required
@require_POST
def add_contact(request, pk):
    owner, form = _seen(request, pk), profile_forms.NewContactForm(request.POST, auto_id="contact-%s")
    if form.is_valid():
        try:
            profile.add_contact(owner, by=request.user, **form.cleaned_data)
        except BadPhone:
            form.add_error("value", _("This is no telephone number."))
        except profile.BadContact as wrong:
            form.add_error("value", str(wrong))
        else:
            messages.success(request, _("Contact added."))
            return redirect("desk:customer_edit", pk=pk)
    profile_forms.dress(form)
    return _page(request, owner, adding=form, status=422)


CONTACT_ACTS = {
    "prefer": profile.prefer, "verify": profile.verify_contact, "invalidate": profile.invalidate,
}


@login_required
@require_POST
def change_contact(request, pk, contact):
    """Prefers, verifies or invalidates one contact."""
    owner = _seen(request, pk)
    found = get_object_or_404(owner.contacts, pk=contact)
    act = CONTACT_ACTS.get(request.POST.get("act", ""))
    if act is None:
        return HttpResponseBadRequest()
    try:
        act(found, by=request.user)
    except profile.BadContact as wrong:
        messages.error(request, str(wrong))
    else:
        messages.success(request, _("Saved"))
    return redirect("desk:customer_edit", pk=pk)


@login_required
@require_POST
def note_need(request, pk):
    owner, form = _seen(request, pk), profile_forms.NeedForm(request.POST, auto_id="need-%s")
    if form.is_valid():
        needs.note(customer=owner, by=request.user, **form.cleaned_data)
        messages.success(request, _("Need written down."))
        return redirect("desk:customer_edit", pk=pk)
    return _page(request, owner, noting=form, status=422)


@login_required
@require_POST
def meet_need(request, pk, need):
    owner = _seen(request, pk)
    needs.meet(get_object_or_404(owner.needs, pk=need), by=request.user)
    return redirect("desk:customer_edit", pk=pk)


@login_required
@require_POST
def close_task(request, pk, task):
    """A task about the customer is done."""
    owner = _seen(request, pk)
    freshness.close(
        get_object_or_404(owner.tasks, pk=task), by=request.user, note=request.POST.get("note", "")
    )
    messages.success(request, _("Task done."))
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back) if safe else redirect("desk:customer", pk=pk)
