"""A bay at work in a running station: connectors mate, the charger fills the pack, and nothing parts under current."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

from firmware_py.core.effects import Act
from firmware_py.core.image import Image
from firmware_py.shell.journal import Query
from hal.commands import Command, Connector, DriveConnector, EnableCharger, SetCharger
from hal.config.loader import load_station
from sim.campaigns.virtual import VirtualStation, virtual_station
from sim.faults import inject
from sim.vloop import run_virtual
from sim.world import World

STATION = load_station("choco-14")
BAY = 3
LIMIT_S = 30.0


async def until(running: VirtualStation, seen: Callable[[Image], object]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not seen(running.controller.observer.image):
            await asyncio.sleep(0.05)


async def outcome(running: VirtualStation, command: Command) -> tuple[str, str]:
    """What became of a command of the core."""
    before = len(await running.journal.rows(Query(kind="outcome")))
    running.controller.effector.act(Act("", command))
    async with asyncio.timeout(LIMIT_S):
        while True:
            await asyncio.sleep(0.05)
            rows = await running.journal.rows(Query(kind="outcome"))
            if len(rows) > before:
                return str(rows[-1].row.body["result"]), str(rows[-1].row.body["why"])


def at_bay(act: Callable[[VirtualStation], Awaitable[None]]) -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            await running.controller.ready.wait()
            await until(running, lambda i: i.bay(BAY).serial and i.charger(BAY).enabled is False)
            async with asyncio.TaskGroup() as group:
                feeder = group.create_task(release(running.world))
                await until(running, lambda i: i.safety.drives_enabled)
                await act(running)
                feeder.cancel()
            assert running.world.referee.breaches == []

    run_virtual(main(), 1)


async def release(world: World) -> None:
    """Feeds the safety PLC as a controller in motion does: here nothing but the rack is at work."""
    world.safety.set_run_enable(True)
    for count in itertools.count(1):
        world.advance(asyncio.get_running_loop().time())
        world.safety.beat(count)
        await asyncio.sleep(0.1)


async def connect(running: VirtualStation) -> None:
    for connector in (Connector.POWER, Connector.COOLANT):
        assert await outcome(running, DriveConnector(BAY, connector, out=True)) == ("sent", "")
        rows = {Connector.POWER: "power_mated", Connector.COOLANT: "coolant_mated"}
        await until(running, lambda i, row=rows[connector]: getattr(i.rack, row)[BAY - 1])


def test_a_pack_is_connected_charged_and_parted_again() -> None:
    async def act(running: VirtualStation) -> None:
        pack = running.world.packs.at[f"bay-{BAY}"]
        pack.soc_pct = 50.0
        await connect(running)
        assert (await outcome(running, SetCharger(BAY, 420.0, 60.0)))[0] == "sent"
        assert (await outcome(running, EnableCharger(BAY, on=True)))[0] == "sent"
        await until(running, lambda i: (i.charger(BAY).output_a or 0.0) > 59.0)
        await until(running, lambda i: (i.bay(BAY).current_a or 0.0) > 59.0 and i.bay(BAY).contactors_open is False)
        await asyncio.sleep(120.0)
        image = running.controller.observer.image
        assert (image.bay(BAY).soc_pct or 0.0) > 51.0
        assert (image.meter.power_w or 0.0) > 6000.0 + 60.0 * 380.0
        assert (image.insulation.link_v or 0.0) > 300.0
        refused, why = await outcome(running, DriveConnector(BAY, Connector.POWER, out=False))
        assert (refused, "charger-off" in why) == ("refused", True)
        assert (await outcome(running, EnableCharger(BAY, on=False)))[0] == "sent"
        await until(running, lambda i: i.charger(BAY).output_v is not None and i.charger(BAY).output_v < 60.0)
        await until(running, lambda i: abs(i.charger(BAY).output_a or 0.0) < 1.0)
        for connector in (Connector.COOLANT, Connector.POWER):
            assert await outcome(running, DriveConnector(BAY, connector, out=False)) == ("sent", "")
            rows = {Connector.POWER: "power_home", Connector.COOLANT: "coolant_home"}
            await until(running, lambda i, row=rows[connector]: getattr(i.rack, row)[BAY - 1])

    at_bay(act)


def test_a_charger_gives_nothing_to_a_pack_whose_connector_is_home() -> None:
    async def act(running: VirtualStation) -> None:
        refused, why = await outcome(running, EnableCharger(BAY, on=True))
        assert (refused, "power_mated" in why) == ("refused", True)
        assert running.world.rack.fed == []

    at_bay(act)


def test_a_connector_that_sticks_is_seen_neither_home_nor_mated() -> None:
    async def act(running: VirtualStation) -> None:
        assert await outcome(running, DriveConnector(BAY, Connector.POWER, out=True)) == ("sent", "")
        await asyncio.sleep(1.0)
        inject(running.rig, "connector-stuck", bay=BAY, connector="power")
        await asyncio.sleep(10.0)
        rack = running.controller.observer.image.rack
        assert rack.power_mated is not None
        assert rack.power_home is not None
        assert (rack.power_mated[BAY - 1], rack.power_home[BAY - 1]) == (False, False)

    at_bay(act)


def test_without_the_grid_a_charger_is_off_and_the_supply_says_so() -> None:
    async def act(running: VirtualStation) -> None:
        await connect(running)
        await outcome(running, SetCharger(BAY, 420.0, 60.0))
        await outcome(running, EnableCharger(BAY, on=True))
        await until(running, lambda i: (i.charger(BAY).output_a or 0.0) > 59.0)
        inject(running.rig, "mains-lost")
        await until(running, lambda i: i.ups.on_mains is False and i.charger(BAY).enabled is False)
        await until(running, lambda i: i.meter.power_w == 0.0 and abs(i.bay(BAY).current_a or 0.0) < 1.0)

    at_bay(act)
