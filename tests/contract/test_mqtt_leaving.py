"""A link is left at the very moment at which its connection breaks."""

import asyncio

import aiomqtt

from hal.ports import LinkState
from sim.broker.core import BrokerCore
from sim.broker.server import serve_broker
from tests.contract.mqtt_rig import tcp_link

LIMIT_S = 5.0


async def test_leaving_wins_over_an_error_that_comes_with_it() -> None:
    async with serve_broker(BrokerCore()) as broker, asyncio.timeout(LIMIT_S):
        ready = asyncio.Event()
        link = tcp_link(broker.port, will=None)
        link.on_state(lambda state: ready.set() if state is LinkState.READY else None)
        async with link:
            await ready.wait()
            assert link._connection is not None
            link._connection.give_up(aiomqtt.MqttError("broken"))
    assert link.state is LinkState.DISCONNECTED
