from celery import shared_task

from staff import seen


@shared_task
def fade_presence():
    """Takes offline whose pages have long been closed."""
    seen.fade()
