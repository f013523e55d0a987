from celery import shared_task

from tickets import (
    bulk,
    drafts,
    ladder_acts,
    routing_turns,
    sla_calls,
    sla_replan,
    sla_replay,
    sla_ticking,
    snoozing,
    standing,
    topic_training,
)


@shared_task
def escalate_due():
    """One tick of all clocks."""
    sla_ticking.tick()


@shared_task
def follow_calls():
    """One tick over the promises of calls."""
    sla_calls.follow()


@shared_task
def follow_tiers():
    """One tick: open tickets stand in the queue as their customers' tiers are now."""
    while standing.follow_tiers() == standing.BATCH:
        continue


@shared_task
def carry_out_acts():
    """One tick over what rungs of the ladders do besides telling somebody."""
    ladder_acts.carry_out()


@shared_task
def carry_on_planning():
    """One turn over re-plannings and replays that are under way."""
    sla_replan.carry_on()
    sla_replay.carry_on()


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
def train_topics():
    """Learns topics anew from the past tickets, once a week."""
    topic_training.train()


@shared_task
def forget_bulk_actions():
    """Lets yesterday's actions on many tickets go."""
    bulk.forget()
