from customers import imports, scoring
from staff.team_import import TeamImportCommand


class Command(TeamImportCommand):
    help = "Imports customers from a CSV by a mapping file; can be run again without doubling, then assigns tiers."
    shipped = imports.SHIPPED
    fields = imports.FIELDS

    def saver(self, mapping, team):
        return imports.CustomerImport(mapping, team)

    def finish(self, team):
        self.stdout.write(scoring.told(scoring.assign(team=team)))
