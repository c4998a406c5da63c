"""Fixtures of the contracts: brokers, and what carries an MQTT link to one."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from sim.broker.packets import V5, V311
from tests.contract.brokers import AnyBroker, Mosquitto, OurBroker
from tests.contract.mqtt_client import Clients
from tests.contract.mqtt_rig import Carrier, Memory, OurCarrier, Tcp


@pytest.fixture
async def our_broker() -> AsyncIterator[OurBroker]:
    broker = OurBroker()
    await broker.start()
    yield broker
    await broker.stop()


@pytest.fixture
async def mosquitto(needs_program: Callable[[str], Path], tmp_path: Path) -> AsyncIterator[Mosquitto]:
    broker = Mosquitto(needs_program("mosquitto"), tmp_path)
    await broker.start()
    yield broker
    await broker.stop()


@pytest.fixture(params=["our_broker", "mosquitto"])
def broker(request: pytest.FixtureRequest) -> AnyBroker:
    """Each test runs against both brokers."""
    found: AnyBroker = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["our_broker", "mosquitto", "memory"])
def carrier(request: pytest.FixtureRequest) -> Carrier:
    return Memory() if request.param == "memory" else Tcp(request.getfixturevalue(request.param))


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as entered:
        yield entered


@pytest.fixture(params=["our_broker", "memory"])
def ours(request: pytest.FixtureRequest) -> OurCarrier:
    return OurCarrier(Memory() if request.param == "memory" else Tcp(request.getfixturevalue(request.param)))


@pytest.fixture(params=[V311, V5], ids=["v311", "v5"])
def version(request: pytest.FixtureRequest) -> int:
    found: int = request.param
    return found


@pytest.fixture
async def clients(broker: AnyBroker, version: int) -> AsyncIterator[Clients]:
    opened = Clients(broker.port, version)
    yield opened
    opened.end()
