"""Every configuration file of the tree, found by its presence: no mistake in it, and both sides of its codec agree."""

import asyncio
import re
from pathlib import Path

import pytest

from hal.codecs.frames import CarCodec, PackCodec
from hal.codecs.registers import Block, UnitCodec, Value, Wait, Write
from hal.commands import Actuator, CarMode
from hal.config.bundle import Station, Unit
from hal.config.device import BIT_TABLES, DeviceFile, Register, WordType
from hal.config.files import Library
from hal.config.loader import check_file, load_station
from hal.config.mistakes import Book, Spot
from hal.config.process import LatchProcess
from hal.config.station import Poll, UnitsDevice
from hal.config.tree import ConfigTree
from hal.config.vehicle import VehicleType
from hal.config.verbs import WORD_ARGUMENTS, arguments
from hal.devices.composed import Device
from hal.devices.unit import ModbusUnit
from hal.ports import Table
from hal.readings import roles
from sim.emulators import build_emulators
from sim.emulators.faults import ModbusFault
from sim.reach.memory_modbus import MemoryModbusLink, tcp_carrier
from sim.reach.modbus_frames import answer_pdu
from sim.vloop import run_virtual
from sim.world import World
from tests.golden.can_frames import pack_file
from tests.golden.framing import READ, answer, read_pdu, write_pdu

CONFIG = Path(__file__).resolve().parents[2] / "config"
POLL = Poll(idle_s=1.0, watch_s=0.2, motion_s=0.05)


def files(folder: str) -> list[Path]:
    return sorted((CONFIG / folder).rglob("*.toml"))


def names(folder: str) -> list[str]:
    base = CONFIG / folder
    return [p.relative_to(base).with_suffix("").as_posix() for p in files(folder)]


STATIONS = [name for name in names("stations") if name != "TEMPLATE"]


def is_bench(path: Path) -> bool:
    """By its raw text: a mistake in a station file fails the tests of that file, not the collection of all others."""
    return re.search(r"^bench = true", path.read_text(encoding="utf-8"), re.MULTILINE) is not None


SERVING = [name for name in STATIONS if not is_bench(CONFIG / "stations" / f"{name}.toml")]


def device_file(name: str) -> DeviceFile:
    book = Book()
    found = Library(ConfigTree(book, (CONFIG,))).device(name, Spot(book, "test"))
    book.raise_if_any()
    assert found is not None
    return found


def vehicle_file(name: str) -> VehicleType:
    book = Book()
    found = Library(ConfigTree(book, (CONFIG,))).vehicle(name, Spot(book, "test"))
    book.raise_if_any()
    assert found is not None
    return found


def sample(register: Register) -> Value:
    """A value that the register can carry: not zero, not the same in every element."""
    if register.repeat is not None:
        one = register.model_copy(update={"repeat": None})
        first = sample(one)
        if isinstance(first, bool):
            return tuple(k % 2 == 0 for k in range(register.repeat))
        return () if isinstance(first, tuple) else (first,) * register.repeat
    if register.type is WordType.BOOL:
        return True
    if register.enum is not None:
        return list(register.enum.values())[-1]
    raw = {WordType.S16: -1234, WordType.S32: -123456, WordType.U32: 0x12345}.get(register.type, 4321)
    return raw * register.scale + register.offset


def given(verb: str) -> dict[str, Value]:
    """Something for every argument that a verb may have."""
    return {name: next(iter(WORD_ARGUMENTS[name])) if name in WORD_ARGUMENTS else 1 for name in arguments(verb)}


def samples(device: DeviceFile) -> dict[str, Value]:
    """A value for everything that can be read; companions say that what they belong to counts."""
    values = {n: sample(r) for n, r in device.registers.items() if r.readable}
    for register in device.registers.values():
        values |= {name: allowed[-1] for name, allowed in register.valid.items()}
    return values


class Answers:
    """The generic device side as an emulator: any file answers with it."""

    def __init__(self, codec: UnitCodec, values: dict[str, Value]) -> None:
        self.functions = frozenset(codec.info.functions)
        self.reply_s = codec.info.reply_s
        self.fault = ModbusFault()
        self.codec, self.values = codec, values
        self.written: dict[str, Value] = {}

    def read(self, table: Table, address: int, count: int, now: float) -> tuple[int, ...]:
        return self.codec.encode_read(table, address, count, self.values)

    def write(self, table: Table, address: int, values: tuple[int, ...], now: float) -> None:
        self.written |= self.codec.decode_write(table, address, values)


