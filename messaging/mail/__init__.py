"""Raw mail bytes into a clean record; no models and no network here."""

from messaging.mail.parse import Attachment, ParsedMail, Unparseable, parse, ticket_token

__all__ = ["Attachment", "ParsedMail", "Unparseable", "parse", "ticket_token"]
