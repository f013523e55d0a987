from django.urls import path

from visits import views

app_name = "visits"
urlpatterns = [
    path("", views.board, name="board"),
    path("mine/", views.mine, name="mine"),
    path("<int:pk>/", views.visit, name="visit"),
    path("<int:pk>/slip/", views.slip, name="slip"),
    path("<int:pk>/address/", views.address, name="address"),
    path("<int:pk>/step/<slug:act>/", views.step, name="step"),
]
