"""Who sees whose records: agents their team's, supervisors their department's, admins all (mission, N1)."""

from django.db import models

from staff.models import Role, Team, User


def visible_teams(user: User) -> models.QuerySet[Team]:
    """The teams whose records a user may see; empty for anybody who has no team."""
    if not user.is_authenticated or not user.is_active:
        return Team.objects.none()
    if user.is_admin:
        return Team.objects.all()
    if user.team_id is None:
        return Team.objects.none()
    if user.role == Role.SUPERVISOR:
        return Team.objects.filter(department__teams=user.team_id)
    return Team.objects.filter(pk=user.team_id)


def who_see(team_id: int) -> models.QuerySet[User]:
    """The other way round: everybody at work who sees a team's records."""
    admins = models.Q(is_superuser=True) | models.Q(role=Role.ADMIN)
    above = models.Q(role=Role.SUPERVISOR, team__department__in=Team.objects.filter(pk=team_id).values("department"))
    return User.objects.filter(admins | above | models.Q(team=team_id), is_active=True)


class TeamSightQuerySet(models.QuerySet):
    """Base of every queryset whose rows belong to a team; `team_path` leads from the row to its team."""

    team_path = "team"

    def visible_to(self, user: User):
        if user.is_authenticated and user.is_active and not user.is_admin and user.role != Role.SUPERVISOR:
            # One team: a plain equality, so that indexes that lead with the team are used.
            return self.filter(**{f"{self.team_path}_id": user.team_id}) if user.team_id else self.none()
        if user.is_authenticated and user.is_active and user.is_admin:
            return self.all()
        return self.filter(**{f"{self.team_path}__in": visible_teams(user)})
