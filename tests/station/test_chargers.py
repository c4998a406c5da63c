"""Chargers in a running station: seen by the core, commanded through gate and journal, lost and found."""

import asyncio
import json
from collections.abc import Callable
from itertools import pairwise

from firmware_py.core.effects import Act
from firmware_py.core.faults import FaultCode
from firmware_py.shell.journal import Query
from firmware_py.shell.wirelog.kinds import CanBatch
from hal.commands import Command, Connector, EnableCharger, SetCharger
from hal.config.loader import load_station
from hal.readings import ChargerReading
from sim.campaigns.virtual import VirtualStation, virtual_station
from sim.faults import clear, inject
from sim.vloop import run_virtual

STATION = load_station("choco-14")
LIMIT_S = 30.0


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not reached():
            await asyncio.sleep(0.05)


class Asked:
    """A wire log that keeps the times at which modules are asked for their output (command 3, the first)."""

    def __init__(self) -> None:
        self.at_s: dict[str, list[float]] = {}

    def put(self, entry: bytes, batch: CanBatch | None = None) -> None:
        told = json.loads(entry)
        for frame in batch.frames if batch is not None and batch.link == "chargers" and batch.sent else ():
            if frame.can_id >> 16 == 0x0283:
                self.at_s.setdefault(f"bay-{frame.can_id >> 8 & 0xFF}", []).append(told["t"])

    def longest_s(self, place: str, since_s: float) -> float:
        """The longest time between two questions."""
        times = [at_s for at_s in self.at_s[place] if at_s >= since_s]
        return max(later - earlier for earlier, later in pairwise(times))


def seen(running: VirtualStation, bay: int) -> ChargerReading:
    return running.controller.observer.image.charger(bay)


def faults(running: VirtualStation) -> set[tuple[FaultCode, str]]:
    return {fault.key for fault in running.controller.state.faults}


def mate(running: VirtualStation, bay: int) -> None:
    """Both connectors of a bay are in."""
    for connector in Connector:
        cylinder = running.world.rack.cylinders[bay, connector]
        cylinder.share, cylinder.out, cylinder.home = 1.0, True, False
    running.world.touch()


async def outcome(running: VirtualStation, command: Command) -> tuple[str, str]:
    """What became of a command of the core."""
    running.controller.effector.act(Act("", command))
    name = type(command).__name__
    async with asyncio.timeout(LIMIT_S):
        while True:
            await asyncio.sleep(0.05)
            rows = await running.journal.rows(Query(kind="outcome", newest_first=True))
            found = [entry.row.body for entry in rows if entry.row.body["command"] == name]
            if found:
                return str(found[0]["result"]), str(found[0]["why"])


def test_every_bay_shows_its_charger_off_and_the_station_is_ready_with_them() -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            await running.controller.ready.wait()
            await until(lambda: len(running.controller.observer.image.chargers) == 14)
            for bay in range(1, 15):
                reading = seen(running, bay)
                assert (reading.enabled, reading.output_v, reading.output_a, reading.fault_word) == (False, 0.0, 0.0, 0)
            await asyncio.sleep(30.0)
            assert not any(module.on for module in running.emulators.chargers.values())

    run_virtual(main(), 1)


def test_one_lost_answer_at_the_start_keeps_nobody_waiting_for_a_whole_round_of_chargers() -> None:
    """A module is asked every 3 s, or 8 s; `probe_s` is 1 s. One that was never heard is asked again at once."""

    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            inject(running.rig, "charger-silent", place="bay-1")
            await asyncio.sleep(0.1)
            clear(running.rig, "charger-silent", place="bay-1")
            async with asyncio.timeout(1.0):
                await running.controller.ready.wait()
            assert (FaultCode.LINK_LOST, "charger-1") not in faults(running)

    run_virtual(main(), 1)


def test_a_command_passes_gate_and_journal_and_reaches_the_module_of_its_bay_alone() -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            await running.controller.ready.wait()
            module = running.emulators.chargers["bay-3"]
            module.on = True
            await until(lambda: seen(running, 3).enabled is True)
            assert await outcome(running, EnableCharger(3, on=False)) == ("sent", "")
            assert module.on is False
            await until(lambda: seen(running, 3).enabled is False)
            intents = [e.row.body for e in await running.journal.rows(Query(kind="intent"))]
            assert {"row": "", "command": "EnableCharger", "bay": 3, "on": False} in intents

    run_virtual(main(), 1)


