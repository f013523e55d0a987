"""Topics proposed for a new ticket, with the words that spoke for each; choosing is the agent's."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import F

from tickets import topic_words
from tickets.classification import has_word
from tickets.models import Category, TopicModel, TopicRule
from tickets.topic_learning import Linear

MOST = 3
FIELD = "topics_offered"  # of the forms on which proposals stand
WRITTEN = re.compile(r"(?P<model>[0-9]{1,9}):(?P<topics>[0-9]{1,9}(?:,[0-9]{1,9}){0,2})")
LIKELY = 0.5  # from here on what is learned goes before the rules
UNLIKELY = 0.05
Found = tuple[int, float | None, list[str]]  # topic, share, words
_in_memory: dict[int, Linear] = {}  # the model in use, read once a process


@dataclass(frozen=True)
class Proposal:
    """A topic, its share of 1 (None: a rule says so) and the words that spoke for it."""

    topic: Category
    share: float | None
    words: list[str]

    @property
    def percent(self) -> int | None:
        return None if self.share is None else round(self.share * 100)


@dataclass(frozen=True)
class Offer:
    """What is shown to the agent; `written` comes back with the form, to count what was taken."""

    model: int | None = None
    proposals: list[Proposal] = field(default_factory=list)

    @property
    def written(self) -> str:
        """model:topic,topic,topic"""
        return f"{self.model or 0}:" + ",".join(str(proposal.topic.pk) for proposal in self.proposals)


def suggest(text: str) -> Offer:
    """The likeliest topics, at most three: learned ones, and by rules those with too few past tickets."""
    used = TopicModel.objects.filter(is_active=True).values_list("pk", "engine").first()
    model = _model(used[0]) if used and used[1] else None
    words = topic_words.words_of([text])[0] if model else []
    shares = [pair for pair in model.shares(words)[:MOST] if pair[1] > UNLIKELY] if model else []
    learned = [(topic, share, model.because(topic, words)) for topic, share in shares] if model else []
    sure = [row for row in learned if row[1] >= LIKELY]
    found: list[Found] = [*sure, *_by_rules(text, but=model.topics if model else []), *learned[len(sure) :]]
    # A topic without a word that spoke for it is a guess by frequency alone.
    found = [row for row in found if row[2]][:MOST]
    topics = Category.objects.filter(is_active=True).select_related("parent__parent").in_bulk([row[0] for row in found])
    return Offer(
        used[0] if used else None,
        [Proposal(topics[topic], share, because) for topic, share, because in found if topic in topics],
    )


def count(*, offer: str, chosen: Category | None) -> None:
    """Notes beside the model that its proposals were on the page when a topic was chosen, and whether it is of them.

    `offer` is as `Offer.written` had it; anything else counts nothing.
    """
    read = WRITTEN.fullmatch(offer)
    if chosen is None or read is None:
        return
    taken = str(chosen.pk) in read["topics"].split(",")
    TopicModel.objects.filter(pk=int(read["model"])).update(offered=F("offered") + 1, taken=F("taken") + int(taken))


def _by_rules(text: str, *, but: Sequence[int]) -> list[Found]:
    found: dict[int, list[str]] = {}
    for rule in TopicRule.objects.filter(is_active=True, category__is_active=True).exclude(category__in=but):
        hits = [word for word in rule.listed if has_word(text, word)]
        found.setdefault(rule.category_id, []).extend(hits)
    best = sorted((row for row in found.items() if row[1]), key=lambda row: -len(row[1]))
    return [(topic, None, hits[:4]) for topic, hits in best]


def _model(pk: int) -> Linear:
    if pk not in _in_memory:
        stored = TopicModel.objects.values_list("weights", flat=True).get(pk=pk)
        _in_memory.clear()
        _in_memory[pk] = Linear.unpacked(bytes(stored))
    return _in_memory[pk]
