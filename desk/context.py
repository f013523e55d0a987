"""What the frame of every page shows: the breach count in the rail and the bell."""

from desk import queue
from desk.queue_counting import count, whole
from staff import announcing
from tickets.models import Ticket

MOST = 100  # no figure of the frame counts further


def shell(request):
    user = getattr(request, "user", None)
    part = request.htmx and not request.htmx.history_restore_request
    if user is None or not user.is_authenticated or part:
        return {}
    pieces = [whole("bell", user.notifications.filter(read_at=None), most=MOST)]
    if not hasattr(request, "breached"):  # the workbench has asked already
        late = Ticket.objects.visible_to(user).overdue().filter(queue.theirs(user))
        pieces.append(whole("breached", late, most=MOST))
    found, _more = count(pieces, most=MOST)
    return {
        "rail_breached": min(found.get("breached", getattr(request, "breached", 0)), MOST),
        "notices": announcing.waiting(user),
        "bell_unread": found["bell"],
    }
