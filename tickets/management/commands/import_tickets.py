from staff.team_import import TeamImportCommand
from tickets import imports


class Command(TeamImportCommand):
    help = "Imports requests from a CSV by a mapping file: closed ones into the archive, open ones with running timers."
    shipped = imports.SHIPPED
    fields = imports.FIELDS
    options_known = imports.OPTIONS

    def saver(self, mapping, team):
        return imports.TicketImport(mapping, team)
