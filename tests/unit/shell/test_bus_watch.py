"""A CAN channel that is down is a fault of its own, raised and cleared, beside the silence of who speaks on it."""

import asyncio

import pytest

from firmware_py.shell.bus_watch import BusWatch
from hal.config.loader import load_station
from sim.campaigns.virtual import VirtualStation, virtual_station
from sim.faults import clear, inject
from sim.reach.can_hub import CanHub
from sim.reach.memory_can import MemoryCanLink
from tests.unit.shell.fakes import virtual

STATION = load_station("choco-14")


def standing(running: VirtualStation) -> dict[str, str]:
    return {f.device: f.text for f in running.controller.state.faults if f.code.value == "LINK_LOST"}


@pytest.mark.parametrize(("fault", "why"), [("adapter-unplugged", "the adapter is gone"), ("can-bus-off", "bus-off")])
def test_a_channel_that_is_lost_and_found(fault: str, why: str) -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            await asyncio.sleep(10.0)
            assert standing(running) == {}
            assert running.controller.observer.image.packs[0].serial is not None
            inject(running.rig, fault, link="packs")
            await asyncio.sleep(0)
            assert standing(running) == {"bus-packs": why}
            await asyncio.sleep(10.0)
            assert running.controller.observer.image.packs[0].serial is None, "what is not heard is unknown"
            clear(running.rig, fault, link="packs")
            await asyncio.sleep(10.0)
            assert standing(running) == {}
            assert running.controller.observer.image.packs[0].serial is not None

    virtual(main())


class Crier:
    def __init__(self) -> None:
        self.told: list[str] = []

    def bus_lost(self, bus: str, why: str) -> None:
        self.told.append(f"{bus} lost: {why}")

    def bus_found(self, bus: str) -> None:
        self.told.append(f"{bus} found")


def test_told_once_each_and_only_between_start_and_stop() -> None:
    link, crier = MemoryCanLink(CanHub(), lambda: 0.0), Crier()
    watch = BusWatch("car", link, crier, lambda act: act())
    with link:
        link.set_plugged(False)
        assert crier.told == []
        watch.start()
        assert crier.told == ["bus-car lost: the adapter is gone"], "down already when it began"
        link.set_plugged(True)
        link.set_plugged(True)
        link.set_plugged(False)
        link.set_plugged(True)
        watch.stop()
    assert crier.told[1:] == ["bus-car found", "bus-car lost: the adapter is gone", "bus-car found"]
