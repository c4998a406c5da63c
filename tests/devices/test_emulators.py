"""Emulators as a bus sees them: a whole swap through registers and frames, and the quirks of the two real maps."""

import sys
from collections.abc import Callable, Mapping
from timeit import timeit

import pytest

from hal.codecs.frames import CarCodec, PackCodec
from hal.codecs.registers import UnitCodec, Value, Wait, Write
from hal.commands import CarMode
from hal.config.bundle import Station
from hal.config.loader import load_station
from hal.ports import Frame, Table
from sim.emulators import Emulators, ModbusReject, ModbusSilence, build_emulators
from sim.faults import Rig, clear, inject
from sim.world import World

Seen = Mapping[str, Value | None]


@pytest.fixture(scope="module")
def station() -> Station:
    return load_station("choco-14")


class Bus:
    """A controller's side of the wires: codecs on the same files, commands by verb, time in small steps."""

    def __init__(self, station: Station) -> None:
        self.station = station
        self.world = World(station, seed=1)
        self.emulators: Emulators = build_emulators(self.world, station)
        self.codecs = {name: UnitCodec(unit) for name, unit in station.units.items()}
        self.car = CarCodec(station.vehicles["aion-ut"])
        self.car_seen: dict[str, Value | None] = {}
        self.now = 0.0
        self._count = 0
        self.mode = CarMode.NONE

    def see(self, unit: str) -> Seen:
        """All cyclic values of a unit."""
        found: dict[str, Value | None] = {}
        for block in self.codecs[unit].blocks:
            words = self.emulators.units[unit].read(block.table, block.address, block.count, self.now)
            found |= self.codecs[unit].decode(block, words)
        return found

    def do(self, unit: str, verb: str, **arguments: Value) -> None:
        """Carry out a plan, waits included."""
        emulator = self.emulators.units[unit]
        for action in self.codecs[unit].plan(verb, arguments):
            if isinstance(action, Wait):
                self.until(lambda action=action: action.holds(self._read(unit, action.reads)), action.limit_s)
            elif action.unless is None or not action.unless.holds(self._read(unit, action.unless.reads)):
                assert isinstance(action, Write)
                emulator.write(action.table, action.address, action.values, self.now)

    def until(self, seen: Callable[[], object], limit_s: float = 60.0) -> None:
        """Let time pass in steps of 20 ms, with heartbeat and CAN."""
        end = self.now + limit_s
        while not seen():
            assert self.now < end, "never seen"
            self.tick()

    def tick(self) -> None:
        self.now += 0.02
        self._count += 1
        self.do("safety_plc", "heartbeat", count=self._count % 65536)
        assert self.emulators.car is not None
        self.emulators.car.on_frame(self.car.encode_request(self.mode, self._count), self.now)
        for frame in self.emulators.car.due(self.now):
            self.car_seen |= self.car.decode(frame) or {}

    def lift(self, mm: float, speed: float) -> None:
        self.do("lift_drive", "move", position_mm=mm, speed_mm_s=speed)
        self.until(lambda: abs(float(self.see("lift_drive")["position_mm"] or 0) - mm) < 0.01)  # type: ignore[arg-type]
        self.until(lambda: not self.see("lift_drive")["moving"])

    def drive(self, actuator: str, *, out: bool, role: str) -> None:
        self.do("platform_io", "drive", actuator=actuator, out=out)
        self.until(lambda: self.see("platform_io")[role])

    def fetch(self, place: str, verb: str) -> None:
        spot = self.station.config.places[place]
        self.do("stacker_crane", "move", level_mm=spot.level_mm)
        self.until(lambda: not self.see("stacker_crane")["moving"])
        self.do("stacker_crane", verb, side=0 if spot.side == "left" else 1)
        self.tick()
        self.until(lambda: self.see("stacker_crane")["fork_home"])

    def _read(self, unit: str, blocks: tuple[object, ...]) -> dict[str, Value | None]:
        found: dict[str, Value | None] = {}
        for block in blocks:
            words = self.emulators.units[unit].read(block.table, block.address, block.count, self.now)  # type: ignore[attr-defined]
            found |= self.codecs[unit].decode(block, words)  # type: ignore[arg-type]
        return found


@pytest.fixture
def bus(station: Station) -> Bus:
    bus = Bus(station)
    bus.do("safety_plc", "run_enable", on=True)
    bus.tick()
    return bus


