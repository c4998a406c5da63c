"""Every pack, vehicle and charger file of the tree, found by its presence: emulated on a bus, heard and commanded."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import fields

import pytest

from hal.codecs.frames import CarCodec, PackCodec
from hal.codecs.module import ModuleCodec
from hal.commands import CarMode, EnableCharger, SetCharger
from hal.devices.bus_nodes import CarNode, PackNode
from hal.devices.charger import ChargerNode
from hal.readings import CarReading, PackReading
from sim.emulators import PackEmulator
from sim.emulators.can import CanEmulator
from sim.emulators.charger import ChargerEmulator
from sim.emulators.nodes import CarEmulator
from sim.reach.can_hub import CanHub
from sim.reach.hub_timer import HubTimer
from sim.reach.memory_can import MemoryCanLink
from sim.vloop import run_virtual
from sim.world import Plant, World
from sim.world.car import Stage
from sim.world.plant import PackKind
from tests.devices.test_config_files import names, vehicle_file
from tests.golden.can_frames import pack_file
from tests.golden.test_infypower import charger_file

STALE_S = 3.0
BAY = "bay-1"
CELL_V = 3.2
SAY_ALL_S = 8.0
"""By then a sender has said all that it says, its serial number in parts too."""
Story = Callable[[MemoryCanLink, World], Coroutine[None, None, None]]


def on_bus(plant: Plant, sender: Callable[[World], CanEmulator | ChargerEmulator], story: Story) -> None:
    """One sender and one listener, in virtual time."""

    async def main() -> None:
        clock = asyncio.get_running_loop().time
        world = World(plant, seed=1, start=clock())
        hub = CanHub([sender(world)])
        with HubTimer(hub), MemoryCanLink(hub, clock) as link:
            await story(link, world)

    run_virtual(main())


def unknown(reading: object) -> set[str]:
    return {field.name for field in fields(reading) if getattr(reading, field.name) is None}  # type: ignore[arg-type]


@pytest.mark.parametrize("name", names("packs"))
def test_every_pack_is_heard_and_is_unknown_when_it_is_gone(name: str) -> None:
    """All that it does not tell stands in its file as absent."""
    kind = pack_file(name)
    node_id = {"low-byte": 7, "offset": 7, "none": 0}[kind.can.node_in]
    volts = kind.pack.voltage_nominal_v
    plant = Plant(pack_kinds=(PackKind(name, kind.pack.mass_kg, volts, round(volts / CELL_V)),))

    def sender(world: World) -> CanEmulator:
        world.packs.take(BAY)
        world.packs.put(BAY, world.new_pack(name, soc_pct=62.0))
        return PackEmulator(world, {name: kind}, node_id, lambda: world.packs.at.get(BAY), False, None, 0.0, 1)

    async def story(link: MemoryCanLink, world: World) -> None:
        clock = asyncio.get_running_loop().time
        node = PackNode(PackCodec(kind, node_id), clock, STALE_S)
        link.subscribe(lambda batch: [node.take(frame) for frame in batch] and None)
        await asyncio.sleep(SAY_ALL_S)
        seen = node.reading(clock())
        assert unknown(seen) - {"maker"} == kind.can.absent.keys() - {"maker"}
        assert seen.soc_pct == pytest.approx(62.0)
        assert node.wrong == ""
        world.packs.take(BAY)
        await asyncio.sleep(STALE_S + 2.0)
        assert node.reading(clock()) == PackReading()

    on_bus(plant, sender, story)


@pytest.mark.parametrize("name", names("vehicles"))
def test_every_car_is_heard_obeys_a_request_and_is_unknown_when_it_is_gone(name: str) -> None:
    kind = vehicle_file(name)

    def sender(world: World) -> CanEmulator:
        car = world.queue_car()
        world.cars.queue.clear()
        world.cars.lane, car.stage, car.in_park, car.standing = car, Stage.STANDING, True, True
        return CarEmulator(world, kind, None)

    async def story(link: MemoryCanLink, world: World) -> None:
        clock = asyncio.get_running_loop().time
        node = CarNode(CarCodec(kind), link, clock, STALE_S)
        link.subscribe(lambda batch: [node.take(frame) for frame in batch] and None)
        await asyncio.sleep(SAY_ALL_S)
        seen = node.reading(clock())
        assert (seen.vin, seen.in_park, seen.swap_mode) == ("LNAUTS0A0PX000001", True, False)
        assert unknown(seen) <= {"pack_serial", *kind.can.absent}
        await node.request(CarMode.SWAP)
        await asyncio.sleep(SAY_ALL_S)
        seen = node.reading(clock())
        assert (seen.swap_mode, seen.hv_off) == (True, True)
        world.cars.lane = None
        await asyncio.sleep(STALE_S + 2.0)
        assert node.reading(clock()) == CarReading()

    on_bus(Plant(), sender, story)


@pytest.mark.parametrize("name", names("chargers"))
def test_every_charger_tells_delivers_and_is_switched_off(name: str) -> None:
    kind = charger_file(name)

    def sender(world: World) -> ChargerEmulator:
        return ChargerEmulator(world, ModuleCodec(kind, 5), lambda: world.packs.at.get(BAY))

    async def story(link: MemoryCanLink, world: World) -> None:
        clock = asyncio.get_running_loop().time
        node = ChargerNode("charger-1", ModuleCodec(kind, 5), link, clock, 3 * kind.charger.every_s + 1.0)
        link.subscribe(lambda batch: [node.take(frame) for frame in batch] and None)

        async def after(seconds: float) -> tuple[bool | None, float]:
            await asyncio.sleep(seconds)
            await node.poll()
            seen = node.reading(clock())
            return seen.enabled, round(seen.output_a or 0.0, 1)

        pack = world.packs.at[BAY]
        assert await after(0.0) == (False, 0.0)
        await node.do(SetCharger(1, pack.voltage_v + 10.0, 20.0))
        await node.do(EnableCharger(1, on=True))
        assert [await after(1.0) for _ in range(3)][-1] == (True, 20.0)
        await node.do(EnableCharger(1, on=False))
        assert [await after(1.0) for _ in range(3)][-1] == (False, 0.0)

    on_bus(Plant(), sender, story)


def test_there_are_files_of_each_kind() -> None:
    assert len(names("packs")) >= 6
    assert len(names("vehicles")) >= 3
    assert names("chargers")
