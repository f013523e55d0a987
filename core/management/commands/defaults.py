from importlib import import_module
from importlib.util import find_spec

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import transaction


def fill_all() -> list[str]:
    """Runs `<app>.defaults.fill()` of every app that has one, lowest app first."""
    filled = []
    for config in apps.get_app_configs():
        if "." not in config.name and find_spec(f"{config.name}.defaults"):
            import_module(f"{config.name}.defaults").fill()
            filled.append(config.name)
    return filled


class Command(BaseCommand):
    help = "Writes the standard calendars, tiers, topics, policies and texts where there are none yet."

    @transaction.atomic
    def handle(self, *args, **options):
        self.stdout.write(f"Defaults present: {', '.join(fill_all())}")
