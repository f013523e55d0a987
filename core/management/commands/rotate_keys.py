import time

from django.core.management.base import BaseCommand, CommandError

from core import crypto, rotation


class Command(BaseCommand):
    help = (
        "Seals everything with the first key of FIELD_KEY, online. Before: put the new key in front of the others and "
        "restart all processes. --check counts the values by key; --may-drop asks whether a key is no longer needed."
    )

    def add_arguments(self, parser):
        parser.add_argument("--check", action="store_true", help="Only count the values sealed by each key")
        parser.add_argument("--may-drop", metavar="KEYID", help="Fail unless this key may be taken out of FIELD_KEY")
        parser.add_argument("--batch", type=int, default=rotation.BATCH, help="Rows locked at a time (default: 500)")

    def handle(self, *args, check, may_drop, batch, **options):
        if may_drop:
            self._may_drop(may_drop)
            return
        if not check:
            self._rotate(batch)
        missing = self._count()
        if missing:
            raise CommandError(f"FIELD_KEY lacks keys that are in use: {', '.join(missing)}")

    def _rotate(self, batch: int) -> None:
        begun, told = time.monotonic(), 0.0

        def say(table: str, rows: int) -> None:
            nonlocal told
            if time.monotonic() - told > 1:
                told = time.monotonic()
                self.stdout.write(f"{table}: {rows}")

        try:
            rows = rotation.rotate(batch=batch, say=say)
        except rotation.Stuck as stuck:
            raise CommandError(f"Rows of {stuck} are held by another transaction; run this again.") from stuck
        self.stdout.write(f"{rows} rows sealed again in {time.monotonic() - begun:.1f} s")

    def _count(self) -> list[str]:
        """Prints the counts and returns the ids of keys that are missing."""
        ids, found = crypto.key_ids(), rotation.counts()
        for key in dict.fromkeys([*ids, *sorted(found)]):
            self.stdout.write(f"key {key}: {found[key]} values; {self._role(key, ids, found[key])}")
        return [key for key in sorted(found) if key not in ids]

    @staticmethod
    def _role(key: str, ids: list[str], values: int) -> str:
        if key not in ids:
            return "MISSING from FIELD_KEY"
        roles = ["writes"] if key == ids[0] else []
        roles += ["feeds the indexes, keep it last"] if key == ids[-1] else []
        return ", ".join(roles) or ("still needed" if values else "may be dropped")

    def _may_drop(self, key: str) -> None:
        try:
            rotation.refuse_drop(key)
        except rotation.KeyInUse as reason:
            raise CommandError(f"Keep key {key}: {reason}.") from reason
        self.stdout.write(f"Key {key} may be taken out of FIELD_KEY.")
