"""What the composer asks while somebody writes: drafts kept, files taken in, templates, articles and colleagues."""

from urllib.parse import unquote

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import sealed_files
from desk import case, composer, forms
from messaging import files
from messaging.models import Attachment
from tickets import drafts, mentions
from tickets.draft_models import Draft, DraftFile


def _seen(request, pk: int):
    return get_object_or_404(case.seen(request.user), pk=pk)


def _version(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


@login_required
@require_POST
def draft(request, pk, kind):
    """Keeps what has been typed and answers with when, and with what the wording check says of it."""
    if kind not in Draft.Kind.values:
        raise Http404
    ticket, now = _seen(request, pk), timezone.now()
    text = forms.with_plain_breaks(request.POST.get("body", ""))
    extras = forms.extras_of(request.POST) if kind == Draft.Kind.REPLY else {}
    try:
        kept = drafts.save(
            ticket, user=request.user, kind=kind, text=text, extras=extras, seen=_version(request.POST.get("version")),
            now=now,
        )
    except drafts.Conflict as conflict:
        return JsonResponse(_two_versions(request, ticket, conflict.draft, text), status=409)
    except drafts.DraftRefused as refused:
        return JsonResponse({"note": str(refused)}, status=422)
    answer = {"version": kept.version, "note": case.kept_words(kept) if text else ""}
    if kind == Draft.Kind.REPLY:
        answer["hints"] = _hints(request, text, extras, now)
    return JsonResponse(answer)


def _hints(request, text: str, extras: dict, now) -> str:
    due = forms.moment_of(extras.get("next_update_at", ""))
    found = composer.hints(text, due=due, now=now)
    return render_to_string("desk/_compose_hints.html", {"hints": found}, request)


def _two_versions(request, ticket, other: Draft, text: str) -> dict:
    context = {"ticket": ticket, "other": other, "text": text}
    return {
        "note": str(_("Changed in another window; nothing was overwritten.")), "version": other.version,
        "conflict": render_to_string("desk/_compose_conflict.html", context, request),
    }


@login_required
@require_POST
def add_file(request, pk):
    """Takes one file into the reply: its bytes as the body, its name in a header. Nothing touches the disk unsealed."""
    ticket = _seen(request, pk)
    name = files.clean_name(unquote(request.headers.get("X-File-Name", "")))
    length = request.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > files.LARGEST:
        return JsonResponse({"error": files.too_large(name)}, status=413)
    try:
        drafts.add_file(ticket, user=request.user, name=name, pieces=sealed_files.pieces_of(request))
    except files.FileRefused as refused:
        return JsonResponse({"error": str(refused)}, status=422)
    return _file_list(request, ticket)


@login_required
@require_http_methods(["GET", "DELETE"])
def file(request, pk, file):
    """A file of one's own draft: shown as a picture beside the reply, or taken out again."""
    ticket = _seen(request, pk)
    if request.method == "DELETE":
        drafts.remove_file(ticket, user=request.user, file_id=file)
        return _file_list(request, ticket)
    own = DraftFile.objects.filter(draft__user=request.user, draft__ticket=ticket).defer("content")
    found = get_object_or_404(own, pk=file)
    return as_download(found, found.content_type if found.is_picture else "")


def _file_list(request, ticket) -> HttpResponse:
    reply = drafts.of(ticket, request.user).get(Draft.Kind.REPLY)
    return render(request, "desk/_compose_files.html", {"ticket": ticket, "draft": reply})


def as_download(file: DraftFile | Attachment, content_type: str) -> StreamingHttpResponse:
    """A file that is never shown as a page of ours, sent a piece at a time."""
    size, pieces = sealed_files.read(file, "content")
    return StreamingHttpResponse(
        pieces,
        content_type=content_type or "application/octet-stream",
        headers={
            "Content-Disposition": content_disposition_header(True, file.name or _("attachment")),
            "Content-Length": str(size),
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cache-Control": "private, no-store",
        },
    )


@login_required
@require_GET
def choices(request, pk):
    """Templates and fitting articles with their blanks filled in, for the list that / opens."""
    ticket = _seen(request, pk)
    due = forms.moment_of(request.GET.get("due", ""))
    found = composer.choices(ticket, request.user, due=due, now=timezone.now())
    return render(request, "desk/_compose_choices.html", {"choices": found, "ticket": ticket})


@login_required
@require_GET
def articles(request, pk):
    """The articles that fit the ticket, shown as soon as somebody begins to reply."""
    return render(request, "desk/_compose_articles.html", {"choices": composer.suggested(_seen(request, pk))})


@login_required
@require_GET
def colleagues(request, pk):
    """Who may be mentioned, for the list that @ opens."""
    found = mentions.labels(mentions.colleagues(_seen(request, pk)).select_related("team"))
    rows = [
        {"label": label, "team": user.team.name if user.team else "", "role": user.get_role_display()}
        for label, user in found.items() if user != request.user
    ]
    return JsonResponse({"people": rows})
