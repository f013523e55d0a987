"""The routes of the REST interface; the work is done by the services of the apps."""

from django.urls import path

from tickets import api as tickets

urlpatterns = [
    path("tickets/", tickets.Tickets.as_view(), name="tickets"),
    path("tickets/<int:pk>/", tickets.OneTicket.as_view(), name="ticket"),
]
