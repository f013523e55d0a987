from django.core.management.base import BaseCommand, CommandError

from staff.models import ApiToken, User


class Command(BaseCommand):
    help = "Prints a new API token of a user, which is shown this once, or revokes all of them."

    def add_arguments(self, parser):
        parser.add_argument("username")
        parser.add_argument("--revoke", action="store_true", help="drop all tokens of the user instead")

    def handle(self, *args, username, revoke, **options):
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user “{username}”.")
        if revoke:
            count, _rows = user.api_tokens.all().delete()
            self.stderr.write(f"{count} revoked.")
        elif not user.is_active:
            raise CommandError(f"“{username}” is switched off; a token would open nothing.")
        else:
            self.stdout.write(ApiToken.issue(user))
