"""How people keep their lists: views of the queue under a name, their own or their team's."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from staff.models import User


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, user: User):
        """One's own and those shared with one's team."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        shared = Q(team=user.team_id) if user.team_id else Q(pk=None)
        return self.filter(Q(owner=user, team=None) | shared)


class SavedView(models.Model):
    """Filters, order and columns of the queue under a name; of one person, or shared with a team."""

    name = models.CharField(_("name"), max_length=40)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    team = models.ForeignKey("staff.Team", models.CASCADE, null=True, blank=True, related_name="saved_views")
    query = models.CharField(max_length=600)  # as it stands in the address
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["team_id", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], condition=Q(team=None), name="own_view_by_name"),
            models.UniqueConstraint(fields=["team", "name"], condition=~Q(team=None), name="team_view_by_name"),
        ]

    def __str__(self):
        return self.name
