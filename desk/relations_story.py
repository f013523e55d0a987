"""What was done with a ticket's tags, watchers, links, tasks and merges, in the reader's words."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

LINKED = {
    ("parent", True): gettext_noop("%(who)s put %(number)s below it"),
    ("parent", False): gettext_noop("%(who)s put it below %(number)s"),
    ("related", True): gettext_noop("%(who)s linked it with %(number)s"),
    ("related", False): gettext_noop("%(who)s linked it with %(number)s"),
    ("duplicate", True): gettext_noop("%(who)s marked it as a duplicate of %(number)s"),
    ("duplicate", False): gettext_noop("%(who)s marked %(number)s as a duplicate of it"),
}
# Kind of event → icon, words, look
WORDS = {
    "tagged": ("tag", gettext_noop("%(who)s tagged it: %(name)s"), ""),
    "untagged": ("tag", gettext_noop("%(who)s took the tag off: %(name)s"), ""),
    "watched": ("eye", gettext_noop("%(who)s watches it"), ""),
    "unwatched": ("eye-slash", gettext_noop("%(who)s watches it no more"), ""),
    "linked": ("link-45deg", gettext_noop("%(who)s linked it with %(number)s"), ""),
    "unlinked": ("link-45deg", gettext_noop("%(who)s took the link to %(number)s away"), ""),
    "task_added": ("square", gettext_noop("%(who)s added a task: %(what)s"), ""),
    "task_done": ("check2-square", gettext_noop("%(who)s did a task: %(what)s"), "u-green"),
    "task_dropped": ("x-square", gettext_noop("%(who)s dropped a task: %(what)s"), ""),
    "task_reopened": ("square", gettext_noop("%(who)s opened a task again: %(what)s"), ""),
    "joined": ("union", gettext_noop("%(who)s merged %(number)s into it; entries that came along: %(posts)s"), ""),
    "joined_into": ("union", gettext_noop("%(who)s merged it into %(number)s"), ""),
    "join_undone": ("arrow-counterclockwise", gettext_noop("%(who)s undid the merge with %(number)s"), ""),
    "split": ("scissors", gettext_noop("%(who)s split %(number)s off; entries that went: %(posts)s"), ""),
    "split_from": ("scissors", gettext_noop("%(who)s split it off %(number)s"), ""),
}


def told(kind: str, who: str, data: dict) -> tuple[str, str, str]:
    """Icon, words and look of an event."""
    icon, words, look = WORDS[kind]
    if kind == "linked":
        words = LINKED.get((data.get("link", ""), bool(data.get("as_source"))), words)
    elif kind == "watched" and not data.get("own", True):
        words = gettext_noop("%(who)s had %(name)s watch it")
    facts = {"number": "", "name": "", "what": "", "posts": "", **data, "who": who}
    return icon, _(words) % facts, look
