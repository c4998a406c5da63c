"""Hub of a simulated CAN channel, and the timer that runs it."""

import asyncio

import pytest

from hal.ports import Frame
from sim.reach.can_hub import CanHub
from sim.reach.hub_timer import HubTimer

NEVER = float("inf")


class Beacon:
    """Sends one frame every `period_s`, and answers nothing."""

    def __init__(self, can_id: int, period_s: float, start: float = 0.0) -> None:
        self.can_id = can_id
        self.period_s = period_s
        self.next = start
        self.heard: list[tuple[Frame, float]] = []

    def on_frame(self, frame: Frame, now: float) -> None:
        self.heard.append((frame, now))

    def due(self, now: float) -> list[Frame]:
        frames = []
        while self.next <= now:
            frames.append(Frame(self.can_id, b""))
            self.next += self.period_s
        return frames

    def next_due(self) -> float:
        return self.next


class Answerer(Beacon):
    """Silent until asked; then it answers 10 ms later."""

    def __init__(self, can_id: int) -> None:
        super().__init__(can_id, NEVER, start=NEVER)

    def on_frame(self, frame: Frame, now: float) -> None:
        self.next = now + 0.01


def test_client_frame_reaches_emulators_and_other_clients_only() -> None:
    beacon = Beacon(1, 1.0)
    hub = CanHub([beacon])
    mine: list[Frame] = []
    other: list[Frame] = []
    hub.attach(mine.extend)
    hub.attach(other.extend)
    frame = Frame(0x123, b"\x01", extended=False)

    hub.transmit(frame, 2.5, sender=mine.extend)

    assert beacon.heard == [(frame, 2.5)]
    assert other == [frame]
    assert mine == []


def test_due_frames_reach_all_clients_and_only_when_their_time_has_come() -> None:
    hub = CanHub([Beacon(1, 0.1, start=0.1), Beacon(2, 0.25, start=0.25)])
    heard: list[Frame] = []
    hub.attach(heard.extend)

    assert hub.next_due() == pytest.approx(0.1)
    assert hub.run_due(0.05) == 0
    assert hub.run_due(0.25) == 3
    assert [frame.can_id for frame in heard] == [1, 1, 2]
    assert hub.next_due() == pytest.approx(0.3)


def test_hub_without_emulators_is_never_due() -> None:
    assert CanHub().next_due() == NEVER


def test_detached_client_hears_nothing_more() -> None:
    hub = CanHub([Beacon(1, 0.1)])
    heard: list[Frame] = []
    hub.attach(heard.extend)
    hub.detach(heard.extend)
    hub.detach(heard.extend)
    hub.run_due(1.0)
    assert heard == []


async def test_timer_sends_an_answer_when_it_is_due_and_wakes_for_a_request() -> None:
    loop = asyncio.get_running_loop()
    hub = CanHub([Answerer(7)])
    answered = asyncio.Event()

    def listen(_: list[Frame]) -> None:
        answered.set()

    hub.attach(listen)
    with HubTimer(hub):
        asked = loop.time()
        hub.transmit(Frame(1, b""), asked, sender=listen)
        async with asyncio.timeout(2):
            await answered.wait()
    assert 0.009 < loop.time() - asked < 0.09, "it woke up for the request, not at the end of its longest wait"


async def test_timer_of_a_node_that_is_always_due_leaves_the_loop_free() -> None:
    class Babbler(Beacon):
        def due(self, now: float) -> list[Frame]:
            return [Frame(self.can_id, b"")]

    loop = asyncio.get_running_loop()
    hub = CanHub([Babbler(1, 0.0)])
    heard: list[Frame] = []
    ten = asyncio.Event()

    def listen(frames: list[Frame]) -> None:
        heard.extend(frames)
        if len(heard) == 10:
            ten.set()

    hub.attach(listen)
    began = loop.time()
    with HubTimer(hub):
        async with asyncio.timeout(2):
            await ten.wait()
    assert loop.time() - began >= 0.009, "at most one run in a millisecond"


def test_off_the_bus_no_frame_goes_either_way() -> None:
    beacon = Beacon(1, 0.1)
    hub = CanHub([beacon])
    heard: list[Frame] = []
    told: list[bool] = []
    hub.attach(heard.extend)
    hub.attach_crier(told.append)
    hub.set_bus_off(True)
    hub.set_bus_off(True)
    hub.run_due(1.0)
    hub.transmit(Frame(5, b""), 1.0)
    assert (heard, beacon.heard, told) == ([], [], [True])
    hub.set_bus_off(False)
    hub.run_due(1.1)
    hub.transmit(Frame(5, b""), 1.1)
    assert [frame.can_id for frame in heard] == [1, 5]
    assert told == [True, False]
    assert len(beacon.heard) == 1
