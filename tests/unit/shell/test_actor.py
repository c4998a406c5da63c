"""One device's actor: gate, then journal, then gate again, then the wire; stops overtake everything."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from firmware_py.core.effects import Act
from firmware_py.core.image import Image
from firmware_py.shell.actor import Actor, Outcome
from firmware_py.shell.journal import JournalError
from hal.commands import Command, MoveLift, MoveStacker, RunEnable, Stop
from hal.errors import DeviceRefused, LinkTimeout
from tests.unit.core import scenes as s
from tests.unit.shell.fakes import virtual

JOURNAL_S, WIRE_S = 0.5, 0.2
UP, DOWN = MoveLift(904.0, 2.0), MoveLift(900.0, 2.0)


@dataclass
class Bench:
    """An actor between a slow journal and a slow wire, with everything written down."""

    image: Image = field(default_factory=lambda: s.DOCKED)
    log: list[tuple[float, str, str]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    journal: Exception | None = None
    wire: dict[str, Exception] = field(default_factory=dict)
    hang: bool = False

    def __post_init__(self) -> None:
        self.actor = Actor("lift", lambda: self.image, s.limits(), self.intend, self.send, self.outcomes.append)

    def note(self, what: str, command: Command) -> None:
        self.log.append((round(asyncio.get_running_loop().time(), 3), what, type(command).__name__))

    async def intend(self, act: Act) -> None:
        self.note("intend", act.command)
        await asyncio.sleep(JOURNAL_S)
        if self.journal is not None:
            raise self.journal
        self.note("durable", act.command)

    async def send(self, command: Command, urgent: bool, still: Callable[[], bool]) -> None:
        self.note("urgent" if urgent else "send", command)
        if self.hang and not urgent:
            await asyncio.Event().wait()
        await asyncio.sleep(WIRE_S)
        if type(command).__name__ in self.wire:
            raise self.wire[type(command).__name__]
        if still():
            self.note("there", command)

    def run(self, play: Callable[["Bench"], None], until_s: float = 5.0, at_s: float = 0.0) -> "Bench":
        """Play something at a moment; look at the log afterwards."""

        async def main() -> None:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self.actor.run()), group.create_task(self.actor.run_stops())]
                asyncio.get_running_loop().call_later(at_s, play, self)
                await asyncio.sleep(until_s)
                for task in tasks:
                    task.cancel()

        virtual(main())
        return self

    @property
    def steps(self) -> list[str]:
        return [what for _, what, _ in self.log]

    @property
    def results(self) -> list[str]:
        return [o.result for o in self.outcomes]


def test_the_intent_is_durable_before_the_command_leaves() -> None:
    bench = Bench().run(lambda b: b.actor.act(Act("7", UP)))
    assert bench.log == [
        (0.0, "intend", "MoveLift"), (JOURNAL_S, "durable", "MoveLift"), (JOURNAL_S, "send", "MoveLift"),
        (JOURNAL_S + WIRE_S, "there", "MoveLift"),
    ]  # fmt: skip
    assert bench.outcomes == [Outcome(Act("7", UP), "sent")]


def test_commands_of_one_device_go_one_after_the_other_in_order() -> None:
    def play(b: Bench) -> None:
        b.actor.act(Act("7", UP))
        b.actor.act(Act("15", DOWN))

    bench = Bench(image=s.LOCKED).run(play)
    assert bench.steps == ["intend", "durable", "send", "there"] * 2
    assert [o.act.row for o in bench.outcomes] == ["7", "15"]


def test_what_the_gate_refuses_is_not_even_journalled() -> None:
    bench = Bench(image=s.EMPTY_LANE).run(lambda b: b.actor.act(Act("7", UP)))
    assert bench.log == []
    assert bench.results == ["refused"]
    assert bench.outcomes[0].text == "interlock shutter-open: platform.shutter_open is False"


def test_the_gate_judges_again_after_the_journal() -> None:
    def play(b: Bench) -> None:
        b.actor.act(Act("7", UP))
        asyncio.get_running_loop().call_later(JOURNAL_S / 2, blind)

    def blind() -> None:
        bench.image = s.put(s.DOCKED, platform__shutter_open=None)

    bench = Bench()
    bench.run(play)
    assert bench.steps == ["intend", "durable"]
    assert bench.results == ["refused"]


def test_a_stop_does_not_wait_for_the_journal_and_drops_what_waits_there() -> None:
    def play(b: Bench) -> None:
        b.actor.act(Act("7", UP))
        asyncio.get_running_loop().call_later(0.1, b.actor.stop, Stop("lift"))

    bench = Bench().run(play)
    assert (0.1, "urgent", "Stop") in bench.log
    assert "send" not in bench.steps
    assert bench.results == ["dropped"]


def test_a_stop_overtakes_a_command_that_hangs_in_its_link() -> None:
    def play(b: Bench) -> None:
        b.actor.act(Act("7", UP))
        asyncio.get_running_loop().call_later(1.0, b.actor.stop, Stop("lift"))

    bench = Bench(hang=True).run(play)
    assert (1.0, "urgent", "Stop") in bench.log
    assert (1.0 + WIRE_S, "there", "Stop") in bench.log


def test_a_stop_takes_the_word_from_a_command_that_is_on_its_way() -> None:
    """A command of several writes asks before each of them whether it is still wanted."""

    def play(b: Bench) -> None:
        b.actor.act(Act("7", UP))
        asyncio.get_running_loop().call_later(JOURNAL_S + WIRE_S / 2, b.actor.stop, Stop("lift"))

    bench = Bench().run(play)
    assert ("there", "MoveLift") not in [(what, name) for _, what, name in bench.log]
    assert bench.results == ["dropped"]


def test_what_was_queued_before_a_stop_is_dropped_and_what_comes_after_is_not() -> None:
    def play(b: Bench) -> None:
        b.actor.act(Act("7", UP))
        b.actor.act(Act("7", UP))
        b.actor.act(Act("7", UP))
        b.actor.stop(Stop("lift"))
        b.actor.act(Act("15", DOWN))

    bench = Bench(image=s.LOCKED).run(play)
    assert [name for _, what, name in bench.log if what == "send"] == ["MoveLift"]
    assert [o.act.row for o in bench.outcomes if o.result == "sent"] == ["15"]


def test_several_stops_all_go_out_and_are_waited_for() -> None:
    async def main() -> list[str]:
        bench = Bench(wire={"RunEnable": LinkTimeout("gone")})
        async with asyncio.TaskGroup() as group:
            task = group.create_task(bench.actor.run_stops())
            bench.actor.stop(RunEnable(on=False), Stop("lift"))
            bench.actor.stop(Stop("lift"))
            await bench.actor.stops_sent()
            assert asyncio.get_running_loop().time() == pytest.approx(3 * WIRE_S)
            task.cancel()
        assert bench.results == ["failed"], "a stop that fails holds no other stop back"
        return [name for _, _, name in bench.log if name == "Stop"]

    assert len(virtual(main())) == 4


@pytest.mark.parametrize("error", [LinkTimeout("no answer"), DeviceRefused("exception 4", 4)])
def test_a_command_that_fails_is_told_and_the_next_one_goes(error: Exception) -> None:
    def play(b: Bench) -> None:
        b.actor.act(Act("7", UP))
        b.wire = {"MoveLift": error}
        asyncio.get_running_loop().call_later(2.0, b.wire.clear)
        asyncio.get_running_loop().call_later(2.0, b.actor.act, Act("7", UP))

    bench = Bench().run(play)
    assert bench.results == ["failed", "sent"]
    assert str(error) in bench.outcomes[0].text


def test_a_command_that_could_not_be_journalled_does_not_leave_and_stops_still_do() -> None:
    def play(b: Bench) -> None:
        b.actor.act(Act("7", UP))
        asyncio.get_running_loop().call_later(2.0, b.actor.stop, Stop("lift"))

    bench = Bench(journal=JournalError("disk full")).run(play)
    assert bench.steps == ["intend", "urgent", "there"]
    assert bench.results == ["failed"]
    assert "disk full" in bench.outcomes[0].text


def test_commands_of_another_kind_are_judged_too() -> None:
    bench = Bench(image=s.put(s.EMPTY_LANE, stacker__fork_home=False))
    bench.run(lambda b: b.actor.act(Act("0.1", MoveStacker(600.0))))
    assert bench.results == ["refused"]
