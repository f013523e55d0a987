"""What the frame of every page shows: the breach count in the rail and the bell."""

from desk import queue
from staff import announcing
from tickets.models import Ticket


def shell(request):
    user = getattr(request, "user", None)
    part = request.htmx and not request.htmx.history_restore_request
    if user is None or not user.is_authenticated or part:
        return {}
    counted = getattr(request, "breached", None)  # by the workbench, which has asked already
    if counted is None:
        counted = Ticket.objects.visible_to(user).overdue().filter(queue.theirs(user))[:100].count()
    return {
        "rail_breached": min(counted, 100),
        "notices": announcing.waiting(user),
        "bell_unread": user.notifications.filter(read_at=None)[:100].count(),
    }
