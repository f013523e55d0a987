"""The routes of the REST interface; the work is done by the services of the apps."""

from django.urls import path

from customers import order_api as orders
from messaging import telephone_api as telephone
from tickets import api as tickets
from tickets import conversation_api as conversation

urlpatterns = [
    path("tickets/", tickets.Tickets.as_view(), name="tickets"),
    path("tickets/<int:pk>/", tickets.OneTicket.as_view(), name="ticket"),
    path("tickets/<int:pk>/messages/", conversation.Messages.as_view(), name="ticket_messages"),
    path("tickets/<int:pk>/replies/", conversation.Replies.as_view(), name="ticket_replies"),
    path("tickets/<int:pk>/reopen/", conversation.Reopening.as_view(), name="ticket_reopen"),
    path("orders/", orders.Orders.as_view(), name="orders"),
    path("orders/<int:pk>/", orders.OneOrder.as_view(), name="order"),
    path("telephone/", telephone.TelephoneEvents.as_view(), name="telephone"),
]
