from celery import shared_task

from complaints import sheets
from desk import mail_intake
from followups import callbacks
from loyalty import care, ledger


@shared_task
def route_mail():
    """Turns mails that a killed process left stored into tickets."""
    while mail_intake.route_stored():
        pass


@shared_task
def open_sheets():
    """Opens the complaint sheets that are due."""
    sheets.open_due()


@shared_task
def plan_callbacks():
    """Plans the callbacks of new resolutions."""
    callbacks.plan_due()


@shared_task
def queue_birthday_care():
    """Queues the wishes of today's birthdays."""
    care.queue_birthdays()


@shared_task
def credit_points():
    """Credits the points that have been earned."""
    ledger.credit_due()
