"""`read` on real wires: values of units, packs and car, with their age; what is silent, and what must not be read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from firmware_py.cli.read import lines_of, shown, unit_of
from firmware_py.shell.asking import Raw, blocks_of
from firmware_py.shell.look import Part, looks, names
from hal.codecs.registers import UnitCodec
from hal.config.bundle import Station
from hal.config.loader import load_station
from hal.ports import Table
from sim.campaigns.serve import Served, serve_station
from sim.emulators.protocol import ModbusReject
from sim.faults import inject
from tests.wire.processes import STATION, bench

OK, FAILED, USAGE = 0, 1, 64
LIMIT_S = 8.0


@dataclass
class Rig:
    """A simulated station and the configuration that leads to it."""

    served: Served
    station: Station
    overlay: Path

    async def look(self, name: str) -> dict[str, Part]:
        async with asyncio.timeout(LIMIT_S), aclosing(looks(self.station, name, 0.0)) as seen:
            return {part.name: part for part in await anext(seen)}


@asynccontextmanager
async def rig(folder: Path) -> AsyncIterator[Rig]:
    async with serve_station(load_station(STATION), seed=1) as served:
        overlay = folder / "links.toml"
        overlay.write_text(served.overlay)
        yield Rig(served, load_station(STATION, overlay=overlay), overlay)


async def test_a_device_is_read_unit_by_unit_with_the_words_behind_each_value(tmp_path: Path) -> None:
    async with rig(tmp_path) as on:
        parts = await on.look("lift")
        platform = (await on.look("platform_io"))["platform_io"]
    assert list(parts) == ["lift_drive", "lift_load", "lift_switches"]
    drive = parts["lift_drive"]
    assert (drive.values["position_mm"], drive.values["enabled"], drive.error) == (0.0, False, "")
    assert drive.raw["position_mm"] == Raw(Table.HOLDING, 0x1014, (0, 0))
    assert 0 < (drive.took_s or 0) <= (drive.age_s or 0) < 1
    assert "path_done" in drive.internal
    assert parts["lift_switches"].values["at_home"] is True
    assert platform.values["bay_present"] == (True,) * 13 + (False,)
    assert platform.values["out.rods_out"] is False


async def test_values_that_come_no_more_grow_old_in_sight(tmp_path: Path) -> None:
    async with rig(tmp_path) as on, asyncio.timeout(LIMIT_S), aclosing(looks(on.station, "locks", 0.1)) as seen:
        before = {part.name: part for part in await anext(seen)}
        on.served.emulators.units["lock_tools"].fault.silent = True
        after = {part.name: part for part in await anext(seen)}
    assert before["lock_tools"].error == ""
    assert after["lock_tools"].values == before["lock_tools"].values
    assert (after["lock_tools"].age_s or 0) > 0.1
    assert "no answer within" in after["lock_tools"].error
    assert (after["lock_proof"].error, (after["lock_proof"].age_s or 1) < 0.1) == ("", True)


async def test_a_block_that_is_refused_is_told_beside_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with rig(tmp_path) as on:
        unit = on.served.emulators.units["lift_drive"]
        whole = unit.read

        def read(table: Table, address: int, count: int, now: float) -> tuple[int, ...]:
            if address == 0x2203:
                raise ModbusReject(2)
            return whole(table, address, count, now)

        monkeypatch.setattr(unit, "read", read)
        drive = (await on.look("lift_drive"))["lift_drive"]
    assert "exception 2" in drive.error
    assert drive.values["position_mm"] == 0.0
    assert "fault_word" not in drive.values


async def test_packs_are_heard_whole_and_an_empty_bay_is_told(tmp_path: Path) -> None:
    async with rig(tmp_path) as on:
        bay = (await on.look("bay-3"))["bay-3"]
        empty = (await on.look("bay-14"))["bay-14"]
    assert len(bay.values["serial"]) == 24
    assert (bay.values["soc_pct"], bay.error) == (pytest.approx(94.5), "")
    assert (bay.age_s or 9) < 2
    assert "18A10003" in bay.raw
    assert (empty.values, empty.error, empty.optional) == ({}, "not heard", True)


def test_what_a_read_would_change_is_never_read() -> None:
    for unit in load_station(STATION).units.values():
        codec = UnitCodec(unit)
        for field in codec.fields.values():
            if field.shy and field.read is not None:
                assert not any(block.overlaps(field.read) for block in blocks_of(codec)), field.name


def test_units_stand_behind_the_values() -> None:
    names_and_units = {"position_mm": "mm", "speed_mm_s": "mm/s", "torque_nm": "N·m", "temp_max_degc": "°C"}
    assert {name: unit_of(name) for name in names_and_units} == names_and_units
    assert (unit_of("fault_word"), unit_of("cell_max_v")) == ("", "V")
    assert (shown(None), shown((True, False)), shown(1 / 3)) == ("unknown", "1 0", "0.3333333333")
    part = Part("u", "unit 1", {"load_kg": None}, {"load_kg": Raw(Table.INPUT, 0, (1, 0xFFFF))}, error="silent")
    text = "\n".join(lines_of((part,), raw=True))
    for word in ("unknown kg", "input 0x0000: 0001 FFFF", "! silent"):
        assert word in text


def test_every_name_can_be_asked_for() -> None:
    known = names(load_station(STATION))
    assert {"lift", "lift_drive", "car", "packs", "bay-14", "buffer", "car-pack"} <= set(known)
    assert len(known) == len(set(known))


async def test_a_code_reader_is_heard_with_its_line(tmp_path: Path) -> None:
    async with rig(tmp_path) as on:
        on.served.world.packs.move("bay-3", "in")
        pack = on.served.world.buffer_pack
        assert pack is not None
        part = (await on.look("scanner"))["scanner"]
    assert part.values == {"code": pack.serial}
    assert part.raw == {"line": pack.serial}
    assert (part.age_s or 0.0) < 1.0


async def test_the_command_reads_once_or_again_and_again(tmp_path: Path) -> None:
    async with bench() as on, rig(tmp_path) as there:
        words = ("read", STATION, "--links", str(there.overlay))
        once = await on.command(*words, "lift_load", "--json")
        assert (once.code, once.json["parts"][0]["values"]["load_kg"]) == (OK, {"value": 0.0, "unit": "kg"})
        wrong = await on.command(*words, "lfit")
        assert (wrong.code, "did you mean 'lift'" in wrong.err) == (USAGE, True)
        async with on.running(*words, "safety_plc", "--watch", "--every", "0.05") as watching:
            await watching.until(lambda line: "chain_ok" in line and "yes" in line, LIMIT_S)
            inject(there.served.rig, "estop")
            await watching.until(lambda line: "estop_ok" in line and " no" in line, LIMIT_S)
            assert await watching.terminate() == OK