def test_a_whole_swap_through_registers_and_frames(bus: Bus) -> None:
    world, mask = bus.world, 0x3FF
    car = world.queue_car(vin="LNAUTS0A0PX000007")
    new = world.packs.at["bay-3"]
    bus.fetch("bay-3", "pick")
    bus.fetch("buffer", "place")
    bus.drive("lane_gate", out=True, role="lane_gate_open")
    bus.until(lambda: bus.car_seen.get("standing") and bus.see("platform_io")["grooves"] == (True,) * 4)
    bus.do("platform_io", "drive", actuator="lane_gate", out=False)
    bus.mode = CarMode.SWAP
    bus.until(lambda: bus.car_seen["hv_off"] and float(bus.car_seen["dc_link_v"] or 999) < 60.0)  # type: ignore[arg-type]
    assert bus.car_seen["vin"] == car.vin
    for name, role in (
        ("rods", "rods_centred"),
        ("pins", "pins_engaged"),
        ("pin_lift", "pins_raised"),
        ("shutter", "shutter_open"),
    ):
        bus.drive(name, out=True, role=role)
    bus.lift(900.0, 189.5)
    assert bus.see("lift_switches")["dock_pins"] == (True,) * 4
    bus.lift(904.0, 2.2)
    assert bus.see("lift_load")["load_kg"] == pytest.approx(300.0, abs=1.0)
    bus.do("lock_tools", "unlock", mask=mask)
    bus.until(lambda: bus.see("lock_tools")["state"] == ("free",) * 10)
    assert bus.see("lock_proof")["proof_locked"] == (False,) * 10
    bus.lift(250.0, 136.5)
    bus.do("shuttle_rail", "move_out", position_mm=3000.0, speed_mm_s=463.5)
    bus.do("shuttle_rail", "move_in", position_mm=0.0, speed_mm_s=463.5)
    bus.until(lambda: bus.see("shuttle_rail")["out_at_store"] and bus.see("shuttle_rail")["in_at_under"])
    bus.until(lambda: not bus.see("shuttle_rail")["in_moving"])
    bus.lift(904.0, 112.5)
    bus.do("lock_tools", "lock", mask=mask)
    bus.until(lambda: bus.see("lock_tools")["state"] == ("locked",) * 10)
    assert bus.see("lock_tools")["torque_nm"] == pytest.approx((65.0,) * 10)
    assert bus.see("lock_tools")["angle_deg"] == pytest.approx((1440.0,) * 10)
    bus.lift(900.0, 2.2)
    bus.lift(0.0, 453.0)
    bus.drive("shutter", out=False, role="shutter_closed")
    bus.mode = CarMode.WAKE
    bus.until(lambda: bus.car_seen["self_check"] == "ok" and bus.car_seen["pack_serial"] == new.serial)
    for name, role in (("pin_lift", "wheels_on_floor"), ("pins", "pins_retracted"), ("rods", "rods_home")):
        bus.drive(name, out=False, role=role)
    bus.mode = CarMode.RELEASE
    bus.drive("lane_gate", out=True, role="lane_gate_open")
    bus.until(lambda: bus.see("platform_io")["lane_clear"])
    assert car.pack is new
    assert world.referee.breaches == []


def test_a_start_before_the_drive_is_enabled_does_nothing(bus: Bus) -> None:
    start = bus.codecs["lift_drive"].plan("move", {"position_mm": 100.0, "speed_mm_s": 100.0})[-1]
    assert isinstance(start, Write)
    bus.emulators.units["lift_drive"].write(start.table, start.address, start.values, bus.now)
    bus.until(lambda: bus.now > 1.0)
    assert bus.see("lift_drive")["position_mm"] == 0.0
    assert bus.see("lift_drive")["enabled"] is False


def test_done_bits_drop_at_the_start_and_quick_stop_ends_the_motion(bus: Bus) -> None:
    assert bus.see("lift_drive")["path_done"] is True
    bus.do("lift_drive", "move", position_mm=900.0, speed_mm_s=100.0)
    seen = bus.see("lift_drive")
    assert (seen["moving"], seen["path_done"], seen["command_done"], seen["home_done"]) == (True, False, False, True)
    bus.until(lambda: bus.now > 1.0)
    bus.do("lift_drive", "stop")
    bus.until(lambda: not bus.see("lift_drive")["moving"], 0.5)
    assert 10.0 < float(bus.see("lift_drive")["position_mm"] or 0) < 120.0  # type: ignore[arg-type]


