from django.urls import path

from desk.views import customers, intake, search, ticket, workbench

app_name = "desk"
urlpatterns = [
    path("", workbench.workbench, name="workbench"),
    path("search/", search.search, name="search"),
    path("help/", search.shortcuts, name="help"),
    path("intake/", intake.intake, name="intake"),
    path("intake/start/", intake.start, name="intake_start"),
    path("intake/lookup/", intake.lookup, name="intake_lookup"),
    path("intake/suggest/", intake.suggest, name="intake_suggest"),
    path("intake/<int:pk>/", intake.call, name="intake_call"),
    path("intake/<int:pk>/customer/", intake.customer, name="intake_customer"),
    path("intake/<int:pk>/draft/", intake.draft, name="intake_draft"),
    path("intake/<int:pk>/finish/", intake.finish, name="intake_finish"),
    path("tickets/<int:pk>/", ticket.ticket, name="ticket"),
    path("tickets/<int:pk>/thread/", ticket.thread, name="ticket_thread"),
    path("tickets/<int:pk>/side/", ticket.side, name="ticket_side"),
    path("tickets/<int:pk>/read/", ticket.read, name="ticket_read"),
    path("tickets/<int:pk>/reply/", ticket.reply, name="ticket_reply"),
    path("tickets/<int:pk>/note/", ticket.note, name="ticket_note"),
    path("tickets/<int:pk>/move/", ticket.move, name="ticket_move"),
    path("tickets/<int:pk>/details/", ticket.details, name="ticket_details"),
    path("tickets/<int:pk>/reclassify/", ticket.reclassify, name="ticket_reclassify"),
    path("tickets/<int:pk>/claim/", ticket.claim, name="ticket_claim"),
    path("tickets/<int:pk>/assign/", ticket.assign, name="ticket_assign"),
    path("tickets/<int:pk>/pause/", ticket.pause, name="ticket_pause"),
    path("tickets/<int:pk>/resume/", ticket.resume, name="ticket_resume"),
    path("tickets/<int:pk>/attachments/<int:attachment>/", ticket.attachment, name="ticket_attachment"),
    path("customers/", customers.customers, name="customers"),
    path("customers/<int:pk>/", customers.customer, name="customer"),
    path("customers/<int:pk>/reveal/<int:contact>/", customers.reveal, name="customer_reveal"),
    path("customers/<int:pk>/consent/", customers.consent, name="customer_consent"),
]
