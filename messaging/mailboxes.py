"""The name that customers know us by."""

from django.db.models import Q

from messaging.models import Mailbox


def company_of(team_id: int | None) -> str:
    """The sender name of the team's mailbox, else of the default one; "" where there is neither."""
    boxes = Mailbox.objects.filter(Q(team=team_id) | Q(is_default=True)).values_list("team_id", "name")
    ranked = sorted(boxes, key=lambda box: box[0] != team_id)
    return ranked[0][1] if ranked else ""
