"""What members of staff set for themselves: language, look, presence; and the bell."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from staff import notifications as bell
from staff import wording
from staff.forms import LanguageForm, PreferencesForm, PresenceForm
from staff.models import Presence

PAGE = 30


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    form = PreferencesForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        user = form.save()
        with translation.override(user.language):
            messages.success(request, _("Your preferences are saved."))
        return _speaking(redirect("staff:preferences"), user.language)
    return render(request, "staff/preferences.html", {"form": form}, status=422 if form.is_bound else 200)


@require_POST
@login_required
def language(request: HttpRequest) -> HttpResponse:
    answer = redirect(_back(request))
    form = LanguageForm(request.POST, instance=request.user)
    if not form.is_valid():
        return answer
    return _speaking(answer, form.save().language)


@require_POST
@login_required
def presence(request: HttpRequest) -> HttpResponse:
    form = PresenceForm(request.POST, instance=request.user)
    if form.is_valid():
        form.save()
    if request.htmx:
        return render(request, "components/_presence.html", {"choices": Presence.choices})
    return redirect(_back(request))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def notifications(request: HttpRequest) -> HttpResponse:
    """The bell's page; htmx asks for the bell alone."""
    mine = request.user.notifications
    if request.method == "POST":
        bell.mark_all_read(request.user)
        return redirect("staff:notifications")
    if request.htmx:
        return render(request, "components/_bell.html", {"bell_unread": mine.filter(read_at=None)[:100].count()})
    before = request.GET.get("before", "")
    older = mine.filter(pk__lt=int(before)) if before.isdecimal() and len(before) < 19 else mine.all()
    rows = list(older[: PAGE + 1])
    context = {
        "lines": [wording.line(row) for row in rows[:PAGE]],
        "next_cursor": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "before": before,
    }
    return render(request, "staff/notifications.html", context)


def _back(request: HttpRequest) -> str:
    """Where the form was sent from, if that is a page of ours."""
    url = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if safe else resolve_url(settings.LOGIN_REDIRECT_URL)


def _speaking(answer: HttpResponse, code: str) -> HttpResponse:
    """Keeps the language in this browser too, for its sign-in page."""
    answer.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, code, max_age=settings.LANGUAGE_COOKIE_AGE or 365 * 86400,
        path=settings.LANGUAGE_COOKIE_PATH, domain=settings.LANGUAGE_COOKIE_DOMAIN,
        secure=settings.LANGUAGE_COOKIE_SECURE, httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE or "Lax",
    )  # fmt: skip
    return answer