@pytest.mark.parametrize(
    "path",
    [
        *(p for folder in ("devices", "packs", "vehicles", "chargers") for p in files(folder)),
        *(CONFIG / "stations" / f"{n}.toml" for n in STATIONS),
    ],
    ids=lambda path: path.relative_to(CONFIG).as_posix(),
)
def test_no_mistake(path: Path) -> None:
    assert [str(m) for m in check_file(path)] == []


@pytest.mark.parametrize("name", names("devices"))
def test_device_and_controller_read_the_same(name: str) -> None:
    device = device_file(name)
    codec = UnitCodec(Unit("unit", "link", 1, device, POLL, {}, {}, {}))
    values = samples(device)
    for field in codec.fields.values():
        if field.read is not None:
            block = field.read
            words = codec.encode_read(block.table, block.address, block.count, values)
            assert codec.decode(block, words)[field.name] == pytest.approx(values[field.name])
    for block in codec.blocks:
        decoded = codec.decode(block, codec.encode_read(block.table, block.address, block.count, values))
        assert decoded
        assert all(decoded[n] == pytest.approx(values[n]) for n in decoded)


@pytest.mark.parametrize("name", names("devices"))
def test_every_file_answers_in_bytes(name: str) -> None:
    device = device_file(name)
    codec = UnitCodec(Unit("unit", "link", 1, device, POLL, {}, {}, {}))
    emulator = Answers(codec, samples(device))
    for block in {*codec.blocks, *(f.read for f in codec.fields.values() if f.read is not None)}:
        pdu = answer_pdu(emulator, read_pdu(block), 0.0)
        assert pdu is not None
        assert pdu[0] == READ[block.table], f"{block}: exception {pdu[1]}"
        seen = codec.decode(block, answer(pdu)[: block.count])
        assert seen
        assert all(seen[n] == pytest.approx(emulator.values[n]) for n in seen)
    for verb in device.commands:
        for action in codec.plan(verb, given(verb)):
            if isinstance(action, Write):
                sent = write_pdu(action)
                pdu = answer_pdu(emulator, sent, 0.0)
                assert pdu is not None
                assert pdu[:3] == sent[:3], f"{verb}: exception {pdu[1]}"
        assert emulator.written


@pytest.mark.parametrize("name", names("devices"))
def test_controller_writes_what_the_device_reads(name: str) -> None:
    device = device_file(name)
    codec = UnitCodec(Unit("unit", "link", 1, device, POLL, {}, {}, {}))
    for verb, body in device.commands.items():
        seen: dict[str, Value] = {}
        for action in codec.plan(verb, given(verb)):
            if isinstance(action, Wait):
                assert action.limit_s > 0
                continue
            assert action.multiple or len(action.values) == 1
            seen |= codec.decode_write(action.table, action.address, action.values)
        wanted = {n: v for step in body.steps for n, v in (step.write or {}).items()}
        assert seen.keys() == wanted.keys()
        for key, value in wanted.items():
            expected = given(verb)[value[1:]] if isinstance(value, str) and value.startswith("$") else value
            assert seen[key] == pytest.approx(expected, abs=abs(device.registers[key].scale) / 2)


@pytest.mark.parametrize("name", names("devices"))
def test_polls_fit_the_device(name: str) -> None:
    device = device_file(name)
    codec = UnitCodec(Unit("unit", "link", 1, device, POLL, {}, {}, {}))
    shy = [f.read for f in codec.fields.values() if f.shy and f.read is not None]
    for block in codec.blocks:
        limit = device.device.max_read * (16 if block.table in BIT_TABLES else 1)
        assert block.count <= limit
        assert not any(block.overlaps(other) for other in shy)


@pytest.fixture(name="station", params=SERVING)
def loaded(request: pytest.FixtureRequest) -> Station:
    return load_station(request.param, roots=(CONFIG,))


