from django.urls import path

from staff import views

app_name = "staff"
urlpatterns = [
    path("preferences/", views.preferences, name="preferences"),
    path("language/", views.language, name="language"),
    path("presence/", views.presence, name="presence"),
    path("notifications/", views.notifications, name="notifications"),
]
