"""Topics proposed for a ticket that is open already, for the dialog of its details."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from desk import case
from tickets import topic_training, topics


@login_required
@require_GET
def proposed(request, pk):
    """By its summary and what the customer said first; choosing is the agent's."""
    ticket = get_object_or_404(case.seen(request.user), pk=pk)
    text = f"{ticket.subject}\n{topic_training.first_words([ticket.pk]).get(ticket.pk, '')}"
    return render(request, "desk/_topic_offer.html", {"offer": topics.suggest(text)})