def test_the_drive_answers_bytes_of_the_manual(bus: Bus) -> None:
    drive = bus.emulators.units["lift_drive"]
    assert drive.functions == {3, 6, 16}
    assert drive.read(Table.HOLDING, 0x1003, 1, bus.now) == (0x0070,)
    bus.do("lift_drive", "move", position_mm=10.0, speed_mm_s=100.0)
    bus.until(lambda: not bus.see("lift_drive")["moving"])
    assert drive.read(Table.HOLDING, 0x602C, 2, bus.now) == (0, 10000)
    assert drive.read(Table.HOLDING, 0x1003, 1, bus.now) == (0x0072,)


@pytest.mark.parametrize(
    ("table", "address", "code"),
    [(Table.INPUT, 0x1014, 1), (Table.COIL, 0, 1), (Table.HOLDING, 0x3000, 2), (Table.HOLDING, 0x1014 + 2, 2)],
)
def test_the_drive_refuses_what_it_does_not_have(bus: Bus, table: Table, address: int, code: int) -> None:
    with pytest.raises(ModbusReject) as refused:
        bus.emulators.units["lift_drive"].read(table, address, 1, bus.now)
    assert refused.value.code == code


def test_the_coupler_shows_one_image_as_bits_and_as_words(bus: Bus) -> None:
    coupler = bus.emulators.units["platform_io"]
    bits = coupler.read(Table.DISCRETE, 0, 16, bus.now)
    assert coupler.read(Table.COIL, 0, 16, bus.now) == bits
    assert coupler.read(Table.HOLDING, 0, 1, bus.now) == coupler.read(Table.INPUT, 0, 1, bus.now)
    assert coupler.read(Table.HOLDING, 0, 1, bus.now) == (sum(bit << k for k, bit in enumerate(bits)),)
    coupler.write(Table.COIL, 0, (1, 0), bus.now)
    assert coupler.read(Table.COIL, 0x200, 2, bus.now) == (1, 0)
    assert coupler.read(Table.INPUT, 0x200, 1, bus.now) == (1,)
    coupler.write(Table.HOLDING, 0x200, (0x0002,), bus.now)
    assert coupler.read(Table.DISCRETE, 0x200, 2, bus.now) == (0, 1)
    assert bus.world.platform.cylinders["rods"].home  # type: ignore[index]


@pytest.mark.parametrize("address", [0x0100, 0x01FF, 0x0300, 0x0FFF, 0x00FF, 0x3000])
def test_the_coupler_refuses_words_between_its_areas(bus: Bus, address: int) -> None:
    with pytest.raises(ModbusReject) as refused:
        bus.emulators.units["platform_io"].read(Table.HOLDING, address, 2, bus.now)
    assert refused.value.code == 2


def test_a_silent_unit_and_a_frozen_one(bus: Bus) -> None:
    rig = Rig(bus.world, bus.emulators)
    bus.see("lift_drive")
    inject(rig, "unit-silent", unit="lift_drive")
    with pytest.raises(ModbusSilence):
        bus.see("lift_drive")
    clear(rig, "unit-silent", unit="lift_drive")
    bus.do("lift_drive", "move", position_mm=900.0, speed_mm_s=100.0)
    before = bus.see("lift_drive")
    inject(rig, "unit-frozen", unit="lift_drive")
    bus.until(lambda: bus.now > 1.0)
    assert bus.see("lift_drive") == before
    clear(rig, "unit-frozen", unit="lift_drive")
    assert bus.see("lift_drive") != before


def test_a_dead_link_silences_all_its_units(bus: Bus) -> None:
    inject(Rig(bus.world, bus.emulators), "link-dead", link="lift_line")
    for unit in ("lift_drive", "lift_load", "lift_switches"):
        with pytest.raises(ModbusSilence):
            bus.see(unit)
    bus.see("lock_tools")


def listen(bus: Bus, place: str, seconds: float) -> list[Frame]:
    node, frames, end = bus.emulators.nodes[place], [], bus.now + seconds
    while node.next_due() < end:
        frames += node.due(max(node.next_due(), bus.now))
    bus.now = end
    return frames


def test_a_pack_talks_at_its_cycles_and_an_empty_bay_is_silent(bus: Bus, station: Station) -> None:
    pack = bus.world.packs.at["bay-2"]
    codec = PackCodec(station.packs[pack.kind.name], node=2)
    seen: dict[str, Value | None] = {}
    frames = listen(bus, "bay-2", 10.0)
    for frame in frames:
        seen |= codec.decode(frame) or {}
    assert 190 <= len(frames) <= 210
    assert codec.repeated == 0
    assert seen["serial"] == pack.serial
    assert seen["soc_pct"] == pytest.approx(pack.soc_pct)
    assert (seen["contactors_open"], seen["current_a"]) == (True, 0.0)
    assert listen(bus, "bay-14", 10.0) == []