def test_every_role_of_a_station_is_read_from_its_emulators(station: Station) -> None:
    """All but those that the technology of its lock points does not have."""
    latches = isinstance(station.config.process.locks, LatchProcess)

    async def main() -> None:
        clock = asyncio.get_running_loop().time
        emulators = build_emulators(World(station, seed=1), station)
        links = {name: MemoryModbusLink(name, units, tcp_carrier(), clock) for name, units in emulators.modbus.items()}
        for name, device in station.devices.items():
            if not isinstance(device, UnitsDevice):
                continue
            made = [station.units[unit] for unit in device.units]
            units = [ModbusUnit(UnitCodec(unit), links[unit.link], clock) for unit in made]
            for unit in units:
                await unit.poll()
            reading = Device(name, device.kind, units).reading(lambda _: True)
            absent = {"torque_nm", "angle_deg", "fault_word"} if name == "locks" and latches else set()
            if device.kind == "vision":
                absent = set(roles(device.kind))  # no car stands there
            assert {role for role in roles(device.kind) if getattr(reading, role) is None} == absent, name

    run_virtual(main())


def test_every_actuator_can_be_driven_and_all_can_be_dropped(station: Station) -> None:
    codecs = [UnitCodec(unit) for unit in station.units.values() if unit.outputs]
    for actuator in Actuator:
        (codec,) = [c for c in codecs if actuator in c.actuators]
        seen: dict[str, Value] = {}
        for action in codec.plan("drive", {"actuator": actuator, "out": False}):
            assert not isinstance(action, Wait)
            seen |= codec.decode_write(action.table, action.address, action.values)
        assert seen == {f"out.{actuator}_out": False, f"out.{actuator}_home": True}
    for codec in codecs:
        dropped: dict[str, Value] = {}
        for action in codec.plan("stop", {}):
            assert not isinstance(action, Wait)
            dropped |= codec.decode_write(action.table, action.address, action.values)
        assert dropped == {f"out.{name}": False for name in codec.unit.outputs}


def test_lift_moves_reach_the_wire(station: Station) -> None:
    lift, device = station.config.process.lift, station.devices["lift"]
    assert isinstance(device, UnitsDevice)
    (codec,) = [UnitCodec(station.units[name]) for name in device.units if "move" in station.units[name].commands]
    for speed in lift.speeds_mm_s.model_dump().values():
        for height in (lift.home_mm, lift.transfer_mm, lift.dock_mm, lift.support_mm):
            last = codec.plan("move", {"position_mm": height, "speed_mm_s": speed})[-1]
            assert not isinstance(last, Wait)
            seen = codec.decode_write(last.table, last.address, last.values)
            assert seen["target_mm"] == pytest.approx(height, abs=0.01)
            assert seen["target_speed_mm_s"] == pytest.approx(speed, rel=0.02)


def test_moves_last_their_nominal_time(station: Station) -> None:
    """t = d/v + v/a: not longer than the step of the profile, and not more than 0.2 s shorter."""
    process, plant, nominal_s = station.config.process, station.config.plant, station.config.profile
    speeds, lift = process.lift.speeds_mm_s, process.lift
    homes_s = nominal_s[16] - plant.actuators.shutter.home_s
    moves = [
        (lift.dock_mm - lift.home_mm, speeds.dock, plant.lift_accel_mm_s2, nominal_s[6]),
        (lift.support_mm - lift.dock_mm, speeds.support, plant.lift_accel_mm_s2, nominal_s[7]),
        (lift.support_mm - lift.transfer_mm, speeds.lower_old, plant.lift_accel_mm_s2, nominal_s[10]),
        (
            process.rail.store_mm - process.rail.under_mm,
            process.rail.out_speed_mm_s,
            plant.slot_accel_mm_s2,
            nominal_s[11],
        ),
        (
            process.rail.under_mm - process.rail.buffer_mm,
            process.rail.in_speed_mm_s,
            plant.slot_accel_mm_s2,
            nominal_s[12],
        ),
        (lift.support_mm - lift.transfer_mm, speeds.raise_new, plant.lift_accel_mm_s2, nominal_s[13]),
        (lift.support_mm - lift.dock_mm, speeds.relax, plant.lift_accel_mm_s2, nominal_s[15]),
        (lift.dock_mm - lift.home_mm, speeds.home, plant.lift_accel_mm_s2, homes_s),
    ]
    for distance, speed, accel, nominal in moves:
        assert speed * speed / accel <= distance
        assert nominal - 0.2 <= distance / speed + speed / accel <= nominal - 0.05


@pytest.mark.parametrize(("name", "total_s"), [("choco-14", 112.0), ("latch-30", 285.0 - (20.0 - 2.0) - (25.0 - 2.5))])
def test_profiles_are_columns_f_and_c(name: str, total_s: float) -> None:
    """Steps 1 to 19 one after the other; the second station's latches are faster than the bolts of its column."""
    profile = load_station(name, roots=(CONFIG,)).config.profile
    assert sum(s for step, s in profile.items() if step > 0) == total_s


