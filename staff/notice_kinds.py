"""Which group a kind of notice belongs to, and which kinds cannot wait."""

from staff.notice_models import Group

GROUPS: dict[str, Group] = {
    "escalated": Group.ESCALATION, "escalated_ahead": Group.ESCALATION, "handed_over": Group.ESCALATION,
    "sla_warning": Group.PROMISE, "step_overdue": Group.PROMISE, "wait_over": Group.PROMISE, "woken": Group.PROMISE,
    "pause_asked": Group.PROMISE, "pause_consented": Group.PROMISE, "pause_refused": Group.PROMISE,
    "assigned": Group.ASSIGNMENT, "routed": Group.ASSIGNMENT, "taken_over": Group.ASSIGNMENT,
    "managed": Group.ASSIGNMENT, "transferred": Group.ASSIGNMENT, "handed_on": Group.ASSIGNMENT,
    "task": Group.ASSIGNMENT, "feedback": Group.ASSIGNMENT, "feedback_back": Group.ASSIGNMENT,
    "mentioned": Group.MENTION,
    "chased": Group.CUSTOMER, "plan_accepted": Group.CUSTOMER, "plan_declined": Group.CUSTOMER,
    "bounced": Group.CUSTOMER,
    "watched_wrote": Group.WATCHED, "watched_replied": Group.WATCHED, "watched_moved": Group.WATCHED,
    "watched_breached": Group.WATCHED,
    "visit_dispatched": Group.VISIT, "visit_taken_off": Group.VISIT, "visit_appointed": Group.VISIT,
    "visit_changed": Group.VISIT, "visit_cancelled": Group.VISIT, "visit_arrived": Group.VISIT,
    "visit_completed": Group.VISIT, "visit_failed": Group.VISIT, "visit_late": Group.VISIT,
    "visit_call_to_remind": Group.VISIT, "visit_tomorrow": Group.VISIT,
    "no_policy": Group.DESK, "request_overdue": Group.DESK, "webhook_paused": Group.DESK,
    "calendar_missing": Group.DESK, "calendar_unannounced": Group.DESK, "announced": Group.DESK,
}  # fmt: skip
URGENT = {"escalated", "escalated_ahead", "handed_over", "visit_late"}


def plain(kind: str) -> str:
    """The kind of which `kind` counts many."""
    return kind.removesuffix("_many")


def group_of(kind: str) -> Group:
    return GROUPS.get(plain(kind), Group.DESK)


def is_urgent(kind: str) -> bool:
    """Whether quiet hours let it pass, and it may sound."""
    return plain(kind) in URGENT