def test_who_is_not_there_wants_no_look_until_the_world_changes(bus: Bus) -> None:
    node, told = bus.emulators.nodes["bay-14"], []
    bus.world.watchers.append(lambda: told.append(node.next_due()))
    assert node.due(1.0) == []
    assert node.next_due() == float("inf")
    bus.world.packs.put("bay-14", bus.world.new_pack("choco-20"))
    assert told, "whoever waits for the node is told of the change"
    assert told[-1] < 2.0
    assert node.due(2.0)
    inject(Rig(bus.world, bus.emulators), "pack-silent", place="bay-14")
    assert node.due(3.0) == []
    assert node.next_due() == float("inf")
    clear(Rig(bus.world, bus.emulators), "pack-silent", place="bay-14")
    assert node.due(4.0)


def test_while_something_moves_a_silent_node_is_looked_at_at_its_own_pace(bus: Bus) -> None:
    """A pack that the lift presses to the car is heard on the way: no event says that its plug is in."""
    node = bus.emulators.nodes["car"]
    bus.tick()
    bus.do("stacker_crane", "move", level_mm=1500.0)
    bus.tick()
    assert bus.see("stacker_crane")["moving"]
    assert node.due(bus.now) == []
    assert bus.now < node.next_due() <= bus.now + 0.1


def test_frames_are_of_the_pack_that_is_there_now(bus: Bus, station: Station) -> None:
    listen(bus, "bay-14", 1.0)
    pack = bus.world.new_pack("choco-25", soc_pct=55.0)
    bus.world.packs.put("bay-14", pack)
    codec = PackCodec(station.packs["choco-25"], node=14)
    seen: dict[str, Value | None] = {}
    for frame in listen(bus, "bay-14", 2.0):
        seen |= codec.decode(frame) or {}
    assert (seen["serial"], seen["soc_pct"]) == (pack.serial, pytest.approx(55.0))


def test_coalesced_messages_come_whole_and_seldom(station: Station) -> None:
    world = World(station, seed=1)
    node = build_emulators(world, station, coalesce_s=2.0).nodes["bay-1"]
    codec = PackCodec(station.packs[world.packs.at["bay-1"].kind.name], node=1)
    seen: dict[str, Value | None] = {}
    for frame in node.due(0.0):
        seen |= codec.decode(frame) or {}
    assert seen["serial"] == world.packs.at["bay-1"].serial
    assert set(codec.period_s) == set(seen)
    assert node.next_due() == 2.0


def test_a_silent_pack_and_a_frozen_one_refresh_nothing(bus: Bus, station: Station) -> None:
    rig = Rig(bus.world, bus.emulators)
    codec = PackCodec(station.packs["choco-20"], node=1)
    listen(bus, "bay-1", 1.0)
    inject(rig, "pack-silent", place="bay-1")
    assert listen(bus, "bay-1", 1.0) == []
    clear(rig, "pack-silent", place="bay-1")
    bus.emulators.nodes["bay-1"].fault.frozen = True
    fresh = [values for frame in listen(bus, "bay-1", 2.0) if (values := codec.decode(frame)) and "soc_pct" in values]
    assert len(fresh) == 1


def test_the_car_is_heard_only_while_it_stands_and_old_requests_change_nothing(bus: Bus) -> None:
    car_node = bus.emulators.car
    assert car_node is not None
    assert [f for _ in range(50) for f in car_node.due(bus.now + 0.1 * _)] == []
    car = bus.world.queue_car()
    bus.do("platform_io", "drive", actuator="lane_gate", out=True)
    bus.until(lambda: bus.car_seen.get("standing"))
    old = bus.car.encode_request(CarMode.SWAP, bus._count)
    car_node.on_frame(old, bus.now)
    assert car.mode is CarMode.NONE
    bus.mode = CarMode.SWAP
    bus.tick()
    assert car.mode is CarMode.SWAP


@pytest.mark.skipif("coverage" in sys.modules, reason="what is traced line by line is not cheap")
def test_a_read_of_an_unchanged_block_is_cheap(bus: Bus) -> None:
    unit, block = bus.emulators.units["platform_io"], bus.codecs["platform_io"].blocks[0]
    bus.see("platform_io")
    best = min(
        timeit(lambda: unit.read(block.table, block.address, block.count, bus.now), number=500) for _ in range(5)
    )
    assert best / 500 < 50e-6
