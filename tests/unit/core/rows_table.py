"""For every row of the chart: the picture it starts from, the picture when it is done, its witnesses and its dangers.

Typed from the reference sequence (interlock and evidence columns) and the fault table of the domain, not from the rows.
"""

from dataclasses import dataclass, replace

from firmware_py.core.faults import FaultCode as F
from firmware_py.core.image import Image
from firmware_py.core.state import Install, Purpose, Swap
from hal.commands import (
    Actuator,
    CarMode,
    Connector,
    Drive,
    DriveConnector,
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
from hal.commands import Side as Aisle
from hal.readings import (
    CarReading,
    LiftReading,
    LockSetReading,
    LockState,
    PackReading,
    PlatformReading,
    RackReading,
    SelfCheck,
    ShuttleReading,
    StackerReading,
)
from tests.unit.core import scenes as s


@dataclass(frozen=True)
class Danger:
    """What may go wrong while a row runs, and what the station must call it."""

    change: dict[str, object]
    code: F
    device: str
    given_up: bool = False
    """It is the order that is gone, not a reading."""


_LOST = F.LINK_LOST
REJECTED: dict[str, object] = {
    "car__self_check": SelfCheck.FAILED,
    "car__pack_serial": s.NEW,
    "car__hvil_closed": True,
    "car__insulation_ok": True,
    "car__trouble_codes": 0,
}
"""The car's own check ended badly, and it does not say why."""
DANGERS = {
    "given-up": Danger({}, F.NO_ELIGIBLE_PACK, "rack", given_up=True),
    "platform-silent": Danger({"platform": PlatformReading()}, _LOST, "platform"),
    "lane-unseen": Danger({"platform__lane_clear": None}, _LOST, "platform"),
    "buffer-taken": Danger({"platform__buffer_present": True}, F.PLACE_OCCUPIED, "stacker"),
    "isolation-taken": Danger({"platform__isolation_present": True}, F.PLACE_OCCUPIED, "stacker"),
    "bay-taken": Danger({"platform__bay_present": (True,) * 14}, F.PLACE_OCCUPIED, "stacker"),
    "rack-unseen": Danger({"platform__bay_present": None}, _LOST, "platform"),
    "car-silent": Danger({"car": CarReading()}, _LOST, "car"),
    "door-unseen": Danger({"car__doors_closed": None}, _LOST, "car"),
    "door": Danger({"car__doors_closed": False}, F.DOOR_OPEN, "car"),
    "park": Danger({"car__in_park": False}, F.CAR_NOT_PARKED, "car"),
    "brake": Danger({"car__brake_held": False}, F.CAR_NOT_PARKED, "car"),
    "rolls": Danger({"car__standing": False}, F.CAR_NOT_PARKED, "car"),
    "hv-on": Danger({"car__hv_off": False}, F.HV_NOT_OFF, "car"),
    "dc-link": Danger({"car__dc_link_v": 60.0}, F.HV_NOT_OFF, "car"),
    "other-car": Danger({"car__vin": "LNBSCUAK0PR999999"}, F.VIN_MISMATCH, "car"),
    "check-fails": Danger(REJECTED, F.SELF_CHECK_FAILED, "car"),
    "pack-unheard": Danger({**REJECTED, "car__pack_serial": ""}, F.CAR_PACK_SILENT, "car"),
    "pack-other": Danger({**REJECTED, "car__pack_serial": s.OTHER}, F.CAR_PACK_MISMATCH, "car"),
    "loop-open": Danger({**REJECTED, "car__hvil_closed": False}, F.HVIL_OPEN, "car"),
    "car-leaks": Danger({**REJECTED, "car__insulation_ok": False}, F.INSULATION_LOW, "car"),
    "codes-set": Danger({**REJECTED, "car__trouble_codes": 2}, F.CAR_TROUBLE_CODE, "car"),
    "pins-lost": Danger({"platform__pins_raised": False}, F.CAR_NOT_HELD, "platform"),
    "rods-lost": Danger({"platform__rods_centred": False}, F.CAR_NOT_HELD, "platform"),
    "catch-lost": Danger({"hoist__catch_engaged": False}, F.CATCH_NOT_ENGAGED, "hoist"),
    "columns": Danger({"hoist__columns_mm": (100.0, 100.0, 94.9, 100.0)}, F.COLUMNS_OUT_OF_STEP, "hoist"),
    "hoist-over": Danger({"hoist__overloaded": True}, F.HOIST_OVERLOADED, "hoist"),
    "rack-silent": Danger({"rack": RackReading()}, _LOST, "rack"),
    "shutter": Danger({"platform__shutter_open": False}, F.SHUTTER_NOT_REACHED, "platform"),
    "lift-silent": Danger({"lift": LiftReading()}, _LOST, "lift"),
    "speed-unseen": Danger({"lift__speed_mm_s": None}, _LOST, "lift"),
    "load-unseen": Danger({"lift__load_kg": None}, _LOST, "lift"),
    "lift-fault": Danger({"lift__fault_word": 0x21}, F.LIFT_DRIVE_FAULT, "lift"),
    "locks-silent": Danger({"locks": LockSetReading()}, _LOST, "locks"),
    "proof-unseen": Danger({"locks__proof_locked": None}, _LOST, "locks"),
    "proof-open": Danger({"locks__proof_locked": (True,) * 9 + (False,)}, F.LOCK_PROOF_DISAGREES, "locks"),
    "lock-opens": Danger({"point": LockState.FREE}, F.LOCK_UNEXPECTED_OPEN, "locks"),
    "lock-catches": Danger({"point": LockState.LOCKED}, F.LOCK_PROOF_DISAGREES, "locks"),
    "unlock-fails": Danger({"point": LockState.FAILED}, F.LOCK_FAILED_UNLOCK, "locks"),
    "lock-fails": Danger({"point": LockState.FAILED}, F.LOCK_FAILED_LOCK, "locks"),
    "pack-hangs": Danger({"lift__position_mm": 600.0, "lift__load_kg": 50.0}, F.PACK_HANGS, "lift"),
    "overload": Danger({"lift__load_kg": 600.0}, F.MASS_TOO_HIGH, "lift"),
    "load-lost": Danger({"lift__load_kg": 100.0}, F.MASS_TOO_LOW, "lift"),
    "bad-pack": Danger({"buffer__temp_max_degc": 50.0}, F.PACK_NOT_ELIGIBLE, "buffer"),
    "other-pack": Danger({"buffer__serial": s.OTHER}, F.PACK_SERIAL_MISMATCH, "buffer"),
    "slots-meet": Danger({"shuttle__out_mm": 0.0, "shuttle__in_mm": -1000.0}, F.SHUTTLE_JAMMED, "shuttle"),
    "shuttle-silent": Danger({"shuttle": ShuttleReading()}, _LOST, "shuttle"),
    "slot-unseen": Danger({"shuttle__out_present": None}, _LOST, "shuttle"),
    "stacker-silent": Danger({"stacker": StackerReading()}, _LOST, "stacker"),
    "fork-unseen": Danger({"stacker__fork_home": None}, _LOST, "stacker"),
}
RACK_LOST = "rack-silent lane-unseen platform-silent"
PARKED = "lane-unseen platform-silent car-silent door-unseen door park brake rolls hv-on dc-link"
HELD = f"{PARKED} pins-lost rods-lost catch-lost"
ENTERING = f"{PARKED} other-car given-up"
LIFT = "lift-silent speed-unseen load-unseen lift-fault shutter"
LOCKED, FREE = "lock-opens locks-silent", "lock-catches locks-silent"
RACK = "stacker-silent fork-unseen platform-silent lane-unseen rack-unseen"


@dataclass(frozen=True)
class Played:
    """One row: pictures before and after, the two witnesses of its end, what must stop it."""

    start: Image
    done: Image
    witnesses: tuple[str, ...]
    dangers: str
    swap: Swap = s.SWAP


OLD_AGAIN = replace(s.SWAP, install=Install.OLD)
STACKER = ("stacker__level_mm", "stacker__at_level")
PICKED, PLACED = ("stacker__present", "platform__bay_present"), ("platform__buffer_present", "stacker__present")
SLOT_OUT, SLOT_IN = ("shuttle__out_mm", "shuttle__out_at_store"), ("shuttle__in_mm", "shuttle__in_at_under")
RODS = ("platform__rods_centred", "platform__rods_home")
PINS = ("platform__pins_engaged", "platform__pins_retracted")
BODY = ("platform__pins_raised", "platform__wheels_on_floor")
SHUTTER = ("platform__shutter_open", "platform__shutter_closed")
GATE = ("platform__lane_gate_closed", "platform__lane_gate_open")
LANE = ("platform__lane_clear", "platform__grooves")
BOLTS = ("locks__state", "locks__proof_locked")


def height(switch: str) -> tuple[str, str]:
    """The drive's position and a switch of its own."""
    return ("lift__position_mm", f"lift__{switch}")


BAY, RAIL = MoveStacker(600.0), MoveStacker(0.0)
AT_BAY = s.after(s.EMPTY_LANE, BAY)
FETCHED = s.after(AT_BAY, PickPack(Aisle.LEFT))
BROUGHT = s.after(FETCHED, RAIL)
OTHER_HOME = s.after(s.put(s.STAGED, stacker__level_mm=1500.0), RAIL)
TAKEN = s.after(OTHER_HOME, PickPack(Aisle.LEFT))
BACK = s.after(TAKEN, BAY)
STORED = s.after(s.put(s.after(s.RETRACTED, MoveSlot(Slot.IN, s.BUFFER, 1.0)), stacker__level_mm=600.0), RAIL)
OFF = s.after(STORED, PickPack(Aisle.RIGHT))
OFF_BAY = s.after(OFF, BAY)
FAILED = s.one_point(s.SEATED, LockState.FAILED)
HALF_LOCKED = s.put(
    s.one_point(s.LOCKED, LockState.FREE), locks__proof_locked=tuple(k != 4 for k in s.ALL)
)  # fmt: skip
BACKED_OFF = s.put(s.one_point(s.LOCKED, LockState.FAILED), locks__proof_locked=HALF_LOCKED.locks.proof_locked)
RETURNED = s.after(s.after(s.OUT_STORED, MoveSlot(Slot.OUT, s.UNDER, 1.0)))
OLD_SEATED = s.after(RETURNED, MoveLift(s.SUPPORT, 1.0))
REJECTED = s.after(s.SEATED, MoveLift(s.TRANSFER, 1.0))
ASKED = s.put(s.STANDING, car__hv_off=False)
MIDWAY = {"lift__position_mm": 600.0, "lift__at_seat": False}
EMPTIED = s.put(s.after(s.RELEASED, RequestCar(CarMode.RELEASE)), platform__lane_gate_open=True,
                platform__lane_gate_closed=False)  # fmt: skip
TOP = MoveStacker(3750.0)
ISOLATED = replace(s.SWAP, purpose=Purpose.ISOLATE, isolate=True)
WITH_POWER, WITH_COOLANT = (DriveConnector(1, which, True) for which in Connector)
NO_POWER, NO_COOLANT = (DriveConnector(1, which, False) for which in Connector)
MATED = s.after(s.EMPTY_LANE, WITH_POWER, WITH_COOLANT)
POWER, COOLANT = (("rack__power_mated", "rack__power_home"), ("rack__coolant_mated", "rack__coolant_home"))
OPEN_GATE = Drive(Actuator.LANE_GATE, True)
AGAIN = replace(s.SWAP, passed=frozenset({"store.4", "mate.coolant", "home.out", "18.lower"}))
READY_AGAIN = s.put(
    s.after(s.COVERED, Drive(Actuator.PIN_LIFT, False), MoveSlot(Slot.IN, s.BUFFER, 1.0)),
    shuttle__out_mm=s.UNDER, shuttle__out_at_under=True, shuttle__out_at_store=False, shuttle__out_present=False,
    platform__store_present=False, car__hv_off=False, car__dc_link_v=350.0, car__swap_mode=False,
)  # fmt: skip
SLOT_AWAY = s.put(READY_AGAIN, shuttle__out_mm=1500.0, shuttle__out_at_under=False)
REFUSED = s.put(s.STANDING, platform__buffer_present=True)


def _carry(
    prefix: str, pictures: tuple[Image, ...], places: tuple[str, str] = ("bay", "buffer"), swap: Swap = s.SWAP
) -> dict[str, Played]:
    first, at, took, brought, put = pictures
    presence = {n: f"platform__{n}_present" for n in ("bay", "buffer", "store", "isolation")}
    return {
        f"{prefix}.1": Played(first, at, STACKER, RACK, swap),
        f"{prefix}.2": Played(at, took, ("stacker__present", presence[places[0]]), RACK, swap),
        f"{prefix}.3": Played(took, brought, STACKER, f"{RACK} {places[1]}-taken", swap),
        f"{prefix}.4": Played(brought, put, ("stacker__present", presence[places[1]]), RACK, swap),
    }


_PUT_BACK = (s.put(s.STAGED, stacker__level_mm=1500.0), OTHER_HOME, TAKEN, BACK, s.after(BACK, PlacePack(Aisle.LEFT)))
PLAYED: dict[str, Played] = {
    **_carry("0", (s.EMPTY_LANE, AT_BAY, FETCHED, BROUGHT, s.after(BROUGHT, PlacePack(Aisle.LEFT)))),
    "0.5": Played(s.put(s.STAGED, buffer=PackReading()), s.STAGED, ("buffer__serial", "buffer__soc_pct"), ""),
    **_carry("other", _PUT_BACK, places=("buffer", "bay")),
    **_carry("putback", _PUT_BACK, places=("buffer", "bay"), swap=OLD_AGAIN),
    **_carry("store", (s.put(STORED, stacker__level_mm=600.0), STORED, OFF, OFF_BAY,
                       s.after(OFF_BAY, PlacePack(Aisle.LEFT))), places=("store", "bay")),
    "1": Played(s.STAGED, s.ARRIVED, LANE, "lane-unseen platform-silent given-up"),
    "2": Played(s.ARRIVED, s.STANDING, GATE, "lane-unseen platform-silent given-up"),
    "2.again": Played(s.STANDING, s.put(s.after(s.STANDING, OPEN_GATE), platform__grooves=(False,) * 4),
                      ("platform__grooves", "platform__lane_gate_open"), "lane-unseen platform-silent given-up"),
    "2.in": Played(s.put(s.ARRIVED, platform__grooves=(False,) * 4, platform__lane_clear=True), s.ARRIVED, LANE,
                   "lane-unseen platform-silent given-up"),
    "3": Played(ASKED, s.READY, ("car__hv_off", "car__dc_link_v"),
                "lane-unseen platform-silent door other-car given-up"),
    "4": Played(s.READY, s.CENTRED, RODS, ENTERING),
    "4.free": Played(s.CENTRED, s.READY, RODS, ENTERING),
    "5.pins": Played(s.CENTRED, s.PINNED, PINS, ENTERING),
    "5.lift": Played(s.PINNED, s.after(s.PINNED, Drive(Actuator.PIN_LIFT, True)), BODY,
                     f"{ENTERING} columns hoist-over"),
    "5.shutter": Played(s.CENTRED, s.after(s.CENTRED, Drive(Actuator.SHUTTER, True)), SHUTTER, ENTERING),
    "6": Played(s.CLAMPED, s.DOCKED, height("at_seat"), f"{HELD} {LIFT} {LOCKED} proof-unseen given-up"),
    "6.lower": Played(s.DOCKED, s.CLAMPED, height("at_home"), f"{HELD} {LIFT} {LOCKED} given-up"),
    "7": Played(s.DOCKED, s.CARRIED, ("lift__position_mm", "lift__load_kg"),
                f"{HELD} {LIFT} {LOCKED} overload given-up"),
    "8": Played(s.CARRIED, s.FREED, BOLTS, f"{HELD} {LIFT} locks-silent proof-unseen load-lost unlock-fails given-up"),
    "8.relock": Played(s.FREED, s.CARRIED, BOLTS, f"{HELD} {LIFT} locks-silent proof-unseen lock-fails"),
    "8.again": Played(s.FREED, s.CARRIED, BOLTS, f"{HELD} {LIFT} locks-silent proof-unseen lock-fails"),
    "9": Played(s.put(s.FREED, car__pack_latched=True), s.FREED, BOLTS,
                f"{HELD} locks-silent proof-unseen load-lost given-up"),
    "10": Played(s.FREED, s.LOWERED, height("at_transfer"), f"{HELD} {LIFT} {FREE} proof-unseen pack-hangs given-up"),
    "10.raise": Played(s.put(s.FREED, **MIDWAY, lift__load_kg=50.0), s.FREED, height("at_seat"),
                       f"{HELD} {LIFT} {FREE} overload", OLD_AGAIN),
    "11": Played(s.LOWERED, s.OUT_STORED, SLOT_OUT, f"{HELD} shuttle-silent slot-unseen"),
    "12": Played(s.OUT_GOES, s.after(s.OUT_GOES, MoveSlot(Slot.IN, s.UNDER, 1.0)), SLOT_IN,
                 f"{HELD} shuttle-silent slot-unseen slots-meet other-pack bad-pack"),
    "12.other": Played(s.put(s.OUT_STORED, shuttle__out_mm=1500.0, shuttle__out_at_store=False),
                       s.OUT_STORED, (*SLOT_OUT, "shuttle__in_mm", "shuttle__in_at_buffer"), ""),
    "12.return": Played(s.EXCHANGED, s.OUT_STORED, ("shuttle__in_mm", "shuttle__in_at_buffer"),
                        f"{HELD} shuttle-silent slot-unseen"),
    "11.return": Played(s.OUT_STORED, RETURNED, ("shuttle__out_mm", "shuttle__out_at_under"),
                        f"{HELD} shuttle-silent slot-unseen slots-meet", OLD_AGAIN),
    "13": Played(s.EXCHANGED, s.SEATED, height("at_seat"), f"{HELD} {LIFT} {FREE} proof-unseen overload"),
    "13.old": Played(RETURNED, OLD_SEATED, height("at_seat"), f"{HELD} {LIFT} {FREE} proof-unseen overload", OLD_AGAIN),
    "14": Played(s.SEATED, s.LOCKED, ("locks__state", "locks__torque_nm"),
                 f"{HELD} {LIFT} locks-silent proof-unseen load-lost lock-fails"),
    "14.old": Played(OLD_SEATED, s.after(OLD_SEATED, Lock(s.ALL)), ("locks__state", "locks__angle_deg"),
                     f"{HELD} {LIFT} locks-silent proof-unseen load-lost lock-fails", OLD_AGAIN),
    "14.back-off": Played(BACKED_OFF, HALF_LOCKED, BOLTS, f"{HELD} {LIFT} locks-silent proof-unseen load-lost"),
    "14.old-back-off": Played(BACKED_OFF, HALF_LOCKED, BOLTS, f"{HELD} {LIFT} locks-silent proof-unseen load-lost",
                              OLD_AGAIN),
    "14.unlock": Played(BACKED_OFF, s.after(BACKED_OFF, Unlock(s.ALL)), BOLTS,
                        f"{HELD} {LIFT} locks-silent proof-unseen load-lost"),
    "14.lower": Played(s.SEATED, REJECTED, height("at_transfer"), f"{HELD} {LIFT} {FREE} proof-unseen pack-hangs"),
    "15": Played(s.LOCKED, s.PROVEN, ("lift__load_kg", "locks__proof_locked", "car__pack_latched"),
                 f"{HELD} {LIFT} {LOCKED} proof-unseen proof-open"),
    "16": Played(s.PROVEN, s.RETRACTED, height("at_home"),
                 f"{LIFT} {LOCKED} proof-unseen lane-unseen platform-silent"),
    "16.shutter": Played(s.RETRACTED, s.COVERED, SHUTTER, "lane-unseen platform-silent"),
    "17": Played(s.put(s.COVERED, car__self_check=None), s.WOKEN, ("car__self_check", "car__pack_serial"),
                 "car-silent door-unseen check-fails pack-unheard pack-other loop-open car-leaks codes-set"),
    "18.lower": Played(s.WOKEN, s.DOWN, BODY, f"columns {LOCKED} proof-unseen lane-unseen platform-silent"),
    "18.free": Played(s.DOWN, s.RELEASED, PINS, f"{LOCKED} proof-unseen lane-unseen platform-silent"),
    "17.again": Played(SLOT_AWAY, READY_AGAIN, ("shuttle__out_mm", "shuttle__out_at_under"),
                       f"{LOCKED} proof-unseen lane-unseen platform-silent", AGAIN),
    "3.again": Played(s.put(READY_AGAIN, car__hv_off=False), s.after(READY_AGAIN, RequestCar(CarMode.SWAP)),
                      ("car__hv_off", "car__dc_link_v"), "lane-unseen platform-silent other-car", AGAIN),
    "19.gate": Played(s.RELEASED, s.after(s.RELEASED, OPEN_GATE), GATE,
                     f"{LOCKED} proof-unseen proof-open lane-unseen platform-silent"),
    "19.refuse": Played(REFUSED, s.after(REFUSED, OPEN_GATE), GATE, "lane-unseen platform-silent"),
    "19": Played(s.after(s.RELEASED, OPEN_GATE), EMPTIED, LANE, "lane-unseen platform-silent"),
    "19.close": Played(EMPTIED, s.after(EMPTIED, Drive(Actuator.LANE_GATE, False)), GATE,
                       "lane-unseen platform-silent"),
    "0.coolant": Played(MATED, s.after(MATED, NO_COOLANT), COOLANT, RACK_LOST),
    "0.power": Played(s.after(MATED, NO_COOLANT), s.after(MATED, NO_COOLANT, NO_POWER), POWER, RACK_LOST),
    "mate.power": Played(s.EMPTY_LANE, s.after(s.EMPTY_LANE, WITH_POWER), POWER, RACK_LOST),
    "mate.coolant": Played(s.after(s.EMPTY_LANE, WITH_POWER), MATED, COOLANT, RACK_LOST),
    **_carry("isolate", (s.EMPTY_LANE, AT_BAY, FETCHED, s.after(FETCHED, TOP), s.after(FETCHED, TOP, PlacePack(
        Aisle.RIGHT))), places=("bay", "isolation"), swap=ISOLATED),
    "home.in": Played(s.RETRACTED, s.after(s.RETRACTED, MoveSlot(Slot.IN, s.BUFFER, 1.0)),
                      ("shuttle__in_mm", "shuttle__in_at_buffer"), "shuttle-silent slot-unseen lane-unseen"),
    "home.out": Played(OFF, s.after(OFF, MoveSlot(Slot.OUT, s.UNDER, 1.0)),
                       ("shuttle__out_mm", "shuttle__out_at_under"),
                       "shuttle-silent slot-unseen slots-meet lane-unseen"),
}  # fmt: skip
WAITS = {
    "0.6": Played(s.STAGED, s.STAGED, (), "lane-unseen platform-silent other-pack bad-pack"),
    "7.wait": Played(s.CARRIED, s.CARRIED, (), f"{HELD} {LIFT} {LOCKED} load-lost given-up"),
}
"""Rows that end with the progress of another branch."""
DECISIONS = {"0.choose", "17.wake", "17.choose"}
"""Rows that decide and see nothing."""


def endangered(image: Image, danger: Danger) -> Image:
    """The picture with just this wrong in it."""
    change = dict(danger.change)
    state = change.pop("point", None)
    if isinstance(state, LockState):
        image = s.one_point(image, state)
    return s.put(image, **change)


def endangered_swap(swap: Swap, danger: Danger) -> Swap:
    """The swap with just this wrong in it."""
    return replace(swap, install=Install.OLD) if danger.given_up else swap


__all__ = ["DANGERS", "DECISIONS", "PLAYED", "WAITS", "Danger", "PackReading", "Played", "endangered"]
