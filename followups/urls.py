from django.urls import path

from followups import views

app_name = "followups"
urlpatterns = [
    path("", views.callbacks, name="callbacks"),
    path("<int:pk>/", views.callback, name="callback"),
    path("<int:pk>/audit/", views.audit, name="audit"),
    path("<int:pk>/attempt/", views.attempt, name="attempt"),
]
