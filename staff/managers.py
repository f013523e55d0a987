"""Managers of departments: who stands above the supervisors, and where nobody fit is named."""

from django.utils.translation import gettext as _

from staff.models import Department, Role, User


def may_manage(person: User, department: Department) -> bool:
    """Whether they are here and see the department's work: a supervisor of it, or an administrator."""
    ours = person.team is not None and person.team.department_id == department.pk
    return person.is_active and (person.is_admin or (person.role == Role.SUPERVISOR and ours))


def remarks() -> list[str]:
    """What the administrator should know: departments whose late promises climb to an administrator instead."""
    rows = Department.objects.filter(teams__isnull=False).distinct().select_related("manager__team").order_by("name")
    return [
        _("%(department)s has no manager who sees its work: what climbs that high goes to an administrator.")
        % {"department": department}
        for department in rows if department.manager is None or not may_manage(department.manager, department)
    ]  # fmt: skip
