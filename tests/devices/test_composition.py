"""Devices made of several units alike: two drives as one shuttle, rows in parts, latches from switches and outputs."""

import pytest

from hal.codecs.registers import UnitCodec, Value
from hal.commands import Lock, MoveSlot, Slot, Stop, Unlock
from hal.config.bundle import Channel, Unit, Wired
from hal.devices.composed import Device
from hal.devices.gathered import fault_of, latch_states, row_of
from hal.devices.unit import ModbusUnit
from hal.errors import CodecError, DeviceSilent
from hal.ports import LinkState, Table
from hal.readings import LockSetReading, PlatformReading, ShuttleReading
from tests.devices.test_config_files import POLL, device_file

AXIS = "axis/leadshine-cs2rs"


class Clock:
    now = 1.0

    def __call__(self) -> float:
        return self.now


class Link:
    """Device side of the units of one device. What is written to coils is read back; `dead` units do not answer."""

    def __init__(self) -> None:
        self.codecs: dict[int, UnitCodec] = {}
        self.values: dict[int, dict[str, Value]] = {}
        self.written: list[tuple[int, dict[str, Value]]] = []
        self.dead: set[int] = set()
        self.clock = Clock()
        self.state = LinkState.READY

    def unit(self, unit: Unit, **values: Value) -> ModbusUnit:
        codec = self.codecs[unit.unit] = UnitCodec(unit)
        readable = [n for n, r in unit.device.registers.items() if r.readable and r.repeat is None and not r.enum]
        self.values[unit.unit] = dict.fromkeys(readable, 0) | {f"out.{n}": False for n in unit.outputs} | values
        return ModbusUnit(codec, self, self.clock)

    async def read(self, unit: int, table: Table, address: int, count: int, *, timeout_s: float) -> tuple[int, ...]:
        if unit in self.dead:
            raise DeviceSilent(f"unit {unit}")
        return self.codecs[unit].encode_read(table, address, count, self.values[unit])

    async def write(
        self, unit: int, table: Table, address: int, values: tuple[int, ...], *,
        multiple: bool, timeout_s: float, urgent: bool = False, still: object = None,
    ) -> None:  # fmt: skip
        if unit in self.dead:
            raise DeviceSilent(f"unit {unit}")
        found = self.codecs[unit].decode_write(table, address, values)
        self.values[unit] |= found
        self.written.append((unit, found))


def unit(
    name: str, number: int, file: str, *, inputs: dict[str, Wired] | None = None,
    outputs: dict[str, Channel] | None = None, roles: dict[str, str] | None = None, verbs: dict[str, str] | None = None,
) -> Unit:  # fmt: skip
    return Unit(
        name, "line", number, device_file(file), POLL, {}, inputs or {}, outputs or {}, roles or {}, verbs or {}
    )


def slot(name: str, number: int) -> Unit:
    roles = {f"{name}_mm": "position_mm", f"{name}_moving": "moving", "fault_word": "fault_word"}
    return unit(name, number, AXIS, roles=roles, verbs={f"move_{name}": "move", "stop": "stop"})


@pytest.fixture(name="rail")
def two_drives() -> tuple[Device, Link]:
    link = Link()
    units = [
        link.unit(slot("out", 1), position_mm=5, enabled=True),
        link.unit(slot("in", 2), position_mm=-7, enabled=True),
    ]
    return Device("shuttle", "shuttle", units), link


async def reading(device: Device) -> object:
    for one in device.units:
        await one.poll()
    return device.reading(lambda _: True)


async def test_each_drive_gives_the_roles_of_its_slot(rail: tuple[Device, Link]) -> None:
    device, link = rail
    link.values[2] |= {"moving": True, "fault_word": 0x180}
    seen = await reading(device)
    assert isinstance(seen, ShuttleReading)
    assert (seen.out_mm, seen.in_mm, seen.out_moving, seen.in_moving) == (5, -7, False, True)
    assert seen.fault_word == 0x180


async def test_a_fault_of_one_drive_shows_also_when_the_other_is_silent(rail: tuple[Device, Link]) -> None:
    device, link = rail
    link.values[2]["fault_word"] = 7
    await reading(device)
    stale = device.reading(lambda one: one.name == "in")
    assert isinstance(stale, ShuttleReading)
    assert (stale.fault_word, stale.out_mm, stale.in_mm) == (7, None, -7)
    half = device.reading(lambda one: one.name == "out")
    assert isinstance(half, ShuttleReading)
    assert half.fault_word is None


async def test_a_move_goes_to_the_drive_of_its_slot_and_a_stop_to_both(rail: tuple[Device, Link]) -> None:
    device, link = rail
    await device.do(MoveSlot(Slot.IN, 100.0, 30.0))
    assert {number for number, _ in link.written} == {2}
    assert link.written[-1][1]["target_mm"] == 100
    link.written.clear()
    await device.do(Stop("shuttle"), urgent=True)
    assert sorted(link.written) == [(1, {"quick_stop": 0x0040}), (2, {"quick_stop": 0x0040})]


async def test_a_stop_reaches_the_living_drive_and_tells_of_the_dead_one(rail: tuple[Device, Link]) -> None:
    device, link = rail
    link.dead.add(1)
    with pytest.raises(DeviceSilent):
        await device.do(Stop("shuttle"), urgent=True)
    assert link.written == [(2, {"quick_stop": 0x0040})]


def test_only_what_the_station_takes_is_polled(rail: tuple[Device, Link]) -> None:
    device, _ = rail
    codec = device.units[0].codec
    assert codec.roles == ("moving", "position_mm", "fault_word")
    assert 0x1046 not in [block.address for block in codec.blocks], "the speed is no role of a shuttle"


