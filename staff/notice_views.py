"""My notices: what reaches me, by which way, and when it is silent."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from staff.models import Webhook
from staff.notice_forms import NoticesForm


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def notices(request: HttpRequest) -> HttpResponse:
    form = NoticesForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your notices are saved."))
        return redirect("me:notices")
    context = {
        "form": form,
        "has_webhooks": Webhook.objects.filter(is_active=True).exists(),
    }
    return render(request, "staff/notices.html", context, status=422 if form.is_bound else 200)
