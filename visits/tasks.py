from celery import shared_task

from visits import ticks


@shared_task
def tick():
    """Clocks that wait for a visit, windows that passed, and reminders of tomorrow's appointments."""
    ticks.tick()
