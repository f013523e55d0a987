from celery import shared_task
from django.db import transaction

from tickets import escalation


@shared_task
def escalate_due():
    """One tick: batches until nothing is due; each batch is a transaction of its own."""
    while True:
        with transaction.atomic():
            tick = escalation.escalate_due()
        if not (tick.breached or tick.escalated):
            break
