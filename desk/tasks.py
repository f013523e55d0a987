from celery import shared_task

from complaints import sheets
from customers import duplicates, freshness, overrides, plans, requests, scoring
from desk import erasure, leaving, mail_intake, notice_mail
from followups import callbacks
from followups import signals as satisfaction
from loyalty import care, ledger
from tickets import signals as complaints
from tickets import watching


@shared_task
def route_mail():
    """Turns mails that a killed process left stored into tickets."""
    while mail_intake.route_stored():
        pass


@shared_task
def open_sheets():
    """Opens the complaint sheets that are due, and those that a rung of an escalation ladder asks for."""
    sheets.open_due()
    sheets.open_wished()


@shared_task
def plan_callbacks():
    """Plans the callbacks of new resolutions."""
    callbacks.plan_due()


@shared_task
def queue_birthday_care():
    """Queues the wishes of today's birthdays."""
    care.queue_birthdays()


@shared_task
def credit_points():
    """Credits the points that have been earned."""
    ledger.credit_due()


@shared_task
def search_duplicates():
    """Looks for archives that may be one customer, at night."""
    duplicates.search_all()


@shared_task
def notify_late_requests():
    """Tells supervisors of requests of persons that are past their 30 days."""
    requests.notify_overdue()


@shared_task
def retain():
    """Lets old records fade: closed tickets, access logs, loaded files."""
    erasure.retain()


@shared_task
def score_customers():
    """Works on the night's scoring for a while; the next call goes on, and does nothing once it is finished."""
    overrides.end_due()
    run = scoring.tonight()
    if run is None:
        complaints.refresh()
        satisfaction.refresh()
    if run is None or not run.finished_at:
        scoring.nightly()


@shared_task
def refresh_profiles():
    """Makes tasks for profiles that have grown stale, and settles those that are fresh again."""
    freshness.make_tasks()


@shared_task
def plan_contacts():
    """Makes the contacts of the communication plan that fall due within a week."""
    plans.make_tasks()


@shared_task
def begin_absences():
    """Hands on the work of those whose absence has begun."""
    while leaving.begin_due():
        pass


@shared_task
def tell_watchers():
    """Tells those who watch a ticket of promises that were missed on it."""
    watching.tell_breaches()


@shared_task
def mail_notices():
    """Mails to members of staff what they wish to have by mail and is due."""
    while notice_mail.send_due():
        pass
