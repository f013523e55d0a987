from celery import shared_task

from processes import overdue


@shared_task
def tell_overdue():
    """Tells of late steps, batch by batch."""
    while overdue.tell():
        pass
