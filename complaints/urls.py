from django.urls import path

from complaints import views

app_name = "complaints"
urlpatterns = [
    path("", views.sheets, name="list"),
    path("open/<int:ticket>/", views.open_sheet, name="open"),
    path("<int:pk>/", views.sheet, name="sheet"),
    path("<int:pk>/investigated/", views.investigated, name="investigated"),
    path("<int:pk>/close/", views.close, name="close"),
]
