"""The routes of the REST interface; the work is done by the services of the apps."""

from django.urls import path

from customers import order_api as orders
from messaging import telephone_api as telephone
from tickets import api as tickets

urlpatterns = [
    path("tickets/", tickets.Tickets.as_view(), name="tickets"),
    path("tickets/<int:pk>/", tickets.OneTicket.as_view(), name="ticket"),
    path("orders/", orders.Orders.as_view(), name="orders"),
    path("orders/<int:pk>/", orders.OneOrder.as_view(), name="order"),
    path("telephone/", telephone.TelephoneEvents.as_view(), name="telephone"),
]
