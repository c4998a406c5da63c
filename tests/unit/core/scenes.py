"""The station as pictures: hand-made Images of every situation of a swap, and what a command changes in them.

Typed from the physical model (heights, rail, lock points), independent of the chart and of the simulator.
"""

from dataclasses import fields, replace
from functools import cache, reduce
from typing import Any

from firmware_py.core.gate_words import GateLimits
from firmware_py.core.image import Image
from firmware_py.core.params import Params
from firmware_py.core.state import Order, Swap
from firmware_py.shell.params import limits_of, params_of
from hal.commands import (
    Actuator,
    CarMode,
    Command,
    Connector,
    Drive,
    DriveConnector,
    HomeFork,
    Lock,
    MoveLift,
    MoveSlot,
    MoveStacker,
    PickPack,
    PlacePack,
    RequestCar,
    Slot,
    Unlock,
)
from hal.config.loader import load_station
from hal.readings import (
    CarReading,
    ChargerReading,
    CodeReading,
    FireReading,
    HoistReading,
    InsulationBound,
    InsulationReading,
    InsulationState,
    LiftReading,
    LockSetReading,
    LockState,
    PackReading,
    PlatformReading,
    RackReading,
    SafetyReading,
    SelfCheck,
    ShuttleReading,
    SignalsReading,
    StackerReading,
    UpsReading,
    VisionReading,
)

HOME, TRANSFER, DOCK, SUPPORT = 0.0, 250.0, 900.0, 904.0
BUFFER, UNDER, STORE = -3000.0, 0.0, 3000.0
MASS_KG, TOUCH_KG = 300.0, 20.0
VIN = "LNBSCUAK0PR000001"
NEW, OLD, OTHER = "001PB20" + "N" * 17, "001PB20" + "A" * 17, "001PB20" + "X" * 17
POINTS, BAYS = 10, 14
DEVICES = (
    "lift", "locks", "shuttle", "stacker", "platform", "safety", "car", "car_pack", "buffer", "rack", "fire", "hoist",
    "vision", "scanner", "ups", "insulation",
)  # fmt: skip


@cache
def params() -> Params:
    """The demonstration station, as the chart sees it."""
    return params_of(load_station("choco-14"))


@cache
def limits() -> GateLimits:
    """The demonstration station, as the gate sees it."""
    return limits_of(load_station("choco-14"))


def put(image: Image, **changes: object) -> Image:
    """`put(image, lift__load_kg=3.0, car=CarReading())`: the same picture with other values."""
    for path, value in changes.items():
        device, _, role = path.partition("__")
        new: Any = replace(getattr(image, device), **{role: value}) if role else value
        image = replace(image, **{device: new})
    return image


def roles_of(image: Image) -> list[tuple[str, str]]:
    """(device, role) of everything that is known in a picture, time stamps and packs in the rack aside."""
    return [
        (device, f.name)
        for device in DEVICES
        for f in fields(getattr(image, device))
        if f.name != "at_s" and getattr(getattr(image, device), f.name) is not None
    ]


def value_of(image: Image, role: tuple[str, str]) -> Any:
    """Value of one role."""
    return getattr(getattr(image, role[0]), role[1])


def with_value(image: Image, role: tuple[str, str], value: object) -> Image:
    """The picture with one role changed."""
    return put(image, **{f"{role[0]}__{role[1]}": value})


def pack(serial: str, soc: float = 95.0, temp: float = 22.0) -> PackReading:
    """A healthy pack that may be handed out."""
    return PackReading(serial, soc, 98.0, 380.0, 0.0, 3.31, 3.30, temp, temp - 1.0, True, True, 0)


def locks(state: LockState) -> LockSetReading:
    """All points alike, tool and second channel of one mind."""
    tight = state is LockState.LOCKED
    return LockSetReading(
        (state,) * POINTS,
        (65.0 if tight else 0.0,) * POINTS,
        (1440.0 if tight else 0.0,) * POINTS,
        0,
        (tight,) * POINTS,
    )


def one_point(image: Image, state: LockState, point: int = 4) -> Image:
    """One lock point alone shows another state."""
    seen = image.locks.state or ()
    return put(image, locks__state=(*seen[: point - 1], state, *seen[point:]))


SAFE = SafetyReading(True, True, True, True, True, True, True, False, False)
BAY_PACKS = tuple(pack(NEW if bay == 1 else f"001PB20{bay:017d}", 95.0 if bay == 1 else 90.0) for bay in range(1, BAYS))

