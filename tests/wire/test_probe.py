"""`probe` on real wires: who answers, who does not, and that nothing is ever written or sent."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from firmware_py.cli.probe import _lines, _told
from firmware_py.shell.asking import identity
from firmware_py.shell.line_socket import LineServer
from firmware_py.shell.probe import CANNOT_TELL, Found, Wire, probe_station
from hal.config.bundle import Station
from hal.config.device import IdentityMark
from hal.config.loader import load_station
from hal.ports import Table
from sim.campaigns.serve import Served, serve_station
from sim.emulators.protocol import ModbusReject
from sim.world.car import Stage
from tests.wire.processes import STATION, bench

FAILED, UNAVAILABLE = 1, 69
LISTEN_S = 0.8
LIMIT_S = 10.0
IMAGE = "analog_output_bits 0, analog_input_bits 0, output_bits 32, input_bits 64"
TELLS = {"platform_io": f"series 750, model 352, {IMAGE}", "insulation_monitor": "name SIMULATED"}
"""Units that can tell what they are."""


@dataclass
class Rig:
    """A simulated station and the configuration that leads to it."""

    served: Served
    station: Station
    overlay: Path

    async def probe(self, listen_s: float = LISTEN_S) -> tuple[dict[str, Wire], dict[str, Found]]:
        async with asyncio.timeout(LIMIT_S):
            wires = await probe_station(self.station, lambda _: None, listen_s)
        return {wire.name: wire for wire in wires}, {found.name: found for wire in wires for found in wire.found}


@asynccontextmanager
async def rig(folder: Path) -> AsyncIterator[Rig]:
    async with serve_station(load_station(STATION), seed=1) as served:
        overlay = folder / "links.toml"
        overlay.write_text(served.overlay)
        yield Rig(served, load_station(STATION, overlay=overlay), overlay)


async def test_everybody_answers_and_nobody_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touched: list[Any] = []
    async with rig(tmp_path) as on:
        for unit in on.served.emulators.units.values():
            monkeypatch.setattr(unit, "write", lambda *what: touched.append(what))
        assert on.served.emulators.car is not None
        monkeypatch.setattr(on.served.emulators.car, "on_frame", lambda *what: touched.append(what))
        on.served.car()
        wires, found = await on.probe()
    assert list(wires) == list(on.station.config.links)
    assert all(wire.all_answer for wire in wires.values())
    assert touched == []
    for name in on.station.units:
        assert found[name].identity == TELLS.get(name, CANNOT_TELL)
        assert 0 < (found[name].p50_s or 0) < 0.2
    heard = {name: each.identity for name, each in found.items() if name.startswith("bay-")}
    assert len(heard) == 13
    assert all(len(serial) == 24 for serial in heard.values())
    assert "not heard: bay-14, buffer" in wires["packs"].text
    assert wires["cloud"].text.startswith("connected in")
    assert "last 'NOREAD'" in wires["scanner"].text
    told = json.loads(json.dumps([_told(on.station, wire) for wire in wires.values()]))
    assert {each["device"] for wire in told for each in wire["found"] if wire["name"] == "safety"} == {
        "generic/safety-plc"
    }
    assert list(_lines(on.station, tuple(wires.values())))[-1] == "all answer"


async def test_who_does_not_answer_is_told_and_its_neighbours_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reject(code: int) -> Any:
        def read(*_: object) -> tuple[int, ...]:
            raise ModbusReject(code)

        return read

    async with rig(tmp_path) as on:
        emulators = on.served.emulators
        emulators.units["lock_tools"].fault.silent = True
        emulators.units["lift_load"].fault.silent = True
        monkeypatch.setattr(emulators.units["shuttle_rail"], "read", reject(2))
        monkeypatch.setattr(emulators.units["stacker_crane"], "read", reject(0x0B))
        for node in emulators.nodes.values():
            node.fault.silent = True
        on.served.broker.set_down(True)
        wires, found = await on.probe(listen_s=0.2)
    good = {name for name, each in found.items() if each.good}
    chargers = {f"charger-{bay}" for bay in range(1, 15)}
    assert good - chargers == {
        "lift_drive",
        "lift_switches",
        "lock_proof",
        "platform_io",
        "safety_plc",
        "hoist_columns",
        "position",
        "rack_connectors",
        "fire_panel",
        "lane_signals",
        "supply",
        "insulation_monitor",
        "grid_meter",
    }
    assert chargers - good == set()
    assert "no answer within" in found["lock_tools"].text
    assert "exception 2" in found["shuttle_rail"].text
    assert found["shuttle_rail"].p50_s is not None
    assert (found["stacker_crane"].p50_s, "exception 11" in found["stacker_crane"].text) == (None, True)
    assert {name for name, wire in wires.items() if not wire.good} == {"packs", "cloud"}
    assert "refused" in wires["cloud"].text


async def test_a_car_in_the_lane_is_heard_with_its_vin(tmp_path: Path) -> None:
    async with rig(tmp_path) as on:
        car = on.served.car()
        cars = on.served.world.cars
        cars.lane, car.stage = cars.queue.popleft(), Stage.STANDING
        wires, found = await on.probe()
    assert found["car"].identity == car.vin
    assert wires["car"].text.endswith("not heard: car-pack")


async def test_another_product_in_a_units_place_is_not_good(tmp_path: Path) -> None:
    async with rig(tmp_path) as on:
        on.served.emulators.units["platform_io"].fault.other = True
        wires, found = await on.probe()
    assert not wires["platform"].all_answer
    assert "NOT THE PRODUCT OF ITS FILE: series is 751, expected 750" in found["platform_io"].text


async def test_a_product_that_can_tell_is_named() -> None:
    class Link:
        async def read(self, unit: int, table: Table, address: int, count: int, *, timeout_s: float) -> tuple[int, ...]:
            assert (unit, table, count) == (7, Table.HOLDING, 1)
            return (750 if address == 0x2010 else 352,)

    registers = {
        "series": IdentityMark(table=Table.HOLDING, address=0x2010, expect=(750,)),
        "model": IdentityMark(table=Table.HOLDING, address=0x2012, expect=(841, 353)),
    }
    unit = SimpleNamespace(unit=7, device=SimpleNamespace(identity=registers))
    codec: Any = SimpleNamespace(unit=unit, info=SimpleNamespace(timeout_s=0.1))
    link: Any = Link()
    assert await identity(codec, link) == ("series 750, model 352", "model is 352, expected 841 or 353")
    unit.device = SimpleNamespace(identity={})
    assert await identity(codec, link) == ("", "")


async def test_it_refuses_beside_a_running_controller(tmp_path: Path) -> None:
    async def answer(_request: Any, _who: str) -> dict[str, Any]:
        return {"ok": True}

    async with bench() as on, rig(tmp_path) as there:
        words = ("probe", STATION, "--links", str(there.overlay))
        async with LineServer(on.folder / "swapstation" / STATION / "control.sock", answer):
            ended = await on.command(*words)
            assert (ended.code, "--anyway" in ended.err, ended.out) == (UNAVAILABLE, True, "")
            there.served.emulators.units["safety_plc"].fault.silent = True
            ended = await on.command(*words, "--anyway")
    lines = ended.out.splitlines()
    assert (ended.code, lines[-1]) == (FAILED, "not good: safety_plc")
    assert any(line.startswith("  ✗ safety_plc") and "generic/safety-plc" in line for line in lines)
    assert any(line.startswith("✓ locks") for line in lines)
    wires = len(there.station.config.links)
    assert f"{wires} of {wires} wires" in ended.err