def test_what_is_on_is_asked_as_often_as_it_must_hear_us_and_what_is_off_seldom() -> None:
    """Every 3 s and every 8 s by the file. A module that is switched on between is asked often at once."""

    async def main() -> None:
        loop, asked = asyncio.get_running_loop(), Asked()
        async with virtual_station(STATION, 1, wire_log=asked) as running:
            await running.controller.ready.wait()
            mate(running, 3)
            await asyncio.sleep(41.0)
            assert 7.9 < asked.longest_s("bay-3", 5.0) < 8.2
            assert await outcome(running, SetCharger(3, 400.0, 20.0)) == ("sent", "")
            assert await outcome(running, EnableCharger(3, on=True)) == ("sent", "")
            since_s = loop.time() - 1.0
            await asyncio.sleep(30.0)
            assert running.emulators.chargers["bay-3"].on
            assert asked.longest_s("bay-3", since_s) < 3.3
            assert asked.longest_s("bay-4", since_s) > 7.9

    run_virtual(main(), 1)


def test_one_answer_that_is_lost_makes_nothing_unknown() -> None:
    async def main() -> None:
        loop, asked = asyncio.get_running_loop(), Asked()
        async with virtual_station(STATION, 1, wire_log=asked) as running:
            await until(lambda: seen(running, 5).enabled is False)
            fault, count = running.emulators.chargers["bay-5"].fault, len(asked.at_s["bay-5"])
            fault.silent = True
            until_s = loop.time() + 20.0
            while loop.time() < until_s:
                assert seen(running, 5).enabled is False
                if len(asked.at_s["bay-5"]) > count:
                    fault.silent = False
                await asyncio.sleep(0.05)
            assert not fault.silent, "a question was lost"
            assert (FaultCode.LINK_LOST, "charger-5") not in faults(running)

    run_virtual(main(), 1)


def test_the_gate_refuses_to_charge_what_it_does_not_know_to_be_safe() -> None:
    """Bay 14 is empty. And there is no bay 15."""

    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            await running.controller.ready.wait()
            for command in (EnableCharger(14, on=True), SetCharger(14, 400.0, 20.0)):
                result, text = await outcome(running, command)
                assert result == "refused", text
                assert text.startswith("interlock ")
            assert running.emulators.chargers["bay-14"].set_v == 0.0
            assert await outcome(running, EnableCharger(15, on=False)) == ("failed", "the station has no charger-15")

    run_virtual(main(), 1)


def test_a_charger_that_falls_silent_is_a_fault_and_unknown_until_it_is_back() -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            await running.controller.ready.wait()
            await until(lambda: seen(running, 5).enabled is False)
            inject(running.rig, "charger-silent", place="bay-5")
            await until(lambda: (FaultCode.LINK_LOST, "charger-5") in faults(running))
            await until(lambda: seen(running, 5) == ChargerReading())
            assert seen(running, 4).enabled is False
            clear(running.rig, "charger-silent", place="bay-5")
            await until(lambda: (FaultCode.LINK_LOST, "charger-5") not in faults(running))
            assert seen(running, 5).enabled is False

    run_virtual(main(), 1)


def test_a_station_whose_charger_never_answered_is_ready_with_a_fault() -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            inject(running.rig, "charger-silent", place="bay-1")
            await running.controller.ready.wait()
            assert (FaultCode.LINK_LOST, "charger-1") in faults(running)
            assert seen(running, 1) == ChargerReading()

    run_virtual(main(), 1)


def test_a_faulty_module_shows_its_word() -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            inject(running.rig, "charger-fault", place="bay-2", bits=0x001000)
            await until(lambda: seen(running, 2).fault_word == 0x001000)

    run_virtual(main(), 1)


def test_a_pack_that_is_connected_and_known_is_charged_by_command_and_current_flows() -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            await running.controller.ready.wait()
            mate(running, 3)
            observer = running.controller.observer
            await until(lambda: observer.image.bay(3).serial is not None and seen(running, 3).enabled is False)
            await until(lambda: bool((observer.image.rack.coolant_mated or (False,) * 14)[2]))
            assert await outcome(running, SetCharger(3, 400.0, 20.0)) == ("sent", "")
            assert await outcome(running, EnableCharger(3, on=True)) == ("sent", "")
            await until(lambda: seen(running, 3).output_a == 20.0)
            reading = seen(running, 3)
            assert reading.enabled is True
            assert reading.output_v is not None
            assert 350.0 < reading.output_v < 400.0
            assert [m.on for place, m in running.emulators.chargers.items() if place != "bay-3"] == [False] * 13

    run_virtual(main(), 1)
