from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path
from django.views.i18n import set_language

from core.health import healthz
from crm_project import api
from staff.forms import SignInForm

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path(
        "sign-in/",
        auth.LoginView.as_view(authentication_form=SignInForm, redirect_authenticated_user=True),
        name="login",
    ),
    path("sign-out/", auth.LogoutView.as_view(), name="logout"),
    path("language/", set_language, name="set_language"),
    path("admin/", admin.site.urls),
    path("api/v1/", include((api.urlpatterns, "api"))),
    path("staff/", include("staff.urls")),
    path("me/", include("staff.me_urls")),
    path("complaints/", include("complaints.urls")),
    path("callbacks/", include("followups.urls")),
    path("confirm/", include("processes.urls")),
    path("visits/", include("visits.urls")),
    path("feedback/", include("followups.feedback_urls")),
    path("dashboard/", include("metrics.urls")),
    path("", include("desk.urls")),
]
handler403 = "desk.errors.forbidden"
