"""Cars that come by themselves, each ordered for when the station is idle."""

import asyncio
import json
from typing import Final

from firmware_py.core.packml import PackML
from hal.ports import Message
from sim.campaigns.serve import Served

RETRY_S: Final = 5.0
"""A refused order is tried again after this time, while its car still waits."""


class Demand:
    """Knows the station as the cloud knows it: by its retained state and its answers."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._idle = asyncio.Event()
        self._waiting = asyncio.Event()
        core = served.broker.core
        core.subscribe_local(served.topics.station, self._state)
        core.subscribe_local(served.topics.order_reply, self._reply)

    async def arrive(self, cars: int, every_s: float) -> None:
        """`cars` cars arrive, one each `every_s` seconds, the first at once."""
        for number in range(cars):
            if number:
                await asyncio.sleep(every_s)
            self._served.car()
            self._waiting.set()

    async def order(self) -> None:
        """Order for the first car that waits whenever the station is idle, for ever."""
        while True:
            await self._waiting.wait()
            await self._idle.wait()
            if self._served.world.cars.queue:
                self._idle.clear()
                self._served.order()
            else:
                self._waiting.clear()

    def _state(self, message: Message) -> None:
        if json.loads(message.payload)["values"]["packml"] == PackML.IDLE.value:
            self._idle.set()
        else:
            self._idle.clear()

    def _reply(self, message: Message) -> None:
        if json.loads(message.payload)["values"]["answer"] == "refused":
            asyncio.get_running_loop().call_later(RETRY_S, self._idle.set)
