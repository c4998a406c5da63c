"""A station that starts with devices missing: ready all the same, service refused by name, the cloud told."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import pytest

from firmware_py.core.effects import Answer
from firmware_py.core.events import Action, Operator
from firmware_py.core.packml import PackML
from hal.config.loader import load_station
from hal.config.station import UnitsDevice
from hal.contract import StationState
from sim.campaigns.virtual import VirtualStation, virtual_station
from sim.faults import inject
from tests.unit.shell.fakes import virtual
from tests.unit.shell.test_answers import until

STATION = load_station("choco-14")
UNITS = {name: d.units for name, d in STATION.config.devices.items() if isinstance(d, UnitsDevice)}
HALF = tuple(UNITS)[::2]
READY_S = 15.0


def start(missing: Iterable[str], play: Callable[[VirtualStation, list[str]], Awaitable[None]]) -> None:
    """A station whose named devices never answer; `play` gets what the service manager was told, once it is ready."""

    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            told: list[str] = []
            running.controller.host.notifier.ready = lambda text="": told.append(text) or True  # type: ignore[method-assign,func-returns-value]
            for name in missing:
                for unit in UNITS[name]:
                    running.emulators.units[unit].fault.silent = True
            async with asyncio.timeout(READY_S):
                await running.controller.ready.wait()
            await play(running, told)

    virtual(main())


def lost(running: VirtualStation) -> list[str]:
    return sorted(f.device for f in running.controller.state.faults if f.code.value == "LINK_LOST")


async def refused(running: VirtualStation, names: Iterable[str]) -> None:
    """Reset fails and an order is refused, both by the names of what is missing."""
    told = await running.controller.operate(Operator(Action.RESET, "tester"))
    assert told.answer is Answer.ACCEPTED
    await until(running, PackML.STOPPED)
    last = running.controller.operators.last
    assert last is not None
    assert last.answer is Answer.FAILED
    running.order("order-1")
    await asyncio.sleep(0.5)
    (said,) = [line for line in running.trace if running.topics.order_reply in line]
    assert '"refused"' in said
    for name in names:
        assert f"{name}: no fresh reading" in last.reason or f"{name}." in last.reason, last.reason
        assert f"LINK_LOST {name}" in said


def heard(running: VirtualStation, names: Iterable[str]) -> None:
    """The cloud has an alarm per device and a state that names it."""
    states = [line.split(" ", 2)[2] for line in running.trace if f" {running.topics.station} " in line]
    codes = StationState.model_validate_json(states[-1]).values.fault_codes
    for name in names:
        assert any(f" {running.topics.alarm('LINK_LOST', name)} " in line for line in running.trace)
        assert f"LINK_LOST/{name}" in codes
    assert any('"state":"online"' in line for line in running.trace)


REFUSING = ("lift", "locks", "shuttle", "stacker", "platform", "safety")


@pytest.mark.parametrize("name", UNITS)
def test_with_one_device_missing_it_is_ready_and_refuses_service_by_name(name: str) -> None:
    async def play(running: VirtualStation, told: list[str]) -> None:
        assert [text.split()[0].strip(",:") for text in told] == ["Stopped"], "once"
        assert lost(running) == [name]
        if name in REFUSING:
            await refused(running, [name])
        await asyncio.sleep(0.5)
        heard(running, [name])

    start([name], play)


def test_with_half_of_the_devices_missing_all_of_them_are_named() -> None:
    async def play(running: VirtualStation, told: list[str]) -> None:
        assert len(told) == 1
        assert lost(running) == sorted(HALF)
        await refused(running, [n for n in HALF if n in REFUSING])
        heard(running, HALF)

    start(HALF, play)


def test_with_nobody_there_it_is_ready_too() -> None:
    async def play(running: VirtualStation, told: list[str]) -> None:
        assert len(told) == 1
        assert lost(running) == sorted(UNITS)

    start(UNITS, play)


def test_what_comes_later_clears_its_fault_and_the_station_serves() -> None:
    async def play(running: VirtualStation, told: list[str]) -> None:
        for unit in UNITS["stacker"]:
            running.emulators.units[unit].fault.silent = False
        async with asyncio.timeout(30):
            while running.controller.state.faults:
                await asyncio.sleep(0.1)
            await running.controller.operate(Operator(Action.RESET, "tester"))
            await until(running, PackML.IDLE)
        assert len(told) == 1, "told once"

    start(["stacker"], play)


def test_it_is_not_ready_before_each_device_has_answered_or_was_given_up() -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            for unit in UNITS["lift"]:
                running.emulators.units[unit].fault.silent = True
            await asyncio.sleep(0.05)
            assert not running.controller.ready.is_set()
            assert not running.controller.state.faults

    virtual(main())


@pytest.mark.parametrize("bus", [STATION.config.packs.at["buffer"].link, STATION.config.packs.at["car"].link])
def test_with_the_adapter_of_a_bus_missing_it_is_ready_and_the_bus_is_named(bus: str) -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            inject(running.rig, "adapter-unplugged", link=bus)
            async with asyncio.timeout(READY_S):
                await running.controller.ready.wait()
            await asyncio.sleep(1.0)
            assert lost(running) == [f"bus-{bus}"]
            heard(running, [f"bus-{bus}"])
            await running.controller.operate(Operator(Action.RESET, "tester"))
            await asyncio.sleep(7.0)
            running.order("order-1")
            await asyncio.sleep(0.5)
            (said,) = [line for line in running.trace if running.topics.order_reply in line]
            assert '"refused"' in said
            assert f"LINK_LOST bus-{bus}" in said

    virtual(main())
