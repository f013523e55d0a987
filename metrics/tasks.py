from celery import shared_task

from metrics import rollups, standing


@shared_task
def keep_figures():
    """One tick: days and hours that are over are kept as they are by now, and the ledger of standing tickets short."""
    rollups.fill()
    standing.compact()
