"""A charger module: asked, set, switched on and seen on; silent, refusing, faulty. In memory and over socketcand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from hal.codecs.module import ModuleCodec
from hal.commands import EnableCharger, SetCharger, Stop
from hal.config.loader import load_station
from hal.devices.charger import ChargerNode
from hal.errors import CodecError, DeviceRefused, DeviceSilent, LinkDown, LinkTimeout, LinkWithdrawn
from hal.links.can import PythonCanLink
from hal.ports import CanLink, Frame, LinkState
from hal.readings import ChargerReading
from sim.emulators.charger import ChargerEmulator
from sim.reach.can_hub import CanHub
from sim.reach.hub_timer import HubTimer
from sim.reach.memory_can import MemoryCanLink
from sim.reach.socketcand import serve_socketcand
from sim.vloop import run_virtual
from sim.world import World
from tests.golden.test_infypower import charger_file

STATION = load_station("choco-14")
KIND = charger_file("infypower-reg")
STALE_S = 3 * 2.0 + 0.2
BAY = "bay-1"
LIMIT_S = 10.0


@dataclass
class Rig:
    """A module at address 5 and who asks it; `others` are two more modules on the same bus."""

    node: ChargerNode
    module: ChargerEmulator
    others: tuple[ChargerEmulator, ...]
    sent: list[Frame]

    async def until(self, reached: Callable[[ChargerReading], bool]) -> ChargerReading:
        clock = asyncio.get_running_loop().time
        async with asyncio.timeout(LIMIT_S):
            while True:
                await self.node.poll()
                reading = self.node.reading(clock())
                if reached(reading):
                    return reading
                await asyncio.sleep(0.1)


class Noting:
    """A link that notes what is sent."""

    def __init__(self, link: CanLink, sent: list[Frame]) -> None:
        self._link = link
        self._sent = sent

    @property
    def state(self) -> LinkState:
        return self._link.state

    def subscribe(self, on_frames: Callable[[list[Frame]], None]) -> None:
        self._link.subscribe(on_frames)

    async def send(self, frame: Frame) -> None:
        self._sent.append(frame)
        await self._link.send(frame)


@asynccontextmanager
async def rig(way: str = "memory") -> AsyncIterator[Rig]:
    clock = asyncio.get_running_loop().time
    world = World(STATION, seed=1, start=clock())
    modules = [ChargerEmulator(world, ModuleCodec(KIND, k), lambda: world.packs.at[BAY]) for k in (4, 5, 6)]
    hub = CanHub(modules)
    sent: list[Frame] = []

    def node_on(link: CanLink) -> Rig:
        node = ChargerNode("charger-1", ModuleCodec(KIND, 5), Noting(link, sent), clock, STALE_S)
        link.subscribe(lambda frames: [node.take(frame) for frame in frames] and None)
        return Rig(node, modules[1], (modules[0], modules[2]), sent)

    if way == "memory":
        with HubTimer(hub), MemoryCanLink(hub, clock) as memory:
            yield node_on(memory)
        return
    async with (
        serve_socketcand({"chargers": hub}) as port,
        PythonCanLink("socketcand", "chargers", host="127.0.0.1", port=port) as bus,
    ):
        charger = node_on(bus)
        async with asyncio.timeout(LIMIT_S):
            while not await answers(charger.node):  # a server takes a client into the channel after it said so
                await asyncio.sleep(0.05)
        sent.clear()
        yield charger


async def answers(node: ChargerNode) -> bool:
    try:
        await node.poll()
    except (LinkDown, LinkTimeout):
        return False
    return True


@pytest.mark.parametrize("way", ["memory", "socketcand"])
async def test_it_tells_is_set_is_switched_on_delivers_and_is_switched_off(way: str) -> None:
    async with rig(way) as charger:
        node, module = charger.node, charger.module
        seen = await charger.until(lambda r: r.enabled is not None)
        assert (seen.enabled, seen.output_v, seen.output_a, seen.fault_word) == (False, 0.0, 0.0, 0)
        assert seen.temp_degc == 25
        assert node.limits == {"voltage_max_v": 1000, "voltage_min_v": 50, "current_max_a": 100}

        await node.do(SetCharger(1, 400.0, 20.0))
        await node.do(EnableCharger(1, on=True))
        assert (module.set_v, module.set_a, module.on) == (400.0, 20.0, True)
        # the pack has 360 V and more inside: the current is at its limit, the voltage is the pack's
        seen = await charger.until(lambda r: r.output_a == pytest.approx(20.0))
        assert seen.enabled is True
        assert seen.output_v is not None
        assert 350.0 < seen.output_v < 380.0

        await node.do(EnableCharger(1, on=False))
        seen = await charger.until(lambda r: r.output_v == 0.0)
        assert (seen.enabled, seen.output_a) == (False, 0.0)
        assert [other.on for other in charger.others] == [False, False]


def test_a_write_leaves_once_and_set_goes_before_on() -> None:
    async def main() -> None:
        async with rig() as charger:
            await charger.node.poll()
            charger.sent.clear()
            await charger.node.do(SetCharger(1, 500.0, 20.0))
            await charger.node.do(EnableCharger(1, on=True))
            writes = [f"{f.can_id:08X}: {f.data.hex(' ').upper()}" for f in charger.sent if f.can_id != 0x028405F0]
            assert writes == ["029C05F0: 00 07 A1 20 00 00 4E 20", "029A05F0: 00 00 00 00 00 00 00 00"]
            assert charger.sent[-1].can_id == 0x028405F0, "its state is read back"

    run_virtual(main(), 1)


def test_it_is_not_switched_on_before_it_was_set_nor_set_before_it_told_its_limits() -> None:
    async def main() -> None:
        async with rig() as charger:
            with pytest.raises(CodecError, match="has not told what it may be set to"):
                await charger.node.do(SetCharger(1, 400.0, 20.0))
            await charger.node.poll()
            with pytest.raises(CodecError, match="set before it is switched on"):
                await charger.node.do(EnableCharger(1, on=True))
            await charger.node.do(EnableCharger(1, on=False))  # off always
            assert charger.module.on is False

    run_virtual(main(), 1)


@pytest.mark.parametrize(
    ("voltage_v", "current_a", "text"),
    [
        (49.9, 20.0, "49.9 V, the module takes 50 to 1000 V"),
        (1000.1, 20.0, "1000.1 V, the module takes 50 to 1000 V"),
        (400.0, 100.1, "100.1 A, the module takes 0 to 100 A"),
        (400.0, -0.1, "-0.1 A, the module takes 0 to 100 A"),
        (float("nan"), 20.0, "nan V"),
    ],
)
def test_what_the_module_does_not_take_is_not_sent(voltage_v: float, current_a: float, text: str) -> None:
    async def main() -> None:
        async with rig() as charger:
            await charger.node.poll()
            charger.sent.clear()
            with pytest.raises(CodecError, match=text):
                await charger.node.do(SetCharger(1, voltage_v, current_a))
            assert charger.sent == []

    run_virtual(main(), 1)


def test_a_silent_module_costs_one_time_out_becomes_unknown_and_must_be_set_again() -> None:
    async def main() -> None:
        clock = asyncio.get_running_loop().time
        async with rig() as charger:
            node = charger.node
            await node.poll()
            await node.do(SetCharger(1, 400.0, 20.0))
            charger.module.fault.silent = True
            charger.sent.clear()
            began = clock()
            with pytest.raises(LinkTimeout, match="charger-1: no answer to output within 200 ms"):
                await node.poll()
            assert clock() - began == pytest.approx(0.2, abs=0.001)
            assert len(charger.sent) == 1
            assert node.reading(clock()).enabled is False
            await asyncio.sleep(STALE_S)
            assert node.reading(clock()) == ChargerReading()

            charger.module.fault.silent = False
            await node.poll()
            assert node.reading(clock()).enabled is False
            with pytest.raises(CodecError, match="set before it is switched on"):
                await node.do(EnableCharger(1, on=True))

    run_virtual(main(), 1)


def test_one_value_that_does_not_come_any_more_is_unknown_alone() -> None:
    async def main() -> None:
        clock = asyncio.get_running_loop().time
        async with rig() as charger:
            await charger.node.poll()
            for _ in range(8):
                await asyncio.sleep(1.0)
                await charger.node._read("output")
            seen = charger.node.reading(clock())
            assert (seen.output_v, seen.enabled, seen.fault_word) == (0.0, None, None)

    run_virtual(main(), 1)


def test_a_refusal_is_told_with_its_number() -> None:
    async def main() -> None:
        async with rig() as charger:
            await charger.node.poll()
            charger.module.refuses = True
            with pytest.raises(DeviceRefused, match="charger-1: set: command invalid") as caught:
                await charger.node.do(SetCharger(1, 400.0, 20.0))
            assert caught.value.code == 2
            with pytest.raises(CodecError, match="set before"):
                await charger.node.do(EnableCharger(1, on=True))

    run_virtual(main(), 1)


def test_a_module_that_answers_yes_and_does_not_switch_is_found_out() -> None:
    async def main() -> None:
        async with rig() as charger:
            await charger.node.poll()
            await charger.node.do(SetCharger(1, 400.0, 20.0))
            charger.module.fault_word = 0x001000  # over-temperature: it stays off
            with pytest.raises(DeviceSilent, match="not seen on within 3 s"):
                await charger.node.do(EnableCharger(1, on=True))
            await charger.node.poll()
            assert charger.node.reading(asyncio.get_running_loop().time()).fault_word == 0x001000

    run_virtual(main(), 1)


def test_a_module_switches_off_when_nobody_asks() -> None:
    async def main() -> None:
        async with rig() as charger:
            await charger.node.poll()
            await charger.node.do(SetCharger(1, 400.0, 20.0))
            await charger.node.do(EnableCharger(1, on=True))
            await asyncio.sleep(9.9)
            await charger.node.poll()
            assert charger.module.on is True
            await asyncio.sleep(10.1)
            await charger.node.poll()
            assert charger.module.on is False

    run_virtual(main(), 1)


def test_a_command_that_is_not_wanted_any_more_does_not_leave() -> None:
    async def main() -> None:
        async with rig() as charger:
            await charger.node.poll()
            charger.sent.clear()
            with pytest.raises(LinkWithdrawn):
                await charger.node.do(EnableCharger(1, on=False), still=lambda: False)
            assert charger.sent == []
            with pytest.raises(CodecError, match="Stop is not for a charger"):
                await charger.node.do(Stop("lift"))

    run_virtual(main(), 1)


def test_an_answer_that_comes_too_late_changes_nothing() -> None:
    async def main() -> None:
        clock = asyncio.get_running_loop().time
        async with rig() as charger:
            node = charger.node
            assert node.take(Frame(0x0283F005, bytes.fromhex("43FA000041A00000"))) is False
            assert node.reading(clock()) == ChargerReading()

    run_virtual(main(), 1)