def latches(link: Link, clock: Clock | None = None) -> Device:
    if clock is not None:
        link.clock = clock
    switches: dict[str, Wired] = {
        "latch_open": (Channel("di", 0), Channel("di", 1)),
        "latch_closed": (Channel("di", 2), Channel("di", 3)),
        "proof_locked": (Channel("di", 4), Channel("di", 5)),
    }
    drive = {f"latch_{way}_{k}": Channel("do", 2 * k + i) for k in (1, 2) for i, way in enumerate(("open", "closed"))}
    seen = link.unit(
        unit("switches", 1, "io/moxa-e1210", inputs=switches),
        latch_open=(False, False), latch_closed=(True, True), proof_locked=(True, True),
    )  # fmt: skip
    return Device("locks", "lock-set", [seen, link.unit(unit("drive", 2, "io/moxa-e1211", outputs=drive))])


async def test_latches_open_by_their_own_outputs_and_tell_their_state_by_their_switches() -> None:
    link = Link()
    device = latches(link)
    seen = await reading(device)
    assert isinstance(seen, LockSetReading)
    assert (seen.state, seen.proof_locked, seen.torque_nm) == (("locked", "locked"), (True, True), None)
    await device.do(Unlock((2,)))
    driven = {name for name, on in link.values[2].items() if on is True}
    assert driven == {"out.latch_open_2"}
    link.values[1] |= {"latch_closed": (True, False)}
    seen = await reading(device)
    assert isinstance(seen, LockSetReading)
    assert seen.state == ("locked", "turning")
    await device.do(Stop("locks"))
    seen = await reading(device)
    assert isinstance(seen, LockSetReading)
    assert seen.state == ("locked", "failed"), "stopped half way"
    await device.do(Lock((1, 2)))
    assert {name for name, on in link.values[2].items() if on is True} == {"out.latch_closed_1", "out.latch_closed_2"}


async def test_a_latch_turns_off_one_way_before_it_turns_on_the_other() -> None:
    link = Link()
    device = latches(link)
    await device.do(Lock((1,)))
    link.written.clear()
    await device.do(Unlock((1,)))
    states = {"out.latch_open_1": False, "out.latch_closed_1": True}
    for _, found in link.written:
        states |= found  # type: ignore[arg-type]
        assert states != {"out.latch_open_1": True, "out.latch_closed_1": True}
    assert states == {"out.latch_open_1": True, "out.latch_closed_1": False}


async def test_a_latch_that_the_station_does_not_have_is_refused() -> None:
    with pytest.raises(CodecError, match=r"\[3\]"):
        await latches(Link()).do(Lock((3,)))


@pytest.mark.parametrize(("opened", "closed", "driven", "state"), [
    (False, True, False, "locked"), (True, False, False, "free"), (False, True, True, "locked"),
    (False, False, True, "turning"), (False, False, False, "failed"),
    (True, True, False, "failed"), (True, True, True, "failed"),
])  # fmt: skip
def test_state_of_a_latch(opened: bool, closed: bool, driven: bool, state: str) -> None:
    assert latch_states([(opened,), (closed,), driven, False], current=True) == (state,)
    assert latch_states([(opened,), (closed,), False, driven], current=True) == (state,)


async def test_a_switch_that_moved_after_the_outputs_were_seen_is_on_its_way_until_they_are_seen_again() -> None:
    link = Link()
    device = latches(link, clock := Clock())
    await reading(device)
    link.values[1] |= {"latch_closed": (False, True)}
    clock.now += 0.05
    await device.units[0].poll()
    seen = device.reading(lambda _: True)
    assert isinstance(seen, LockSetReading)
    assert (seen.state, device.undecided) == (("turning", "locked"), True)
    clock.now += 0.05
    await device.units[1].poll()  # nothing drives it
    seen = device.reading(lambda _: True)
    assert isinstance(seen, LockSetReading)
    assert (seen.state, device.undecided) == (("failed", "locked"), False)
    clock.now += 0.05
    await device.units[0].poll()
    seen = device.reading(lambda _: True)
    assert isinstance(seen, LockSetReading)
    assert seen.state == ("failed", "locked"), "a poll that brings nothing new changes no verdict"


@pytest.mark.parametrize(
    "parts", [[None, (True,), False], [(True,), None, False], [(True,), (False,), None], [(True,), (), False]]
)
def test_a_latch_of_which_anything_is_unknown_is_unknown(parts: list[Value | None]) -> None:
    assert latch_states(parts, current=True) is None


def test_rows_are_joined_in_order_and_unknown_when_a_part_is() -> None:
    assert row_of([(True, False), (True,)]) == (True, False, True)
    assert row_of([(True, False), None]) is None


def test_the_worst_fault_word_counts() -> None:
    assert [fault_of(p) for p in ([0, 0], [0, 5], [None, 5], [0, None])] == [0, 5, 5, None]


async def test_a_row_comes_from_two_units_in_the_order_of_the_device() -> None:
    link = Link()
    first = {"bay_present": (Channel("di", 0), Channel("di", 1))}
    second = {"bay_present": (Channel("di", 3),)}
    units = [
        link.unit(unit("low", 1, "io/moxa-e1210", inputs=dict(first)), bay_present=(True, False)),
        link.unit(unit("high", 2, "io/moxa-e1210", inputs=dict(second)), bay_present=(True,)),
    ]
    seen = await reading(Device("platform", "platform", units))
    assert isinstance(seen, PlatformReading)
    assert seen.bay_present == (True, False, True)
