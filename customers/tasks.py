from celery import shared_task

from customers.transfer import loading


@shared_task
def load_imports():
    """Takes the files that wait, or that a killed worker left, to their end."""
    while loading.work():
        pass


@shared_task
def forget_imports():
    """Removes what is kept of files a month after they came."""
    loading.forget_old()
