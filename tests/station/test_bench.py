"""A bench: two packs on channels of their own and one charger. It shows readings and gives no service."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware_py.core.effects import Act, Answer
from firmware_py.core.events import Action, Operator
from firmware_py.core.packml import PackML
from firmware_py.shell.journal import Query
from hal.commands import EnableCharger, SetCharger
from hal.config.loader import load_station
from hal.errors import ConfigError
from hal.ports import Frame
from hal.readings import PackReading
from sim.campaigns.virtual import VirtualStation, virtual_station
from sim.emulators import PackEmulator
from sim.faults import inject
from sim.vloop import run_virtual

CONFIG = Path(__file__).resolve().parents[2] / "config"
BENCH = load_station("bench-2", roots=(CONFIG,))
WITHOUT = "this is a bench without lift, locks, shuttle, stacker, platform, safety, car"
NO_SERVICE = "it gives no service"
LIMIT_S = 20.0


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not reached():
            await asyncio.sleep(0.05)


async def shown(running: VirtualStation) -> None:
    """Both packs have spoken."""
    observer = running.controller.observer
    await until(lambda: len(observer.image.packs) == 2 and all(p.soc_pct is not None for p in observer.image.packs))


def test_both_packs_and_the_charger_are_seen_and_the_station_stays_stopped() -> None:
    async def main() -> None:
        async with virtual_station(BENCH, 1) as running:
            await running.controller.ready.wait()
            await shown(running)
            await asyncio.sleep(10.0)
            image = running.controller.observer.image
            pylontech, rec = image.packs
            # full packs of 90 %: 48 V by 0.95 + 0.1 * 0.9
            assert (pylontech.soc_pct, pylontech.soh_pct, pylontech.voltage_v) == (90, 97, pytest.approx(49.92))
            assert (pylontech.maker, pylontech.charge_limit_v, pylontech.charge_allowed) == ("PYLON", 53.2, True)
            assert (rec.soc_pct, rec.charge_limit_a, rec.charge_allowed, rec.maker) == (90, 200, None, None)
            for pack in image.packs:
                assert (pack.serial, pack.fault_bits, pack.contactors_open, pack.temp_degc) == (None, 0, None, 25.0)
            assert (image.charger(1).enabled, image.charger(2).enabled) == (False, None)
            assert running.controller.state.packml is PackML.STOPPED
            assert running.controller.state.faults == ()

    run_virtual(main(), 1)


def test_a_pack_of_another_maker_is_a_wrong_device_and_the_right_one_takes_the_fault_away() -> None:
    async def main() -> None:
        async with virtual_station(BENCH, 1) as running:
            await shown(running)
            node = running.emulators.nodes["bay-1"]
            node.maker = "OTHER"
            node.world.touch()
            await until(lambda: bool(running.controller.state.faults))
            (fault,) = running.controller.state.faults
            assert (fault.code, fault.device) == ("DEVICE_IDENTITY_WRONG", "bay-1")
            await until(lambda: running.controller.observer.image.packs[0].soc_pct is None)
            node.maker = None
            node.world.touch()
            await until(lambda: not running.controller.state.faults)
            await until(lambda: running.controller.observer.image.packs[0].soc_pct == 90)

    run_virtual(main(), 1)


def test_neither_an_order_nor_a_reset_is_taken_and_the_reason_names_what_is_missing() -> None:
    async def main() -> None:
        async with virtual_station(BENCH, 1) as running:
            await shown(running)
            told = await running.controller.operate(Operator(Action.RESET, "test"))
            assert told.answer is Answer.REFUSED
            assert told.reason.startswith(WITHOUT)
            assert told.reason.endswith(NO_SERVICE)
            running.sender.order("order-1", "LNAUTS0A0PX000001", "aion-ut")
            await until(lambda: any(running.topics.order_reply in line for line in running.trace))
            reply = next(line for line in running.trace if running.topics.order_reply in line)
            assert WITHOUT in reply
            assert '"refused"' in reply
            assert running.controller.state.packml is PackML.STOPPED

    run_virtual(main(), 1)


def test_one_pack_that_falls_silent_says_nothing_of_the_other() -> None:
    async def main() -> None:
        async with virtual_station(BENCH, 1) as running:
            await shown(running)
            inject(running.rig, "pack-silent", place="bay-1")
            await until(lambda: running.controller.observer.image.packs[0] == PackReading())
            assert running.controller.observer.image.packs[1].soc_pct == 90

    run_virtual(main(), 1)


def test_no_charger_delivers_to_a_pack_that_does_not_say_who_it_is() -> None:
    async def main() -> None:
        async with virtual_station(BENCH, 1) as running:
            await shown(running)
            for command in (SetCharger(1, 53.2, 20.0), EnableCharger(1, on=True)):
                running.controller.effector.act(Act("", command))
            await asyncio.sleep(1.0)
            rows = await running.journal.rows(Query(kind="outcome"))
            assert [entry.row.body["result"] for entry in rows] == ["refused", "refused"]
            assert running.emulators.chargers["bay-1"].on is False

    run_virtual(main(), 1)


def test_a_pack_that_speaks_hears_the_station_every_second_and_a_silent_one_nothing() -> None:
    async def main() -> None:
        async with virtual_station(BENCH, 1) as running:
            heard: dict[str, list[Frame]] = {"bay-1": [], "bay-2": []}
            for place, frames in heard.items():
                listening(running.emulators.nodes[place], frames)
            inject(running.rig, "pack-silent", place="bay-2")
            await asyncio.sleep(10.0)
            assert set(heard["bay-1"]) == {Frame(0x305, bytes(8), extended=False)}
            assert 8 <= len(heard["bay-1"]) <= 10
            assert heard["bay-2"] == []

    run_virtual(main(), 1)


def listening(node: PackEmulator, frames: list[Frame]) -> None:
    """Note what this pack hears."""
    node.on_frame = lambda frame, _now: frames.append(frame)  # type: ignore[method-assign]


def test_leaving_stops_what_is_there() -> None:
    async def main() -> None:
        async with virtual_station(BENCH, 1) as running:
            await shown(running)
            await running.controller.shutdown()
            await running.controller.effector.stops_sent()

    run_virtual(main(), 1)


def edited(tmp_path: Path, *pairs: tuple[str, str]) -> Path:
    text = (CONFIG / "stations/bench-2.toml").read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    path = tmp_path / "bench.toml"
    path.write_text(text, encoding="utf-8")
    return path


def keys(path: Path) -> set[str]:
    with pytest.raises(ConfigError) as caught:
        load_station(str(path), roots=(CONFIG,))
    return {mistake.key for mistake in caught.value.mistakes}


def test_only_a_bench_may_lack_devices_cars_and_sections(tmp_path: Path) -> None:
    """Named each by its own place: nothing that a station needs is passed over in silence."""
    found = keys(edited(tmp_path, ("bench = true", "bench = false")))
    assert {"station.like", "devices", "units", "places", "process", "plant", "profile", "limits", "retries"} <= found


def test_a_station_is_no_bench_by_lacking_something(tmp_path: Path) -> None:
    text = (CONFIG / "stations/choco-14.toml").read_text(encoding="utf-8")
    path = tmp_path / "station.toml"
    path.write_text(text.replace("lock_points = 10\n", "").replace('vehicles = ["aion-ut"]\n', ""), encoding="utf-8")
    assert {"station.lock_points", "station.vehicles"} <= keys(path)


def test_a_bench_is_like_a_station_that_there_is(tmp_path: Path) -> None:
    assert "station.like" in keys(edited(tmp_path, ('like = "choco-14"', 'like = "choco-41"')))
    assert {"process", "plant"} <= keys(edited(tmp_path, ('like = "choco-14" ', "")))


def test_its_own_section_goes_before_the_one_that_is_lent(tmp_path: Path) -> None:
    own = "[freshness]\nperiods = 3\nlost_after = 4\nprobe_s = 1.0\npack_s = 5.0\ncar_s = 0.5\n\n[cloud]"
    station = load_station(str(edited(tmp_path, ("[cloud]", own))), roots=(CONFIG,))
    assert (station.config.freshness.pack_s, BENCH.config.freshness.pack_s) == (5.0, 3.0)
    assert station.hash != BENCH.hash


def test_fixed_ids_of_two_packs_do_not_share_a_channel(tmp_path: Path) -> None:
    assert "packs.at.bay-2" in keys(edited(tmp_path, ('link = "rec"', 'link = "pylontech"')))


def test_a_charger_at_our_own_address_or_with_the_ids_of_another_is_named(tmp_path: Path) -> None:
    assert "chargers.bay-1.address" in keys(edited(tmp_path, ("address = 0,", "address = 0xF0,")))
    assert "chargers.bay-1.address" in keys(edited(tmp_path, ("address = 0,", "address = 256,")))
    assert "chargers.bay-3" in keys(
        edited(
            tmp_path, ("[cloud]", "[chargers.bay-3]\nlink = 'charger'\naddress = 1\ntype = 'infypower-reg'\n[cloud]")
        )
    )
    assert "chargers.bay-2" in keys(
        edited(
            tmp_path, ("[cloud]", "[chargers.bay-2]\nlink = 'charger'\naddress = 0\ntype = 'infypower-reg'\n[cloud]")
        )
    )
