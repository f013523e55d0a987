from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core import translation


class Command(BaseCommand):
    help = "Gathers the words of the screens into the Chinese catalogue; --check only says what is not translated."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--check", action="store_true", help="change nothing; fail when anything is missing")

    def handle(self, *args, **options):
        path = Path(settings.LOCALE_PATHS[0]) / "zh_Hans" / "LC_MESSAGES" / "django.po"
        found, known = translation.gather(Path(settings.BASE_DIR)), translation.read(path)
        if not options["check"]:
            path.parent.mkdir(parents=True, exist_ok=True)
            known = translation.merge(found, known)
            path.write_bytes(translation.written(known))
        wrong = translation.problems(translation.gather(Path(settings.BASE_DIR)), known)
        for line in wrong:
            self.stdout.write(line)
        count = len([message for message in found if message.id])
        if options["check"] and wrong:
            raise CommandError(f"{len(wrong)} of {count} messages need a translator.")
        self.stdout.write(f"{count} messages, {len(wrong)} to translate.")
