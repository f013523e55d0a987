"""The training of topics: which tickets and words it takes, how it is measured, and the row that is left."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from staff.models import User
from tickets import topic_learning, topic_words
from tickets.models import Outcome, Post, Ticket, TopicModel
from tickets.topic_learning import Linear, Row

NEWEST = 50_000  # tickets that a training looks at
BATCH = 2_000
LEAST = 200  # tickets; with fewer all is left to the rules
LEAST_PER_TOPIC = 20  # a topic with fewer is left to the rules
LEAST_PER_WORD = 3  # a word that fewer customers have used may be somebody's own
NOT_LEARNED = (Outcome.SPAM, Outcome.DUPLICATE)


@transaction.atomic
def train(*, scikit: bool | None = None, now: datetime | None = None) -> TopicModel:
    """Learns from past tickets and puts the result in use, whose row is returned. Running again does no harm.

    What is told of its accuracy is that of a model of the same making which has seen the older four fifths alone,
    on the newest fifth; what is put in use has then seen all.
    """
    scikit = topic_learning.has_scikit() if scikit is None else scikit
    read = [(topic, words, customer) for topic, words, customer in past_tickets()]
    sizes = Counter(topic for topic, _words, _customer in read)
    learned = {topic for topic, size in sizes.items() if size >= LEAST_PER_TOPIC}
    if len(read) < LEAST or len(learned) < 2:
        learned = set()
    cut = len(read) * 4 // 5
    row = TopicModel(trained_at=now or timezone.now(), tickets=len(read), report=_support(sizes, learned))
    if learned:
        measured = _model(read[:cut], learned, scikit=scikit)
        _measure(row, measured, [(topic, words) for topic, words, _customer in read[cut:]])
        row.weights = _model(read, learned, scikit=scikit).packed()
        row.engine = TopicModel.Engine.SCIKIT if scikit else TopicModel.Engine.BAYES
    # The words of what is no longer in use are not kept; its figures are.
    TopicModel.objects.filter(is_active=True).update(is_active=False, weights=b"")
    row.save()
    return row


def past_tickets() -> Iterator[tuple[int, list[str], int]]:
    """(topic, words of the summary and the first message, customer) of tickets that have a topic, oldest first."""
    known = Ticket.objects.filter(category__is_active=True).exclude(outcome__in=NOT_LEARNED)
    ids = sorted(known.order_by("-pk").values_list("pk", flat=True)[:NEWEST])
    staff = topic_words.pattern_of(str(user) for user in User.objects.only("display_name", "username"))
    for start in range(0, len(ids), BATCH):
        rows = list(
            Ticket.objects.filter(pk__in=ids[start : start + BATCH]).order_by("pk")
            .values_list("pk", "category", "subject", "customer", "customer__name")
        )
        said = first_words([row[0] for row in rows])
        texts = []
        for pk, _topic, subject, _customer, name in rows:
            text = topic_words.without_names(f"{subject}\n{said.get(pk, '')}", staff)
            texts.append(topic_words.without_names(text, topic_words.pattern_of([name])))
        for (_pk, topic, _subject, customer, _name), words in zip(rows, topic_words.words_of(texts), strict=True):
            yield topic, words, customer


def first_words(ids: Sequence[int]) -> dict[int, str]:
    """{ticket: what the customer wrote or said first}"""
    firsts = Post.objects.filter(ticket__in=ids, kind__in=[Post.Kind.INBOUND, Post.Kind.CALL])
    return dict(firsts.order_by("ticket", "pk").distinct("ticket").values_list("ticket", "body"))


def _model(read: Sequence[tuple[int, list[str], int]], learned: set[int], *, scikit: bool) -> Linear:
    used: dict[str, set[int]] = {}
    for topic, words, customer in read:
        if topic in learned:
            for word in words:
                used.setdefault(word, set()).add(customer)
    common = sorted((word for word in used if len(used[word]) >= LEAST_PER_WORD), key=lambda word: -len(used[word]))
    rows: list[Row] = [(topic, words) for topic, words, _customer in read if topic in learned]
    return topic_learning.learn(rows, set(common[: topic_learning.LARGEST]), scikit=scikit)


def _support(sizes: Counter[int], learned: set[int]) -> dict:
    return {str(topic): {"tickets": size, "learned": topic in learned} for topic, size in sizes.most_common()}


def _measure(row: TopicModel, model: Linear, held_out: Sequence[Row]) -> None:
    """Over all tickets that were kept apart: those of topics that are not learned count as wrong."""
    by_topic = topic_learning.accuracy(model, held_out)
    row.held_out = len(held_out)
    row.top1 = sum(count[1] for count in by_topic.values()) / len(held_out)
    row.top3 = sum(count[2] for count in by_topic.values()) / len(held_out)
    for topic, (number, right, near) in by_topic.items():
        row.report[str(topic)] |= {"held_out": number, "right": right, "near": near}
