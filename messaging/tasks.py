from celery import shared_task

from messaging import outbox


@shared_task
def send_outbox():
    """Sends batches until nothing is due."""
    while outbox.send_due():
        pass
