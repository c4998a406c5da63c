"""Effects on the world: who gets what, what a stop reaches, what is written down, what comes back as trouble."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from firmware_py.core.effects import Act, StopMotion
from firmware_py.core.events import Event, Trouble
from firmware_py.core.faults import FaultCode
from firmware_py.core.image import Image
from firmware_py.shell.effector import STOPPABLE, Effector
from firmware_py.shell.recorder import Recorder
from hal.commands import CarMode, Command, Heartbeat, Lock, MoveLift, RequestCar, RunEnable, Stop
from hal.errors import LinkTimeout
from tests.unit.core import scenes as s
from tests.unit.shell.fakes import Journal, virtual

DEVICES = (*STOPPABLE, "safety")


@dataclass
class Rig:
    """Devices that write down what they are told, a slow journal, and the effector between."""

    image: Image = field(default_factory=lambda: s.DOCKED)
    journal: Journal = field(default_factory=lambda: Journal(latency_s=0.5))
    sent: list[tuple[float, str, Command, bool]] = field(default_factory=list)
    asked: list[CarMode] = field(default_factory=list)
    repeated: list[CarMode] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    dead: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        devices = {name: SimpleNamespace(do=self._do(name), repeat_every_s=lambda _: None) for name in DEVICES}
        car = SimpleNamespace(request=self._request, repeat=self._repeat, mode=CarMode.RELEASE)
        plant = cast(Any, SimpleNamespace(devices=devices, chargers={}, car=car))
        self.recorder = Recorder(self.journal, lambda _: None)
        self.effector = Effector(plant, cast(Any, self), s.limits(), self.recorder, self.events.append)
        self.effector.bind(lambda: "swap-1")

    def age_s(self, device: str) -> float | None:
        """As the observer tells it."""
        return 0.25 if device in DEVICES else None

    def _do(self, name: str) -> Callable[..., Any]:
        async def do(command: Command, *, urgent: bool, still: Callable[[], bool]) -> None:
            if name in self.dead:
                await asyncio.sleep(0.1)
                raise LinkTimeout(f"{name} is gone")
            self.sent.append((asyncio.get_running_loop().time(), name, command, urgent))

        return do

    async def _repeat(self) -> None:
        self.repeated.append(CarMode.RELEASE)

    async def _request(self, mode: CarMode) -> None:
        self.asked.append(mode)

    def run(self, play: Callable[["Rig"], object], seconds: float = 5.0) -> "Rig":
        """Play something, then let everything go its way."""

        async def main() -> None:
            tasks: list[asyncio.Task[None]] = []

            def make(coro: Any, *, name: str) -> None:
                tasks.append(group.create_task(coro, name=name))

            async with asyncio.TaskGroup() as group:
                tasks.append(group.create_task(self.recorder.run()))
                self.effector.start(cast(Any, SimpleNamespace(create_task=make)))
                play(self)
                await asyncio.sleep(seconds)
                for task in tasks:
                    task.cancel()

        virtual(main())
        return self

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """Bodies of the durable rows of a kind."""
        return [dict(row.body) for batch in self.journal.batches for row in batch if row.kind == kind]


def test_a_command_goes_to_its_device_after_its_intent() -> None:
    rig = Rig().run(lambda r: r.effector.act(Act("7", MoveLift(904.0, 2.0))))
    assert rig.sent == [(0.5, "lift", MoveLift(904.0, 2.0), False)]
    (intent,) = rig.rows("intent")
    assert intent == {"row": "7", "command": "MoveLift", "position_mm": 904.0, "speed_mm_s": 2.0}
    (outcome,) = rig.rows("outcome")
    assert outcome["result"] == "sent"
    assert {row.swap_id for batch in rig.journal.batches for row in batch} == {"swap-1"}


def test_a_hold_stops_every_device_and_cuts_the_drives_before_the_journal_has_said_a_word() -> None:
    rig = Rig().run(lambda r: r.effector.stop(StopMotion(("lift",), "door open", drop_enable=True)))
    assert {(at, name, urgent) for at, name, _, urgent in rig.sent} == {(0.0, name, True) for name in DEVICES}
    assert {type(c) for _, name, c, _ in rig.sent if name != "safety"} == {Stop}
    assert [c for _, name, c, _ in rig.sent if name == "safety"] == [RunEnable(on=False)]
    assert rig.rows("stop") == [{"devices": list(STOPPABLE), "reason": "door open"}]


def test_leaving_a_step_stops_what_it_moved_and_nothing_else() -> None:
    leave = StopMotion(("pins", "rods", "lift"), "leaving", drop_enable=False)
    rig = Rig().run(lambda r: r.effector.stop(leave))
    assert sorted(name for _, name, _, _ in rig.sent) == ["lift", "platform"]


def test_a_dead_device_holds_no_stop_of_another_back() -> None:
    rig = Rig(dead={"lift", "safety"}).run(lambda r: r.effector.stop(StopMotion((), "x", drop_enable=True)))
    assert {name for _, name, _, _ in rig.sent} == set(DEVICES) - {"lift", "safety"}
    assert [o["result"] for o in rig.rows("outcome")] == ["failed", "failed"]


def test_run_enable_off_never_waits_and_the_heart_stops_with_it() -> None:
    def play(rig: Rig) -> None:
        rig.effector.act(Act("", RunEnable(on=True)))
        assert rig.effector.enable_wanted.is_set()
        rig.effector.act(Act("", RunEnable(on=False)))
        assert not rig.effector.enable_wanted.is_set()

    rig = Rig().run(play)
    assert [(at, c) for at, _, c, _ in rig.sent] == [(0.0, RunEnable(on=False))], "what was asked before is dropped"


def test_refused_and_failed_commands_are_troubles_of_their_row() -> None:
    def play(rig: Rig) -> None:
        rig.effector.act(Act("14", Lock(s.ALL)))
        rig.effector.act(Act("7", MoveLift(904.0, 2.0)))

    rig = Rig(dead={"lift"}).run(play)
    assert {(e.code, e.device, e.row) for e in rig.events if isinstance(e, Trouble)} == {
        (FaultCode.COMMAND_REFUSED, "locks", "14"), (FaultCode.COMMAND_FAILED, "lift", "7"),
    }  # fmt: skip
    assert "interlock pack-supported" in str([o["why"] for o in rig.rows("outcome")])


@pytest.mark.parametrize(("image", "frames"), [(s.RELEASED, 1), (s.put(s.RELEASED, platform__pins_retracted=False), 0)])
def test_what_is_repeated_to_the_car_passes_the_gate_again_and_is_not_journalled_again(
    image: Image, frames: int
) -> None:
    rig = Rig(image=image)
    virtual(rig.effector.repeat_request())
    assert rig.repeated == [CarMode.RELEASE] * frames
    assert rig.journal.batches == []


def test_the_car_is_asked_by_its_own_way() -> None:
    rig = Rig().run(lambda r: r.effector.act(Act("3", RequestCar(CarMode.SWAP))))
    assert rig.asked == [CarMode.SWAP]


def test_beats_count_up_and_are_not_journalled() -> None:
    async def main() -> Rig:
        rig = Rig()
        for _ in range(3):
            await rig.effector.heartbeat()
        rig.effector._beats = 0xFFFF
        await rig.effector.heartbeat()
        rig.dead.add("safety")
        with pytest.raises(LinkTimeout):
            await rig.effector.heartbeat()
        return rig

    rig = virtual(main())
    assert [c for _, _, c, _ in rig.sent] == [Heartbeat(1), Heartbeat(2), Heartbeat(3), Heartbeat(0)]
    assert rig.journal.batches == []


def test_no_beat_where_the_gate_would_not_let_the_drives_run() -> None:
    """A heartbeat keeps the drives enabled: it repeats that intent, and is judged as it."""

    async def main() -> Rig:
        rig = Rig()
        for image in (s.put(s.DOCKED, safety__chain_ok=False), s.put(s.DOCKED, safety__cell_clear=None)):
            rig.image = image
            await rig.effector.heartbeat()
        rig.image = s.DOCKED
        await rig.effector.heartbeat()
        return rig

    assert [c for _, _, c, _ in virtual(main()).sent] == [Heartbeat(1)]


def test_a_closed_effector_takes_no_command_but_every_stop() -> None:
    def play(rig: Rig) -> None:
        rig.effector.close()
        rig.effector.act(Act("7", MoveLift(904.0, 2.0)))
        rig.effector.stop(StopMotion(("lift",), "out", drop_enable=False))

    rig = Rig().run(play)
    assert [c for _, _, c, _ in rig.sent] == [Stop("lift")]


def test_the_last_stop_reaches_all_whatever_fails_and_ends_in_time() -> None:
    async def main() -> tuple[Rig, float]:
        rig = Rig(dead={"safety", "locks"})
        await rig.effector.last_stop(0.2)
        return rig, asyncio.get_running_loop().time()

    rig, at_s = virtual(main())
    assert {name for _, name, _, _ in rig.sent} == set(STOPPABLE) - {"locks"}
    assert at_s < 1.0
