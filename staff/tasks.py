from celery import shared_task

from staff import announcing, calendar_watch, deliveries, forgetting, seen

TURNS = 20  # batches of webhooks before the next call takes over


@shared_task
def fade_presence():
    """Takes offline whose pages have long been closed."""
    seen.fade()


@shared_task
def post_notices():
    """Plans mails and webhooks for new notices, and posts the webhooks that are due."""
    announcing.tell_begun()
    while deliveries.plan():
        pass
    for _turn in range(TURNS):
        if not deliveries.post_due():
            break


@shared_task
def watch_calendars():
    """Tells the administrators of calendars that lack the days of a year in use."""
    calendar_watch.tell()


@shared_task
def forget_notices():
    """Deletes old notices that have been read, and what is known of their delivery."""
    forgetting.forget()
