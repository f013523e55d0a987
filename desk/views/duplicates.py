"""Suspected duplicates: the queue, two archives side by side, merging them and undoing it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from customers import duplicates as suspicion
from customers.lookup import NUMBER
from customers.models import Contact, Customer, DuplicatePair, Merge
from desk import merging
from desk.merge_page import compared
from messaging.models import Call

PAGE = 30


def _merger(user) -> None:
    if not merging.may_merge(user):
        raise PermissionDenied(_("Customers are merged by service specialists and team leads."))


def _with_contacts(user):
    contacts = Contact.objects.defer("value").order_by("-preferred", "kind", "pk")
    rows = Customer.objects.visible_to(user).select_related("tier", "account_manager", "team")
    return rows.prefetch_related(Prefetch("contacts", contacts))


@login_required
@require_GET
def duplicates(request):
    """Pairs that nobody has decided on, likeliest first."""
    _merger(request.user)
    pairs = suspicion.waiting(request.user).select_related("first__tier", "second__tier", "team")
    last = pairs.filter(pk=_whole(request.GET.get("after"))).first()
    if last:
        pairs = pairs.filter(Q(score__lt=last.score) | Q(score=last.score, pk__gt=last.pk))
    page = list(pairs.order_by("-score", "pk")[: PAGE + 1])
    context = {
        "rows": [(pair, (pair.first, pair.second), suspicion.worded(pair.grounds)) for pair in page[:PAGE]],
        "first_url": "?" if last else "", "next_url": f"?after={page[PAGE - 1].pk}" if len(page) > PAGE else "",
    }
    return render(request, "desk/duplicates.html", context)


@login_required
def pair(request, pk):
    """The two archives of a pair side by side; posting merges them."""
    _merger(request.user)
    found = get_object_or_404(suspicion.waiting(request.user), pk=pk)
    both = _with_contacts(request.user).in_bulk([found.first_id, found.second_id])
    if len(both) < 2:
        raise Http404
    return _merge(request, both[found.first_id], both[found.second_id], pair=found)


@login_required
def merge(request, pk):
    """A customer and another that a person names by number: side by side; posting merges them."""
    _merger(request.user)
    seen = _with_contacts(request.user)
    one = get_object_or_404(seen, pk=pk)
    typed = request.GET.get("other", "").strip()
    number = NUMBER.fullmatch(typed)
    other = seen.filter(pk=int(number.group(1))).exclude(pk=pk).first() if number else None
    if other is None:
        context = {"customer": one, "typed": typed, "error": bool(typed)}
        return render(request, "desk/merge_with.html", context, status=422 if typed else 200)
    return _merge(request, one, other)


def _merge(request, one: Customer, other: Customer, pair: DuplicatePair | None = None):
    """`winner` of the form says which archive stays; each field says whose value it takes."""
    asked = request.POST if request.method == "POST" else request.GET
    if asked.get("winner") == str(other.pk):
        one, other = other, one
    error = ""
    if request.method == "POST":
        choices = {name: request.POST[name] for name in merging.CHOSEN if request.POST.get(name) in ("winner", "loser")}
        try:
            done = merging.merge(winner=one, loser=other, by=request.user, choices=choices)
        except merging.MergeRefused as refusal:
            error = str(refusal)
        else:
            messages.success(request, _("%(loser)s was merged into this customer. It can be undone for %(n)d days.") % {
                "loser": other.number, "n": merging.UNDO_WITHIN.days
            })
            return redirect("desk:customer", pk=done.winner_id)
    context = {
        "winner": one, "loser": other, "fields": compared(one, other, request.POST), "pair": pair, "error": error,
        "both": (one, other),
        "grounds": suspicion.worded(pair.grounds) if pair else "",
    }
    return render(request, "desk/merge.html", context, status=422 if error else 200)


@login_required
@require_POST
def dismiss(request, pk):
    """They are two customers."""
    _merger(request.user)
    found = get_object_or_404(DuplicatePair.objects.visible_to(request.user), pk=pk)
    try:
        suspicion.dismiss(pair=found, by=request.user)
        messages.success(request, _("Noted: two customers."))
    except suspicion.PairDecided as decided:
        messages.warning(request, str(decided))
    return redirect("desk:duplicates")


@login_required
@require_POST
def undo(request, pk):
    if not merging.may_undo(request.user):
        raise PermissionDenied(_("Merges are undone by team leads and supervisors."))
    seen = Customer.objects.in_sight(request.user)
    row = get_object_or_404(Merge, pk=pk, winner__in=seen, at__lte=timezone.now())
    try:
        merging.undo(merge=row, by=request.user)
        messages.success(request, _("The merge was undone; both customers are back."))
    except merging.MergeRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("desk:customer", pk=row.winner_id)


@login_required
@require_GET
def suspects(request):
    """Who may be meant by what is being typed, before it is saved; for the phone form and the profile."""
    team, phone = request.user.team, request.GET.get("phone", "")
    call = Call.objects.filter(agent=request.user, pk=_whole(request.GET.get("call"))).first()
    if call:
        team, phone = call.team, phone or call.number
    typed = {name: request.GET.get(name, "").replace("\0", "")[:120] for name in ("name", "email", "company")}
    but = Customer.objects.visible_to(request.user).filter(pk=_whole(request.GET.get("customer"))).first()
    if but:
        team, known = but.team, dict(but.contacts.filter(kind__in=["phone", "email"]).values_list("kind", "value"))
        phone, typed["email"] = phone or known.get("phone", ""), typed["email"] or known.get("email", "")
    found = suspicion.suspects(team=team, phone=phone[:80], but=but, **typed) if team else []
    return render(request, "desk/_suspects.html", {"suspects": found, "call": call})


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 19 else 0
