from django.urls import path

from metrics import views

app_name = "metrics"
urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("stages/", views.stages, name="stages"),
    path("needs/", views.needs, name="needs"),
    path("tiers/", views.tiers, name="tiers"),
    path("tiers/<slug:code>/", views.tier_value, name="tier_value"),
]