EMPTY_LANE = Image(
    lift=LiftReading(HOME, 0.0, True, False, False, 0, 0.0, True, False, False, (False,) * 4, (False,) * 4),
    locks=locks(LockState.FREE),
    shuttle=ShuttleReading(UNDER, False, True, False, False, BUFFER, False, True, False, False, 0),
    stacker=StackerReading(1500.0, False, True, 0.0, True, False, 0),
    platform=PlatformReading(
        lane_clear=True, grooves=(False,) * 4, rods_home=True, rods_centred=False, pins_retracted=True,
        pins_engaged=False, pins_raised=False, wheels_on_floor=False, shutter_open=False, shutter_closed=True,
        lane_gate_open=False, lane_gate_closed=True, buffer_present=False, store_present=False,
        bay_present=(*(True,) * (BAYS - 1), False), isolation_present=False,
    ),
    safety=SAFE,
    rack=RackReading((False,) * BAYS, (True,) * BAYS, (False,) * BAYS, (True,) * BAYS, (False,) * BAYS),
    fire=FireReading((False,) * 2, (False,) * 2, True, False),
    chargers=(ChargerReading(False, 0.0, 0.0, 25.0, 0),) * BAYS,
    hoist=HoistReading((0.0,) * 4, False, False),
    vision=VisionReading(0.0, 0.0, 0.0, True),
    signals=SignalsReading("green", "welcome"),
    insulation=InsulationReading(2e6, InsulationBound.EXACT, InsulationState.NONE, 0.0),
    ups=UpsReading(True, 100.0, 1800.0, True),
    packs=(*BAY_PACKS, PackReading()),
)  # fmt: skip
"""Nobody there; 13 packs in the rack, the new one in bay 1."""

CAR = CarReading(VIN, True, True, True, True, False, 380.0, False, OLD, True, True, SelfCheck.IDLE, True, 0)
SWAP = Swap("swap-1", Order("order-1", VIN, "aion-ut"), 1, NEW, serial_old=OLD, return_bay=1)


def _lift(image: Image, target: float) -> Image:
    seat = target >= DOCK
    load = {SUPPORT: MASS_KG, DOCK: TOUCH_KG}.get(target, 0.0)
    was_up = (image.lift.load_kg or 0.0) > TOUCH_KG
    free = all(s is LockState.FREE for s in image.locks.state or ())
    if free and was_up and target == TRANSFER:
        slot = "out" if image.shuttle.out_at_under and not image.shuttle.out_present else "in"
        image = put(image, **{f"shuttle__{slot}_present": True})
    if free and target == SUPPORT and image.lift.at_transfer:
        slot = "in" if image.shuttle.in_at_under else "out"
        image = put(image, **{f"shuttle__{slot}_present": False})
    lift = replace(
        image.lift,
        position_mm=target,
        load_kg=load,
        at_home=target == HOME,
        at_transfer=target == TRANSFER,
        at_seat=seat,
        dock_pins=(seat,) * 4,
        pack_seated=(seat,) * 4,
    )
    return put(image, lift=lift)


def _slot(image: Image, slot: Slot, target: float) -> Image:
    s, p = image.shuttle, image.platform
    if slot is Slot.OUT:
        shuttle = replace(s, out_mm=target, out_at_under=target == UNDER, out_at_store=target == STORE)
        platform = replace(p, store_present=target == STORE and s.out_present)
    else:
        shuttle = replace(s, in_mm=target, in_at_under=target == UNDER, in_at_buffer=target == BUFFER)
        platform = replace(p, buffer_present=target == BUFFER and s.in_present)
    return put(image, shuttle=shuttle, platform=platform)


def _connector(image: Image, bay: int, which: Connector, out: bool) -> Image:
    def bays(values: tuple[bool, ...] | None, value: bool) -> tuple[bool, ...]:
        seen = values or ()
        return (*seen[: bay - 1], value, *seen[bay:])

    mated, home = getattr(image.rack, f"{which}_mated"), getattr(image.rack, f"{which}_home")
    return put(image, **{f"rack__{which}_mated": bays(mated, out), f"rack__{which}_home": bays(home, not out)})


def _place(image: Image, side: object, present: bool) -> Image:
    """The place before the fork becomes full or empty."""
    level, p = image.stacker.level_mm, params()
    name = next(n for n, at in p.places.items() if at.level_mm == level and at.side == side)
    image = put(image, stacker__present=not present)
    if name == "buffer":
        there = pack(NEW) if present else PackReading()
        code = CodeReading(NEW) if present else CodeReading()
        return put(image, platform__buffer_present=present, shuttle__in_present=present, buffer=there, scanner=code)
    if name == "isolation":
        return put(image, platform__isolation_present=present)
    if name == "store":
        return put(image, platform__store_present=present, shuttle__out_present=present)
    bay = int(name.removeprefix("bay-"))
    seen = image.platform.bay_present or ()
    return put(image, platform__bay_present=(*seen[: bay - 1], present, *seen[bay:]))


def _drive(image: Image, actuator: Actuator, out: bool) -> Image:
    p = image.platform
    match actuator:
        case Actuator.RODS:
            p = replace(p, rods_centred=out, rods_home=not out)
        case Actuator.PINS:
            p = replace(p, pins_engaged=out, pins_retracted=not out)
        case Actuator.PIN_LIFT:
            p = replace(p, pins_raised=out, wheels_on_floor=not out)
            image = put(image, hoist=HoistReading((120.0 if out else 0.0,) * 4, out, False))
        case Actuator.SHUTTER:
            p = replace(p, shutter_open=out, shutter_closed=not out)
        case Actuator.LANE_GATE:
            p = replace(p, lane_gate_open=out, lane_gate_closed=not out)
    return put(image, platform=p)