def code_of(pattern: str) -> str:
    """A code that a pattern of plain characters, `.`, classes and counts takes."""
    tokens = re.findall(r"(\[[^\]]+\]|\.|[0-9A-Z])(?:\{(\d+)\})?", pattern)
    chars = [(token[1] if token[0] == "[" else token.replace(".", "X"), int(count or 1)) for token, count in tokens]
    return "".join(char * count for char, count in chars)


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        (".{3}P.99.{17}", "XXXPX99" + "X" * 17),
        ("[0-9A-F]{5}20AB.{15}", "0000020AB" + "X" * 15),
        (".{24}", "X" * 24),
    ],
)
def test_a_code_of_a_pattern_fits_it(pattern: str, code: str) -> None:
    assert code_of(pattern) == code
    assert re.fullmatch(pattern, code)


@pytest.mark.parametrize("name", [n for n in names("packs") if n != "TEMPLATE"])
def test_pack_frames_go_round(name: str) -> None:
    pack = pack_file(name)
    node = {"low-byte": 7, "offset": 7, "none": 0}[pack.can.node_in]
    sender, receiver = PackCodec(pack, node), PackCodec(pack, node)
    code = code_of(pack.pack.code_pattern or ".{24}")
    values: dict[str, Value | None] = {
        "serial": code,
        "soc_pct": 95,
        "soh_pct": 99,
        "voltage_v": pack.pack.voltage_nominal_v + 0.3,
        "current_a": -3.4,
        "cell_max_v": 3.301,
        "cell_min_v": 3.299,
        "temp_max_degc": 26.0,
        "temp_min_degc": -24.0,
        "contactors_open": True,
        "hvil_closed": False,
        "fault_bits": 0x80000001,
        "temp_degc": -7.5,
        "charge_limit_v": 53.2,
        "charge_limit_a": 80.0,
        "discharge_limit_v": 45.1,
        "discharge_limit_a": 120.5,
        "charge_allowed": True,
        "discharge_allowed": False,
        "maker": pack.pack.maker or "MAKER",
    }
    assert values.keys() == set(roles("pack"))
    told = {role: value for role, value in values.items() if role not in pack.can.absent}
    seen: dict[str, Value | None] = {}
    for frame in sender.encode(values, 1):
        assert node == 0 or frame.can_id & 0xFF == 7
        seen |= receiver.decode(frame) or {}
    assert seen == told
    assert receiver.period_s.keys() == told.keys()
    assert max(receiver.period_s.values()) <= 1.0
    assert pack.matches(code) is bool(pack.pack.fits)


@pytest.mark.parametrize("name", [n for n in names("vehicles") if n != "TEMPLATE"])
def test_car_frames_go_round(name: str) -> None:
    codec = CarCodec(vehicle_file(name))
    for mode in CarMode:
        assert codec.decode_request(codec.encode_request(mode, 258)) == (mode, 2)
    values: dict[str, Value | None] = dict.fromkeys(
        ("in_park", "brake_held", "standing", "doors_closed", "hv_off", "swap_mode", "pack_latched", "hvil_closed"),
        True,
    )
    values |= {"hv_off": None, "doors_closed": False, "self_check": "running", "dc_link_v": 59.9}
    values |= {"insulation_ok": True, "trouble_codes": 3}
    values |= {"vin": "LMGAA1234567890AB", "pack_serial": ""}
    seen: dict[str, Value | None] = {}
    for frame in codec.encode(values, 5):
        seen |= codec.decode(frame) or {}
    assert seen == values
    assert values.keys() == set(roles("vehicle"))


def test_block_order_is_stable(station: Station) -> None:
    for unit in station.units.values():
        blocks = UnitCodec(unit).blocks
        assert list(blocks) == sorted(blocks, key=lambda b: (b.table, b.address))
        assert all(isinstance(b, Block) for b in blocks)


def test_a_station_file_with_a_mistake_is_still_sorted_by_its_text(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("[station]\nname = 5\nbench = true\n[devices", encoding="utf-8")
    assert is_bench(broken)
    broken.write_text("[station\n# bench = true is what benches say", encoding="utf-8")
    assert not is_bench(broken)
