"""The code reader: lines to readings, and what of the buffer it shows."""

import pytest

from hal.config.loader import load_station
from hal.config.station import ReaderDevice
from hal.devices.code_reader import CodeReader
from hal.readings import CodeReading
from sim.emulators.code_reader import CodeReaderEmulator
from sim.faults import Rig, clear, inject
from sim.reach.lines import LineCutter
from sim.world import World

STATION = load_station("choco-14")
CODE = b"001PB20ABCDEFGHJKLMNPQRS"
CONFIG = ReaderDevice(
    kind="code-reader", link="line", end="\r\n", no_read="NOREAD", pattern="[0-9A-Z]{24}", every_s=0.5
)


class Clock:
    now = 10.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reader(clock: Clock) -> CodeReader:
    return CodeReader("scanner", CONFIG, clock, 3)


def test_a_code_and_no_code_are_both_readings(reader: CodeReader) -> None:
    assert reader.take([CODE])
    assert reader.reading(10.0) == CodeReading(CODE.decode(), 10.0)
    assert reader.take([b"NOREAD"])
    assert reader.reading(10.0) == CodeReading(None, 10.0)


@pytest.mark.parametrize("line", [b"001PB20", b"noread", b"001pb20abcdefghjklmnpqrs", CODE + b"X", b"?"])
def test_a_line_that_is_neither_changes_nothing(reader: CodeReader, clock: Clock, line: bytes) -> None:
    reader.take([CODE])
    clock.now = 10.5
    assert not reader.take([line])
    assert reader.reading(10.5) == CodeReading(CODE.decode(), 10.0)
    assert reader.junk == 1


def test_the_same_code_again_makes_no_new_reading_and_keeps_it_fresh(reader: CodeReader, clock: Clock) -> None:
    reader.take([CODE])
    first = reader.reading(clock.now)
    for _ in range(5):
        clock.now += 1.0
        assert reader.take([CODE])
        assert reader.reading(clock.now) is first
    clock.now += 1.6
    assert reader.reading(clock.now) == CodeReading()
    reader.take([CODE])
    assert reader.reading(clock.now) == CodeReading(CODE.decode(), clock.now), "after a silence it is a new one"


def test_a_reader_that_falls_silent_is_unknown_after_three_of_its_periods(reader: CodeReader, clock: Clock) -> None:
    assert reader.reading(10.0) == CodeReading()
    reader.take([CODE])
    assert reader.reading(11.5).code == CODE.decode()
    assert reader.reading(11.501) == CodeReading()


def buffer_rig() -> tuple[Rig, CodeReaderEmulator, CodeReader, Clock]:
    world = World(STATION, seed=1)
    world.packs.move("bay-3", "in")
    clock = Clock()
    clock.now = 0.0
    emulator = CodeReaderEmulator(world, CONFIG)
    return Rig(world), emulator, CodeReader("scanner", CONFIG, clock, 3), clock


def read(emulator: CodeReaderEmulator, reader: CodeReader, clock: Clock) -> CodeReading:
    clock.now = emulator.next_due()
    cutter = LineCutter(start=b"", end=b"\r\n", most=64)
    reader.take(cutter.feed(emulator.due(clock.now)))
    return reader.reading(clock.now)


def test_it_reads_the_pack_at_the_buffer_and_nothing_once_it_is_gone() -> None:
    rig, emulator, reader, clock = buffer_rig()
    pack = rig.world.buffer_pack
    assert pack is not None
    assert read(emulator, reader, clock) == CodeReading(pack.serial, 0.5)
    rig.world.packs.take("in")
    assert read(emulator, reader, clock) == CodeReading(None, 1.0)


def test_its_faults() -> None:
    rig, emulator, reader, clock = buffer_rig()
    inject(rig, "scanner-other-code", code="002PB25ABCDEFGHJKLMNPQRS")
    assert read(emulator, reader, clock).code == "002PB25ABCDEFGHJKLMNPQRS"
    clear(rig, "scanner-other-code")
    inject(rig, "scanner-blind")
    assert read(emulator, reader, clock) == CodeReading(None, 1.0)
    clear(rig, "scanner-blind")
    good = read(emulator, reader, clock)
    inject(rig, "scanner-garbage")
    assert read(emulator, reader, clock) == good
    for _ in range(3):
        read(emulator, reader, clock)
    assert reader.reading(clock.now) == CodeReading()
