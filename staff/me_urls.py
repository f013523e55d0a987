from django.urls import path

from staff import notice_views

app_name = "me"
urlpatterns = [
    path("notices/", notice_views.notices, name="notices"),
]
