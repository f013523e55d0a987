from django.urls import path

from followups import feedback_views as views

app_name = "feedback"
urlpatterns = [
    path("", views.records, name="list"),
    path("open/<int:ticket>/", views.open_record, name="open"),
    path("<int:pk>/", views.record, name="record"),
    path("<int:pk>/hand-on/", views.hand_on, name="hand_on"),
    path("<int:pk>/give-back/", views.give_back, name="give_back"),
]