def _ask(image: Image, mode: CarMode) -> Image:
    match mode:
        case CarMode.SWAP:
            return put(image, car=replace(image.car, swap_mode=True, hv_off=True, dc_link_v=12.0))
        case CarMode.WAKE:
            sees = image.car_pack.serial
            woken = replace(image.car, self_check=SelfCheck.OK, pack_serial=sees, hvil_closed=True, pack_latched=True)
            return put(image, car=woken)
        case CarMode.RELEASE:
            gone = replace(image.platform, lane_clear=True, grooves=(False,) * 4, wheels_on_floor=False)
            return put(image, platform=gone, car=CarReading(), car_pack=PackReading(), locks=locks(LockState.FREE))
        case CarMode.NONE:
            return image


def after(image: Image, *commands: Command) -> Image:
    """The picture when these commands have been carried out, each at once and without a fault."""
    return reduce(_after, commands, image)


def _after(image: Image, command: Command) -> Image:  # noqa: PLR0911 - one case per command
    match command:
        case MoveLift(position_mm, _):
            return _lift(image, position_mm)
        case Lock():
            latched = put(image, car__pack_latched=True, car__hvil_closed=True) if image.car.vin else image
            return put(latched, locks=locks(LockState.LOCKED))
        case Unlock():
            loose = put(image, car__pack_latched=False, car__hvil_closed=False) if image.car.vin else image
            return put(loose, locks=locks(LockState.FREE))
        case MoveSlot(slot, position_mm, _):
            return _slot(image, slot, position_mm)
        case MoveStacker(level_mm):
            return put(image, stacker__level_mm=level_mm)
        case PickPack(side):
            return _place(image, side, present=False)
        case PlacePack(side):
            return _place(image, side, present=True)
        case HomeFork():
            return put(image, stacker__fork_home=True)
        case Drive(actuator, out):
            return _drive(image, actuator, out)
        case DriveConnector(bay, connector, out):
            return _connector(image, bay, connector, out)
        case RequestCar(mode):
            return _ask(image, mode)
        case _:
            return image


def drive_in(image: Image) -> Image:
    """The ordered car rolls in and stands in the grooves, its old pack locked."""
    there = replace(image.platform, lane_clear=False, grooves=(True,) * 4, wheels_on_floor=True)
    return put(image, platform=there, car=CAR, car_pack=pack(OLD, 12.0), locks=locks(LockState.LOCKED))


ALL = tuple(range(1, POINTS + 1))
STAGED = put(
    EMPTY_LANE,
    platform__buffer_present=True, platform__bay_present=(False, *(True,) * (BAYS - 2), False),
    shuttle__in_present=True, buffer=pack(NEW), scanner=CodeReading(NEW), stacker__level_mm=0.0,
)  # fmt: skip
ARRIVED = drive_in(after(STAGED, Drive(Actuator.LANE_GATE, True)))
STANDING = after(ARRIVED, Drive(Actuator.LANE_GATE, False))
READY = after(STANDING, RequestCar(CarMode.SWAP))
CENTRED = after(READY, Drive(Actuator.RODS, True))
PINNED = after(CENTRED, Drive(Actuator.PINS, True))
OPEN = after(PINNED, Drive(Actuator.SHUTTER, True))
CLAMPED = after(OPEN, Drive(Actuator.PIN_LIFT, True))
DOCKED = after(CLAMPED, MoveLift(DOCK, 1.0))
CARRIED = after(DOCKED, MoveLift(SUPPORT, 1.0))
FREED = after(CARRIED, Unlock(ALL))
LOWERED = after(FREED, MoveLift(TRANSFER, 1.0))
OUT_GOES = put(LOWERED, shuttle__out_moving=True)
"""The old pack's slot has begun to leave."""
OUT_STORED = after(LOWERED, MoveSlot(Slot.OUT, STORE, 1.0))
EXCHANGED = after(OUT_STORED, MoveSlot(Slot.IN, UNDER, 1.0))
SEATED = put(after(EXCHANGED, MoveLift(SUPPORT, 1.0)), car_pack=pack(NEW))
LOCKED = after(SEATED, Lock(ALL))
PROVEN = after(LOCKED, MoveLift(DOCK, 1.0))
RETRACTED = after(PROVEN, MoveLift(HOME, 1.0))
COVERED = after(RETRACTED, Drive(Actuator.SHUTTER, False))
WOKEN = after(COVERED, RequestCar(CarMode.WAKE))
DOWN = after(WOKEN, Drive(Actuator.PIN_LIFT, False))
RELEASED = after(DOWN, Drive(Actuator.PINS, False), Drive(Actuator.RODS, False))
LEAVING = after(RELEASED, Drive(Actuator.LANE_GATE, True))
LEFT = after(LEAVING, RequestCar(CarMode.RELEASE))
