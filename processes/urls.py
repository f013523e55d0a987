from django.urls import path

from processes import views

app_name = "processes"
urlpatterns = [path("<str:token>/", views.confirm, name="confirm")]
