from celery import shared_task

from tickets import drafts, escalation


@shared_task
def escalate_due():
    """One tick: batches, each a transaction of its own, until nothing is due."""
    while True:
        tick = escalation.escalate_due()
        if not (tick.breached or tick.escalated):
            break


@shared_task
def fade_drafts():
    """Lets drafts go that nobody has touched for a month."""
    drafts.fade()
