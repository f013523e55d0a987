"""Learning topics from past tickets: one linear model, made by the built-in naive Bayes or, where it is installed, by
scikit-learn. Both end as weights of words per topic, so that a proposal needs neither and can name its words."""

import json
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from math import exp, log

Row = tuple[int, list[str]]  # the topic of a ticket and its words
SMOOTHING = 0.3
LARGEST = 12_000  # words of a model
SCALES = (0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Linear:
    """score(topic) = bias + the weights of the words; weights are centred, so what is above 0 speaks for the topic."""

    topics: list[int]
    bias: list[float]
    weights: dict[str, list[float]]
    scale: float = 1.0  # turns scores into honest shares

    def shares(self, words: Sequence[str]) -> list[tuple[int, float]]:
        """(topic, share of 1), the likeliest first; empty where no word is known."""
        known = [self.weights[word] for word in words if word in self.weights]
        if not known:
            return []
        columns = zip(*known, strict=True)
        scores = [self.scale * (bias + sum(column)) for bias, column in zip(self.bias, columns, strict=True)]
        top = max(scores)
        powers = [exp(score - top) for score in scores]
        whole = sum(powers)
        return sorted(zip(self.topics, (power / whole for power in powers), strict=True), key=lambda pair: -pair[1])

    def because(self, topic: int, words: Sequence[str], most: int = 4) -> list[str]:
        """The words that speak most for this topic."""
        at = self.topics.index(topic)
        known = {word: self.weights[word][at] for word in words if word in self.weights}
        return [word for word in sorted(known, key=known.__getitem__, reverse=True) if known[word] > 0][:most]

    def packed(self) -> bytes:
        kept = {"topics": self.topics, "bias": self.bias, "weights": self.weights, "scale": self.scale}
        return zlib.compress(json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode())

    @classmethod
    def unpacked(cls, stored: bytes) -> "Linear":
        return cls(**json.loads(zlib.decompress(stored)))


def has_scikit() -> bool:
    return find_spec("sklearn") is not None


def learn(rows: Sequence[Row], vocabulary: set[str], *, scikit: bool) -> Linear:
    """A model of these tickets. Its scale is chosen on their newest tenth, by a model of the rest."""
    fit = _by_scikit if scikit else _by_bayes
    cut = len(rows) - len(rows) // 10
    model = fit(rows[:cut], vocabulary)
    scale = 1.0 if scikit else min(SCALES, key=lambda scale: _surprise(model, rows[cut:], scale))
    whole = fit(rows, vocabulary)
    return Linear(whole.topics, whole.bias, whole.weights, scale)


def accuracy(model: Linear, rows: Sequence[Row]) -> dict[int, list[int]]:
    """{topic: [tickets, first proposal right, one of three right]}; a topic that is not learned is never right."""
    found: dict[int, list[int]] = {}
    for topic, words in rows:
        count = found.setdefault(topic, [0, 0, 0])
        proposed = [one for one, _share in model.shares(words)[:3]]
        count[0] += 1
        count[1] += proposed[:1] == [topic]
        count[2] += topic in proposed
    return found


def _by_bayes(rows: Sequence[Row], vocabulary: set[str]) -> Linear:
    """Multinomial naive Bayes on words that count once a ticket."""
    topics = sorted({topic for topic, _words in rows})
    counts: dict[int, Counter[str]] = {topic: Counter() for topic in topics}
    sizes = Counter(topic for topic, _words in rows)
    for topic, words in rows:
        counts[topic].update(word for word in words if word in vocabulary)
    known = sorted({word for count in counts.values() for word in count})
    totals = {topic: sum(counts[topic].values()) + SMOOTHING * len(known) for topic in topics}
    weights = {
        word: _centred([log((counts[topic][word] + SMOOTHING) / totals[topic]) for topic in topics]) for word in known
    }
    return Linear(topics, _centred([log(sizes[topic]) for topic in topics]), weights)


def _by_scikit(rows: Sequence[Row], vocabulary: set[str]) -> Linear:
    from sklearn.feature_extraction.text import CountVectorizer  # type: ignore[import-not-found]
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-not-found]

    seen = CountVectorizer(analyzer=list, binary=True, vocabulary=sorted(vocabulary))
    found = LogisticRegression(C=1.0, max_iter=300).fit(
        seen.transform([words for _topic, words in rows]), [topic for topic, _words in rows]
    )
    lines = [[float(one) for one in line] for line in found.coef_]
    bias = [float(one) for one in found.intercept_]
    if len(found.classes_) == 2:  # it keeps one line for two topics
        lines, bias = [[-one / 2 for one in lines[0]], [one / 2 for one in lines[0]]], [-bias[0] / 2, bias[0] / 2]
    columns = zip(seen.get_feature_names_out(), zip(*lines, strict=True), strict=True)
    weights = {str(word): _centred(list(column)) for word, column in columns if any(column)}
    return Linear([int(topic) for topic in found.classes_], _centred(bias), weights)


def _centred(values: list[float]) -> list[float]:
    mean = sum(values) / len(values)
    return [round(value - mean, 3) for value in values]


def _surprise(model: Linear, rows: Sequence[Row], scale: float) -> float:
    """The mean logarithmic loss of the shares."""
    scaled, loss = Linear(model.topics, model.bias, model.weights, scale), 0.0
    for topic, words in rows:
        loss -= log(max(dict(scaled.shares(words)).get(topic, 0.0), 1e-6))
    return loss
