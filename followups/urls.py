from django.urls import path

from followups import outgoing_views, views

app_name = "followups"
urlpatterns = [
    path("", views.callbacks, name="callbacks"),
    path("<int:pk>/", views.callback, name="callback"),
    path("<int:pk>/audit/", views.audit, name="audit"),
    path("<int:pk>/attempt/", views.attempt, name="attempt"),
    path("<int:pk>/dial/", outgoing_views.dial_callback, name="dial"),
    path("dial/ticket/<int:ticket>/", outgoing_views.dial_ticket, name="dial_ticket"),
    path("dial/task/<int:pk>/", outgoing_views.dial_task, name="dial_task"),
    path("calls/<int:pk>/", outgoing_views.call, name="call"),
    path("calls/<int:pk>/draft/", outgoing_views.draft, name="call_draft"),
]
