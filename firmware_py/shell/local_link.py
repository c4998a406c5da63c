"""A station's messages by its own socket, without any broker: what `watch` hears on the machine of the station."""

import asyncio
from pathlib import Path
from typing import Final

from firmware_py.shell.line_client import NobodyListens, hear
from firmware_py.shell.roles import WATCH
from hal.links.mqtt_base import MqttBase
from hal.ports import LinkState, Message

INBOX: Final = 10_000
SILENT_S: Final = 5.0
"""A station says every second that it is there: see `watching`."""
AGAIN_S: Final = 1.0


class LocalLink(MqttBase):
    """Hears all that the station says, whatever is subscribed to; a station that comes back is heard again."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), INBOX)
        self._path = path

    async def _run(self) -> None:
        while True:
            self._change(LinkState.CONNECTING)
            try:
                await self._hear()
            except (NobodyListens, TimeoutError, PermissionError) as error:
                self.error = str(error)
            self._change(LinkState.DISCONNECTED)
            await asyncio.sleep(AGAIN_S)

    async def _hear(self) -> None:
        """Until the station ends it. Raises `NobodyListens`, TimeoutError, and PermissionError for a refusal."""
        async for said in hear(self._path, {"action": WATCH}, SILENT_S):
            if not said["ok"]:
                raise PermissionError(said["error"])
            self._change(LinkState.READY)
            if "topic" in said:
                self._arrived(Message(said["topic"], said["payload"].encode(), retain=said["retain"]))

    def _added(self, topic_filter: str) -> None:
        """Everything comes anyway."""
