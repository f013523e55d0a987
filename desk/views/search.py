"""The search behind Ctrl K and its page, and the map of the keyboard."""

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from core import redaction
from desk import search_page
from desk.search import find, only_a_number


@login_required
@require_GET
def search(request):
    """Results as options of the palette's listbox; for a plain visit the page with all of them."""
    words = request.GET.get("q", "")
    if request.htmx:
        named = not words.strip() or only_a_number(words.strip()) or redaction.sought(words) != words
        url = "" if named else f"{reverse('desk:search')}?{urlencode({'q': words.strip()})}"
        context = {"groups": find(words, request.user), "q": words.strip(), "search_url": url}
        return render(request, "components/_palette_results.html", context)
    before = request.GET.get("before", "")
    below = int(before) if before.isascii() and before.isdecimal() and len(before) <= 18 else None
    context = search_page.page(words, request.user, chosen=request.GET.get("in", ""), before=below)
    return render(request, "desk/search.html", context)


@login_required
@require_GET
def shortcuts(request):
    return render(request, "desk/help.html")
