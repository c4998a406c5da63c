"""The devices around the swap in a running station: seen, commanded, and each of their faults read as what it is."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from firmware_py.core.effects import Act
from firmware_py.core.faults import FaultCode
from firmware_py.core.image import Image
from hal.commands import Command, DriverText, Extract, Lamp, Signal
from hal.config.loader import load_station
from hal.readings import CodeReading, InsulationState
from sim.campaigns.virtual import VirtualStation, virtual_station
from sim.faults import clear, inject
from sim.vloop import run_virtual

STATION = load_station("choco-14")
LIMIT_S = 60.0
CALM_S = 5.0
"""By then every one of them was read several times."""

Seen = Callable[[Image], bool]


def image(running: VirtualStation) -> Image:
    return running.controller.observer.image


async def until(running: VirtualStation, seen: Seen) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not seen(image(running)):
            await asyncio.sleep(0.05)


def on_station(act: Callable[[VirtualStation], object]) -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            await running.controller.ready.wait()
            await asyncio.sleep(CALM_S)
            await act(running)  # type: ignore[misc]

    run_virtual(main(), 1)


def test_every_device_is_read_while_nothing_happens() -> None:
    async def act(running: VirtualStation) -> None:
        seen = image(running)
        assert seen.hoist.columns_mm == pytest.approx((0.0,) * 4, abs=0.05)
        assert seen.hoist.catch_engaged is False
        assert (seen.vision.x_mm, seen.vision.seat_clear) == (None, None)
        assert seen.vision.at_s > 0
        assert seen.scanner.code is None
        assert seen.scanner.at_s > 0
        assert seen.rack.power_home == (True,) * 14
        assert seen.rack.coolant_mated == (False,) * 14
        assert seen.fire.smoke == seen.fire.gas == (False, False)
        assert (seen.fire.panel_ok, seen.fire.extraction_on) == (True, False)
        assert (seen.signals.lamp, seen.signals.text) == (Lamp.OFF, DriverText.NONE)
        assert seen.insulation.insulation_ohm == pytest.approx(5e6)
        assert seen.insulation.insulation_state is InsulationState.NONE
        assert seen.meter.power_w == pytest.approx(6000.0)
        assert seen.ups.on_mains is True
        assert seen.platform.isolation_present is False
        assert running.controller.state.faults == ()

    on_station(act)


FAULTS: list[tuple[str, Mapping[str, object], Seen]] = [
    ("gas", {"zone": 2}, lambda i: i.fire.gas == (False, True)),
    ("fire-panel-fault", {}, lambda i: i.fire.panel_ok is False),
    ("coolant-leak", {"bay": 3}, lambda i: (i.rack.coolant_leak or ())[2:4] == (True, False)),
    ("scanner-other-code", {}, lambda i: i.scanner.code is None),  # an empty buffer shows no code, whatever it says
    ("insulation-low", {"ohm": 150_000.0}, lambda i: i.insulation.insulation_state is InsulationState.ALARM),
    ("insulation-low", {"ohm": 300_000.0}, lambda i: i.insulation.insulation_state is InsulationState.WARNING),
    ("mains-lost", {}, lambda i: i.ups.on_mains is False and i.meter.power_w == 0.0 and i.meter.phase_v == (0.0,) * 3),
    ("ups-battery-bad", {}, lambda i: i.ups.battery_ok is False),
    ("pack-hot", {"place": "bay-4", "degc": 70.0}, lambda i: (i.bay(4).temp_max_degc or 0.0) > 60.0),
]


@pytest.mark.parametrize(("name", "arguments", "seen"), FAULTS, ids=[f"{n}-{k}" for k, (n, *_) in enumerate(FAULTS)])
def test_a_fault_is_read_and_gone_again(name: str, arguments: dict[str, float], seen: Seen) -> None:
    async def act(running: VirtualStation) -> None:
        before = name == "scanner-other-code" or not seen(image(running))
        assert before
        inject(running.rig, name, **arguments)
        await until(running, seen)
        clear(running.rig, name, **arguments)
        await until(running, lambda i: name == "scanner-other-code" or not seen(i))

    on_station(act)


def test_smoke_in_a_zone_is_read_there_and_opens_the_safety_chain() -> None:
    async def act(running: VirtualStation) -> None:
        inject(running.rig, "smoke", zone=1)
        await until(running, lambda i: i.fire.smoke == (True, False) and i.safety.smoke_clear is False)
        clear(running.rig, "smoke", zone=1)
        await until(running, lambda i: i.fire.smoke == (False, False) and i.safety.smoke_clear is True)
        assert image(running).safety.chain_ok is False

    on_station(act)


@pytest.mark.parametrize(
    ("command", "seen"),
    [
        (Signal(Lamp.RED, DriverText.EVACUATE), lambda i: (i.signals.lamp, i.signals.text) == ("red", "evacuate")),
        (Signal(Lamp.GREEN, DriverText.DRIVE_IN), lambda i: (i.signals.lamp, i.signals.text) == ("green", "drive_in")),
        (Extract(on=True), lambda i: i.fire.extraction_on is True),
    ],
)
def test_a_command_is_seen_done(command: Command, seen: Seen) -> None:
    async def act(running: VirtualStation) -> None:
        running.controller.effector.act(Act("", command))
        await until(running, seen)

    on_station(act)


def test_an_extraction_that_does_not_run_is_not_taken_as_running() -> None:
    async def act(running: VirtualStation) -> None:
        inject(running.rig, "extraction-stuck")
        running.controller.effector.act(Act("", Extract(on=True)))
        await asyncio.sleep(CALM_S)
        assert running.world.fire.extraction
        assert image(running).fire.extraction_on is False

    on_station(act)


SILENT = {
    "hoist_columns": ("hoist", lambda i: i.hoist.columns_mm is None),
    "position": ("vision", lambda i: i.vision.seat_clear is None),
    "rack_connectors": ("rack", lambda i: i.rack.power_home is None),
    "fire_panel": ("fire", lambda i: i.fire.smoke is None),
    "lane_signals": ("signals", lambda i: i.signals.lamp is None),
    "supply": ("ups", lambda i: i.ups.on_mains is None),
    "insulation_monitor": ("insulation", lambda i: i.insulation.insulation_ohm is None),
    "grid_meter": ("meter", lambda i: i.meter.power_w is None),
}


@pytest.mark.parametrize("unit", list(SILENT))
def test_a_device_that_falls_silent_is_unknown_and_a_fault_until_it_is_back(unit: str) -> None:
    device, unknown = SILENT[unit]

    async def act(running: VirtualStation) -> None:
        def lost(_image: Image) -> bool:
            return (FaultCode.LINK_LOST, device) in {f.key for f in running.controller.state.faults}

        inject(running.rig, "unit-silent", unit=unit)
        await until(running, lambda i: unknown(i) and lost(i))
        clear(running.rig, "unit-silent", unit=unit)
        await until(running, lambda i: not lost(i))

    on_station(act)


@pytest.mark.parametrize("unit", ["fire_panel", "rack_connectors", "hoist_columns"])
def test_a_device_that_hangs_at_its_last_answer_is_not_believed(unit: str) -> None:
    """A fire panel that says "no smoke" for ever is worse than one that is silent."""
    device, unknown = SILENT[unit]

    async def act(running: VirtualStation) -> None:
        inject(running.rig, "unit-frozen", unit=unit)
        await until(running, unknown)
        await asyncio.sleep(CALM_S)
        assert (FaultCode.LINK_LOST, device) in {f.key for f in running.controller.state.faults}

    on_station(act)


def test_a_code_reader_that_falls_silent_is_unknown_and_a_fault_until_it_is_back() -> None:
    async def act(running: VirtualStation) -> None:
        def lost(_image: Image) -> bool:
            return (FaultCode.LINK_LOST, "scanner") in {f.key for f in running.controller.state.faults}

        inject(running.rig, "link-dead", link="scanner")
        await until(running, lambda i: i.scanner == CodeReading() and lost(i))
        clear(running.rig, "link-dead", link="scanner")
        await until(running, lambda i: i.scanner.at_s > 0 and not lost(i))

    on_station(act)


def test_a_station_whose_code_reader_never_spoke_is_ready_with_a_fault() -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            inject(running.rig, "link-dead", link="scanner")
            async with asyncio.timeout(LIMIT_S):
                await running.controller.ready.wait()
            assert (FaultCode.LINK_LOST, "scanner") in {f.key for f in running.controller.state.faults}

    run_virtual(main(), 1)
