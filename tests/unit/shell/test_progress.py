"""The controller's proof of progress, and what it does when its journal breaks: on a whole station in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise

import pytest

from firmware_py.core.effects import StopMotion
from firmware_py.core.events import Action, Operator
from firmware_py.core.faults import FaultCode
from firmware_py.core.packml import PackML
from firmware_py.shell.journal import JournalError, Row, Stamp
from firmware_py.shell.journal_inline import InlineJournal
from firmware_py.shell.progress import JOURNAL
from hal.config.loader import load_station
from hal.errors import LinkDown
from sim.campaigns.virtual import VirtualStation, virtual_station
from tests.unit.shell.fakes import virtual

STATION = load_station("choco-14")
BEAT_S = STATION.config.process.safety.heartbeat_s
LIMITS = STATION.config.process.progress


async def beats(play: Callable[[VirtualStation], Awaitable[None] | None], seconds: float) -> list[float]:
    """Times of the heartbeats, from a moment when drives are wanted and everything runs."""
    loop = asyncio.get_running_loop()
    async with virtual_station(STATION, 1) as running:
        controller = running.controller
        async with asyncio.timeout(10):
            await controller.ready.wait()
        for poller in controller._pollers:
            poller.set_periods({"safety_plc": 0.02})
        seen: list[float] = []
        beat = controller.effector.heartbeat

        async def counted() -> None:
            seen.append(loop.time() - began)
            await beat()

        controller.effector.heartbeat = counted  # type: ignore[method-assign]
        began = loop.time()
        controller.effector.enable_wanted.set()
        await asyncio.sleep(1.0)
        played = play(running)
        if played is not None:
            await played
        await asyncio.sleep(seconds)
        return seen


def test_the_heart_beats_while_drives_are_wanted_and_all_advances() -> None:
    seen = virtual(beats(lambda _: None, 2.0))
    assert len(seen) == pytest.approx(3.0 / BEAT_S, abs=2)
    assert seen[-1] > 2.8


def test_a_unit_that_is_silent_does_not_starve_it() -> None:
    def silence(running: VirtualStation) -> None:
        running.emulators.units["stacker_crane"].fault.silent = True

    seen = virtual(beats(silence, 2 * LIMITS.poll_s))
    assert seen[-1] > 2 * LIMITS.poll_s
    assert max(b - a for a, b in pairwise(seen)) < 2 * BEAT_S


def test_a_poller_that_hangs_starves_it() -> None:
    async def never(*_: object, **__: object) -> tuple[int, ...]:
        await asyncio.Event().wait()
        return ()

    def hang(running: VirtualStation) -> None:
        running.modbus["stacker"].read = never  # type: ignore[method-assign]

    seen = virtual(beats(hang, 3 * LIMITS.poll_s))
    assert 1.0 < seen[-1] <= 2.0 + LIMITS.poll_s + BEAT_S


def test_a_core_that_does_not_decide_starves_it() -> None:
    def stall(running: VirtualStation) -> None:
        running.controller.progress.decided = lambda: None  # type: ignore[method-assign]

    seen = virtual(beats(stall, 3.0))
    assert 1.0 - BEAT_S <= seen[-1] <= 1.0 + LIMITS.decide_s + BEAT_S


def test_a_journal_that_hangs_starves_it() -> None:
    async def hang(running: VirtualStation) -> None:
        async def never(_rows: object) -> None:
            await asyncio.Event().wait()

        running.journal.append = never  # type: ignore[method-assign]
        running.controller._recorder.note(Row("fact"))

    seen = virtual(beats(hang, 3 * LIMITS.journal_s))
    assert 1.0 + LIMITS.journal_s - 2 * BEAT_S <= seen[-1] <= 1.0 + LIMITS.journal_s + BEAT_S


def test_a_journal_that_is_asked_again_and_again_while_it_hangs_starves_it_too() -> None:
    async def hang(running: VirtualStation) -> None:
        async def never(_rows: object) -> None:
            await asyncio.Event().wait()

        running.journal.append = never  # type: ignore[method-assign]
        for _ in range(40):
            running.controller._recorder.note(Row("fact"))
            await asyncio.sleep(0.1)

    assert virtual(beats(hang, 1.0))[-1] <= 1.0 + LIMITS.journal_s + BEAT_S


def test_a_stop_that_hangs_in_its_line_starves_it() -> None:
    async def hang(running: VirtualStation) -> None:
        async def never(*_: object, **__: object) -> None:
            await asyncio.Event().wait()

        running.modbus["stacker"].write = never  # type: ignore[method-assign]
        running.controller.effector.stop(StopMotion(("stacker",), "test", drop_enable=False))

    seen = virtual(beats(hang, 3 * LIMITS.stop_s))
    assert 1.0 + LIMITS.stop_s - 2 * BEAT_S <= seen[-1] <= 1.0 + LIMITS.stop_s + BEAT_S


def test_a_stop_to_a_silent_device_does_not_starve_it() -> None:
    def silence(running: VirtualStation) -> None:
        running.emulators.units["stacker_crane"].fault.silent = True
        running.controller.effector.stop(StopMotion(("stacker",), "test", drop_enable=False))

    seen = virtual(beats(silence, 3 * LIMITS.stop_s))
    assert seen[-1] > 3 * LIMITS.stop_s


def test_the_watchdog_starves_with_the_journal_and_not_before() -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            progress = running.controller.progress
            async with asyncio.timeout(10):
                await running.controller.ready.wait()
            await asyncio.sleep(3 * LIMITS.journal_s)
            assert progress.is_alive, "nothing to keep is no standstill"
            kept, keep = asyncio.Event(), running.journal.append

            async def late(rows: Sequence[Row]) -> None:
                await kept.wait()
                await keep(rows)

            running.journal.append = late  # type: ignore[method-assign]
            running.controller._recorder.note(Row("fact"))
            await asyncio.sleep(LIMITS.journal_s - 0.1)
            assert progress.is_alive
            await asyncio.sleep(0.2)
            assert not progress.is_alive
            assert JOURNAL in progress.stalled
            kept.set()
            await asyncio.sleep(0.1)
            assert progress.is_alive, "it goes on"

    virtual(main())


def test_it_beats_no_more_once_drives_are_not_wanted() -> None:
    def stop(running: VirtualStation) -> None:
        running.controller.effector.enable_wanted.clear()

    seen = virtual(beats(stop, 3.0))
    assert seen[-1] <= 1.0 + BEAT_S


def test_a_beat_that_gets_lost_is_no_reason_to_give_up() -> None:
    def cut(running: VirtualStation) -> None:
        async def down() -> None:
            raise LinkDown("cut")

        running.controller.effector.heartbeat = down  # type: ignore[method-assign]

    assert len(virtual(beats(cut, 2.0))) >= 9


def test_a_broken_journal_is_a_fault_and_the_station_lives_on_without_commands() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        journal = InlineJournal(clock=lambda: Stamp(loop.time(), 0.0))
        async with virtual_station(STATION, 1, journal=journal) as running:
            controller = running.controller
            async with asyncio.timeout(10):
                await controller.ready.wait()
            journal.fail("disk full")
            with pytest.raises(JournalError, match="disk full"):
                await controller.operate(Operator(Action.RESET, "tester"))
            codes = {f.code for f in controller.state.faults if f.device != "signals"}  # the lamp is a command, too
            assert codes == {FaultCode.JOURNAL_FAILED}
            assert controller.state.packml is PackML.HELD
            with pytest.raises(JournalError, match="disk full"):
                await controller.operate(Operator(Action.RESET, "tester"))
            running.order("o1")
            await asyncio.sleep(2.0)
            assert any("order/reply" in line and "not journalled" in line for line in running.trace)
            before = controller.plant.units["safety_plc"].at_s
            await asyncio.sleep(3.0)
            assert controller.plant.units["safety_plc"].at_s > before, "it still looks"
        journal.close()

    virtual(main())
