"""The search behind Ctrl K, and the map of the keyboard."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.views.decorators.http import require_GET

from desk.search import find


@login_required
@require_GET
def search(request):
    """Results as options of the palette's listbox; as a page of its own for a plain visit."""
    words = request.GET.get("q", "")
    template = "components/_palette_results.html" if request.htmx else "desk/search.html"
    return render(request, template, {"groups": find(words, request.user), "q": words.strip()})


@login_required
@require_GET
def shortcuts(request):
    return render(request, "desk/help.html")
