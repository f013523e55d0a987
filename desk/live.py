"""The live connection: one WebSocket a page, told by `core.live` what changed among what the user may see."""

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from staff.sight import visible_teams


class LiveConsumer(AsyncJsonWebsocketConsumer):
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

    async def disconnect(self, code):
        for group in getattr(self, "groups_joined", []):
            await self.channel_layer.group_discard(group, self.channel_name)

    async def changed(self, message):
        """One change; ids only, so that the page asks the server for what it may see."""
        await self.send_json({key: value for key, value in message.items() if key != "type"})
