"""One product on a line of its own: production codec, unit and device over the emulator, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hal.codecs.registers import UnitCodec, Value
from hal.config.bundle import Channel, Unit, Wired
from hal.devices.composed import Device
from hal.devices.unit import ModbusUnit
from sim.emulators import UnitEmulator, build_unit
from sim.reach.memory_modbus import MemoryModbusLink, rtu_carrier
from sim.vloop import run_virtual
from sim.world import Plant, World
from tests.devices.test_config_files import POLL, device_file

LOOK_S = 0.02
BEAT_S = 0.1


@dataclass(frozen=True)
class Wiring:
    """What a station says of the unit."""

    inputs: Mapping[str, Wired] = field(default_factory=dict)
    outputs: Mapping[str, Channel] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    verbs: Mapping[str, str] = field(default_factory=dict)
    gain: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Bench:
    """The unit as the controller has it, the emulator behind it, and the plant behind that."""

    world: World
    emulator: UnitEmulator
    link: MemoryModbusLink
    unit: ModbusUnit
    device: Device
    beating: bool = True

    async def do(self, verb: str, **arguments: Value) -> None:
        """Carry a verb out as the shell does."""
        await self.unit.do(verb, arguments, still=lambda: True)

    async def look(self) -> Mapping[str, Value | None]:
        """Poll once."""
        await self.unit.poll()
        return self.unit.values

    async def until(self, **wanted: object) -> Mapping[str, Value | None]:
        """Poll until these values are seen, at the most 60 s."""
        async with asyncio.timeout(60.0):
            while True:
                seen = await self.look()
                if all(seen[name] == value for name, value in wanted.items()):
                    return seen
                await asyncio.sleep(LOOK_S)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass; the plant sees it."""
        await asyncio.sleep(seconds)
        self.world.advance(asyncio.get_running_loop().time())

    def release(self, on: bool) -> None:
        """The safety PLC's release, behind the link."""
        self.world.safety.set_run_enable(on)

    async def beat(self) -> None:
        """Keep the safety PLC's dead-man fed."""
        count = 0
        while True:
            count = (count + 1) % 65536
            self.world.advance(asyncio.get_running_loop().time())
            if self.beating:
                self.world.safety.beat(count)
            await asyncio.sleep(BEAT_S)


@asynccontextmanager
async def bench(file: str, kind: str, wiring: Wiring = Wiring(), plant: Plant | None = None) -> AsyncIterator[Bench]:
    """A world that is released, with one unit on a line of 19,200 Bd."""
    clock = asyncio.get_running_loop().time
    world = World(plant or Plant(), seed=1, start=clock())
    described = (wiring.gain, wiring.inputs, wiring.outputs, wiring.roles, wiring.verbs)
    unit = Unit("unit", "line", 1, device_file(file), POLL, *described)
    emulator = build_unit(world, unit, kind)
    link = MemoryModbusLink("line", {1: emulator}, rtu_carrier(19200, 0.0), clock)
    driver = ModbusUnit(UnitCodec(unit), link, clock)
    found = Bench(world, emulator, link, driver, Device("device", kind, [driver]))
    found.release(True)
    beats = asyncio.create_task(found.beat())
    try:
        await asyncio.sleep(0)
        yield found
    finally:
        beats.cancel()
        await asyncio.gather(beats, return_exceptions=True)


def play(story: Callable[[Bench], Coroutine[None, None, None]], file: str, kind: str, **more: object) -> None:
    """Run a story on a bench in virtual time."""

    async def main() -> None:
        async with bench(file, kind, **more) as found:  # type: ignore[arg-type]
            await story(found)

    run_virtual(main())
