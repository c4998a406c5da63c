"""What a device must hear again: through the gate each time, journalled once, ended by every stop and every doubt."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from firmware_py.core.effects import Act
from firmware_py.core.image import Image
from firmware_py.shell.actor import Actor, Outcome
from hal.commands import Command, MoveLift, MoveSlot, Slot, Stop
from hal.errors import DeviceRefused, LinkDown, LinkTimeout
from tests.unit.core import scenes as s
from tests.unit.shell.fakes import virtual

EVERY_S = 0.05
UP, HIGHER, DOWN = MoveLift(904.0, 2.0), MoveLift(903.0, 2.0), MoveLift(0.0, 2.0)


@dataclass
class Bench:
    """An actor whose device must hear every command again. `bad` are answers to the next repetitions."""

    image: Image = field(default_factory=lambda: s.DOCKED)
    log: list[tuple[float, str, Command]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    bad: list[Exception | None] = field(default_factory=list)
    wire_s: float = 0.0

    def __post_init__(self) -> None:
        self.actor = Actor(
            "lift", lambda: self.image, s.limits(), self.intend, self.send, self.outcomes.append,
            repeats=self, halt=Stop("lift"),
        )  # fmt: skip

    def note(self, what: str, command: Command) -> None:
        self.log.append((round(asyncio.get_running_loop().time(), 3), what, command))

    async def intend(self, act: Act) -> None:
        self.note("intend", act.command)

    async def send(self, command: Command, urgent: bool, still: Callable[[], bool]) -> None:
        await asyncio.sleep(self.wire_s)
        self.note("stop" if urgent else "send", command)

    def repeat_every_s(self, command: Command) -> float | None:
        return EVERY_S

    async def repeat(self, command: Command, *, still: Callable[[], bool]) -> None:
        await asyncio.sleep(self.wire_s)
        if not still():
            return
        self.note("again", command)
        error = self.bad.pop(0) if self.bad else None
        if error is not None:
            raise error

    def run(self, *plays: tuple[float, Callable[[], object]], until_s: float = 1.0) -> "Bench":
        """Do things at moments, then end as a controller does: by cancelling the tasks."""

        async def main() -> None:
            loop = asyncio.get_running_loop()
            async with asyncio.TaskGroup() as group:
                actor = self.actor
                tasks = [group.create_task(t) for t in (actor.run(), actor.run_stops(), actor.run_repeats())]
                for at_s, play in plays:
                    loop.call_later(at_s, play)
                await asyncio.sleep(until_s)
                for task in tasks:
                    task.cancel()

        virtual(main())
        return self

    def at(self, what: str, command: Command | None = None) -> list[float]:
        return [at for at, seen, c in self.log if seen == what and command in (None, c)]

    def act(self, command: Command) -> Callable[[], object]:
        return lambda: self.actor.act(Act("7", command))


def test_a_command_is_repeated_at_its_pace_and_journalled_once() -> None:
    bench = Bench()
    bench.run((0.1, bench.act(UP)), until_s=0.32)
    assert bench.at("intend") == [0.1]
    assert bench.at("send") == [0.1]
    assert bench.at("again") == [0.15, 0.2, 0.25, 0.3]
    assert [o.result for o in bench.outcomes] == ["sent"], "a repetition is no outcome"


def test_a_stop_ends_it_before_the_next_repetition() -> None:
    bench = Bench()
    bench.run((0.0, bench.act(UP)), (0.12, lambda: bench.actor.stop(Stop("lift"))))
    assert bench.at("again") == [0.05, 0.1]
    assert bench.at("stop") == [0.12]
    assert not bench.actor.repeating


def test_a_repetition_that_waits_for_its_line_does_not_leave_after_the_stop() -> None:
    bench = Bench(wire_s=0.03)
    bench.run((0.0, bench.act(UP)), (0.09, lambda: bench.actor.stop(Stop("lift"))))
    assert bench.at("again") == []
    assert bench.at("stop") == [0.12]


def test_a_command_that_a_stop_took_the_word_from_is_never_repeated() -> None:
    bench = Bench(wire_s=0.03)
    bench.run((0.0, bench.act(UP)), (0.01, lambda: bench.actor.stop(Stop("lift"))))
    assert bench.at("again") == []


def test_a_refusing_gate_ends_it_and_the_device_is_stopped() -> None:
    def blind() -> None:
        bench.image = s.put(s.DOCKED, platform__shutter_open=False)

    bench = Bench()
    bench.run((0.0, bench.act(UP)), (0.12, blind), until_s=0.5)
    assert bench.at("again") == [0.05, 0.1]
    assert bench.at("stop") == [0.15]
    assert [(o.result, o.text) for o in bench.outcomes] == [
        ("sent", ""), ("refused", "interlock shutter-open: platform.shutter_open is False"),
    ]  # fmt: skip


def test_what_becomes_unknown_ends_it_too() -> None:
    def unseen() -> None:
        bench.image = s.put(s.DOCKED, safety__drives_enabled=None)

    bench = Bench()
    bench.run((0.0, bench.act(UP)), (0.07, unseen), until_s=0.5)
    assert bench.at("again") == [0.05]
    assert bench.at("stop") == [0.1]


def test_one_lost_answer_is_no_end_and_two_in_a_row_are() -> None:
    bench = Bench(bad=[LinkTimeout("x"), None, DeviceRefused("x", 6), LinkTimeout("gone")])
    bench.run((0.0, bench.act(UP)), until_s=0.5)
    assert bench.at("again") == [0.05, 0.1, 0.15, 0.2]
    assert bench.at("stop") == [0.2]
    assert [(o.result, o.text) for o in bench.outcomes] == [("sent", ""), ("failed", "gone")]


def test_a_lost_link_ends_it_at_once() -> None:
    bench = Bench(bad=[LinkDown("cut")])
    bench.run((0.0, bench.act(UP)), until_s=0.5)
    assert bench.at("again") == [0.05]
    assert bench.outcomes[-1].result == "failed"


def test_the_next_command_takes_its_place() -> None:
    bench = Bench(image=s.LOCKED)
    bench.run((0.0, bench.act(DOWN)), (0.07, bench.act(HIGHER)), until_s=0.2)
    assert bench.at("again", DOWN) == [0.05]
    assert bench.at("again", HIGHER) == [0.12, 0.17]


def test_two_parts_of_a_device_are_repeated_beside_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firmware_py.shell.actor.judge", lambda *_: None)
    one, other = MoveSlot(Slot.OUT, 3000.0, 100.0), MoveSlot(Slot.IN, 0.0, 100.0)
    bench = Bench()
    bench.run((0.0, bench.act(one)), (0.02, bench.act(other)), until_s=0.13)
    assert bench.at("again", one) == [0.05, 0.1]
    assert bench.at("again", other) == [0.07, 0.12]


def test_a_controller_that_leaves_repeats_nothing_more() -> None:
    bench = Bench()
    bench.run((0.0, bench.act(UP)), until_s=0.12)
    assert bench.at("again") == [0.05, 0.1]
