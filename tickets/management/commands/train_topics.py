import json

from django.core.management.base import BaseCommand

from tickets import topic_training
from tickets.models import Category, TopicModel


class Command(BaseCommand):
    help = "Learns from past tickets which words speak for which topic; tells how right it is on newer ones."

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help="figures as one JSON object")
        parser.add_argument(
            "--built-in", action="store_true", help="the built-in way of learning, even where scikit-learn is installed"
        )

    def handle(self, *args, **options):
        row = topic_training.train(scikit=False if options["built_in"] else None)
        figures = figures_of(row)
        if options["json"]:
            self.stdout.write(json.dumps(figures, ensure_ascii=False, indent=1))
            return
        self.stdout.write(f"{row.get_engine_display()}: {row.tickets} tickets")
        if row.held_out:
            self.stdout.write(
                f"on the newest {row.held_out}, unseen: first {row.top1:.1%}, one of three {row.top3:.1%}, "
                f"always the commonest topic {figures['commonest']:.1%}"
            )
        for line in figures["topics"]:
            self.stdout.write(f"  {line['code']}: {line['tickets']} {'learned' if line['learned'] else 'by rules'}")


def figures_of(row: TopicModel) -> dict:
    codes = dict(Category.objects.values_list("pk", "code"))
    topics = [{"code": codes.get(int(pk), pk), **line} for pk, line in row.report.items()]
    commonest = max((line.get("held_out", 0) for line in topics), default=0)
    return {
        "engine": row.engine, "tickets": row.tickets, "held_out": row.held_out, "top1": row.top1, "top3": row.top3,
        "commonest": commonest / row.held_out if row.held_out else None, "bytes": len(row.weights), "topics": topics,
    }
