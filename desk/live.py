"""The live connection: one WebSocket a page, told by `core.live` what changed among what the user may see.

A ticket's page says over it that it is open and when somebody writes; the other pages of that ticket are told to look.
"""

import asyncio
import json

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from staff import seen
from staff.models import User
from staff.sight import visible_teams
from tickets import viewers
from tickets.models import Ticket

LONGEST = 200  # characters of what a page may say


class LiveConsumer(AsyncJsonWebsocketConsumer):
    watched: int | None = None  # the ticket that this page shows
    open_page: asyncio.Task | None = None

    async def connect(self):
        user = self.scope["user"]
        if not user.is_authenticated:
            # A browser learns a close code only of a connection that was open.
            await self.accept()
            await self.close(code=4401)
            return
        teams = await database_sync_to_async(lambda: list(visible_teams(user).values_list("pk", flat=True)))()
        self.groups_joined = [f"user.{user.pk}", *(f"team.{pk}" for pk in teams)]
        for group in self.groups_joined:
            await self.channel_layer.group_add(group, self.channel_name)
        await self.accept()
        self.open_page = asyncio.create_task(self._stay_seen(user.pk))

    async def _stay_seen(self, user_id: int) -> None:
        """Says every minute that this page is open, so that its reader counts as being here."""
        while True:
            await database_sync_to_async(seen.note)(user_id)
            await asyncio.sleep(seen.NOTED_EVERY)

    async def disconnect(self, code):
        if self.open_page is not None:
            self.open_page.cancel()
        await self._leave()
        for group in getattr(self, "groups_joined", []):
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive(self, text_data=None, bytes_data=None, **kwargs):
        """{"watch": 5, "writing": true} while ticket 5 is open, {"watch": null} when it is not; all else is dropped."""
        if not text_data or len(text_data) > LONGEST or not hasattr(self, "groups_joined"):
            return
        try:
            said = json.loads(text_data)
        except ValueError:
            return
        if not isinstance(said, dict) or "watch" not in said:
            return
        ticket = said["watch"]
        if ticket != self.watched:
            await self._leave()
        if type(ticket) is int and 0 < ticket < 2**63:
            await self._stay(ticket, writing=said.get("writing") is True)

    async def _stay(self, ticket: int, *, writing: bool) -> None:
        if not await database_sync_to_async(_sees)(self.scope["user"].pk, ticket):
            await self._leave()
            return
        if self.watched is None:
            self.watched = ticket
            await self.channel_layer.group_add(f"viewers.{ticket}", self.channel_name)
        user_id, page = self.scope["user"].pk, self.channel_name
        if await database_sync_to_async(viewers.stay)(ticket, user_id, page, writing=writing):
            await self._tell(ticket)

    async def _leave(self) -> None:
        if self.watched is None:
            return
        ticket, self.watched = self.watched, None
        await self.channel_layer.group_discard(f"viewers.{ticket}", self.channel_name)
        if await database_sync_to_async(viewers.leave)(ticket, self.channel_name):
            await self._tell(ticket)

    async def _tell(self, ticket: int) -> None:
        message = {"type": "changed", "topic": f"viewers-{ticket}"}
        await self.channel_layer.group_send(f"viewers.{ticket}", message)

    async def changed(self, message):
        """One change; ids only, so that the page asks the server for what it may see."""
        await self.send_json({key: value for key, value in message.items() if key != "type"})


def _sees(user_id: int, ticket: int) -> bool:
    """Asked anew each time: teams and rights change while a page stays open."""
    user = User.objects.filter(pk=user_id).first()
    return user is not None and Ticket.objects.visible_to(user).filter(pk=ticket).exists()
