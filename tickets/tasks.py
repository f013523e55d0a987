from celery import shared_task

from tickets import bulk, drafts, escalation, routing_turns, snoozing


@shared_task
def escalate_due():
    """One tick: batches, each a transaction of its own, until nothing is due."""
    while True:
        tick = escalation.escalate_due()
        if not (tick.breached or tick.escalated):
            break


@shared_task
def hand_out():
    """One tick over tickets that wait for an agent, or to be opened by theirs."""
    routing_turns.tick()


@shared_task
def fade_drafts():
    """Lets drafts go that nobody has touched for a month."""
    drafts.fade()


@shared_task
def wake_snoozed():
    """One tick: tickets that were put aside come back into the lists."""
    snoozing.wake_due()


@shared_task
def forget_bulk_actions():
    """Lets yesterday's actions on many tickets go."""
    bulk.forget()
