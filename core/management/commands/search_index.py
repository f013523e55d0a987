"""`manage.py search_index`: writes the words that rows are found by where they are missing, or all of them anew."""

from django.core.management.base import BaseCommand

from core import search


class Command(BaseCommand):
    help = (
        "Writes the search index of all rows, in batches, while the desk is used. Killed, it goes on where it stopped; "
        "when all is written it does nothing, unless told to --rebuild."
    )

    def add_arguments(self, parser):
        parser.add_argument("--rebuild", action="store_true", help="begin anew at the first row of every table")
        parser.add_argument("--batch", type=int, default=2000, help="rows of one transaction (2000)")

    def handle(self, *, rebuild, batch, **options):
        if rebuild:
            search.forget_progress()
        for words in search.tables():
            name = words.source()._meta.label
            for last, highest in search.rebuild(words, batch=max(batch, 1)):
                self.stdout.write(f"{name}: {last:,} of {highest:,}")
            self.stdout.write(f"{name}: done")
