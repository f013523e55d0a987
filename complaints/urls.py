from django.urls import path

from complaints import views

app_name = "complaints"
urlpatterns = [
    path("", views.sheets, name="list"),
    path("<int:pk>/", views.sheet, name="sheet"),
    path("<int:pk>/close/", views.close, name="close"),
]
