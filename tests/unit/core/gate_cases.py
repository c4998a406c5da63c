"""What the gate must say, as a table: command x situation. Typed from the interlock column of the reference sequence.

Plain data, so that the unit tests and the mutation tester judge by the same cases.
"""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from firmware_py.core.image import Image
from hal.commands import (
    Actuator,
    CarMode,
    Command,
    Drive,
    Heartbeat,
    HomeFork,
    Lock,
    MoveLift,
    MoveSlot,
    MoveStacker,
    PickPack,
    PlacePack,
    RequestCar,
    RunEnable,
    Side,
    Slot,
    Stop,
    Unlock,
)
from hal.readings import LockState
from tests.unit.core import gate_rack_cases as rack
from tests.unit.core import gate_rail_cases as rail
from tests.unit.core import scenes as s
from tests.unit.core.gate_table import Case, Judged, Rule, flag

A = Actuator
NO_SLOT = "no empty slot stands under the pack"


CHAIN = tuple(
    flag("safety-chain", f"safety__{f}")
    for f in ("estop_ok", "gate_closed", "curtain_clear", "cell_clear", "smoke_clear", "chain_ok")
)
MOTION = (*CHAIN, flag("run-enable", "safety__drives_enabled"))
HELD = (
    flag("car-held", "car__in_park"), flag("car-held", "platform__pins_raised"),
    flag("car-held", "platform__rods_centred"),
)  # fmt: skip
HV_OFF = (flag("hv-off", "car__hv_off"), Rule("hv-off", "car__dc_link_v", (-0.1, 60.5, 380.0), (0.0, 60.0)))
SUPPORTED = (
    Rule("pack-supported", "lift__position_mm", (902.9, 905.1), (903.0, 905.0)),
    Rule("pack-supported", "lift__load_kg", (0.0, 269.0, 431.0), (270.0, 430.0)),
    flag("lift-stands", "lift__moving", wanted=False),
)
SLOTS_STAND = (
    flag("slots-stand", "shuttle__in_moving", wanted=False),
    flag("slots-stand", "shuttle__out_moving", wanted=False),
)
LIFT_SEEN = (
    Rule("lift-known", "lift__position_mm", (-10.5, 915.5), (-10.0,)),
    Rule("lift-known", "lift__load_kg", ()),
)
RISES = (
    *LIFT_SEEN, *SLOTS_STAND, flag("shutter-open", "platform__shutter_open"), *HELD,
    Rule("lift-load", "lift__load_kg", (-40.5, 430.5), (-40.0, 430.0), unknown_refuses=False),
)  # fmt: skip
SUNK = (*LIFT_SEEN, *SLOTS_STAND)
HEAD_BELOW = (
    Rule("head-below-shutter", "lift__position_mm", (-10.5, 350.5, 904.0), (-10.0, 350.0)),
    flag("lift-stands", "lift__moving", wanted=False),
)
PARKED = (flag("car-parked", "car__in_park"), flag("car-parked", "car__standing"))
HEAD_HOME = (Rule("head-home", "lift__position_mm", (-10.5, 350.5, 904.0), (-10.0, 350.0)),)


LIFT_CLEAR = (
    Rule("lift-clear", "lift__position_mm", (251.5, 904.0), (251.0,)),
    Rule("lift-clear", "lift__moving", ()),
)


def _one(values: tuple[Any, ...], value: Any, at: int = 3) -> tuple[Any, ...]:
    return (*values[:at], value, *values[at + 1 :])


def _but(state: LockState) -> tuple[Any, ...]:
    """One of ten points in each other state; and no points at all."""
    return (*(_one((state,) * 10, other) for other in LockState if other is not state), ())


_YES, _NO = (True,) * 10, (False,) * 10


def locked(interlock: str) -> tuple[Rule, ...]:
    """Every point locked, by the tool and by the second channel."""
    return (
        Rule(interlock, "locks__state", _but(LockState.LOCKED)),
        Rule(interlock, "locks__proof_locked", (_one(_YES, False), _NO, ())),
    )


def free(interlock: str) -> tuple[Rule, ...]:
    """Every point free, by the tool and by the second channel."""
    return (
        Rule(interlock, "locks__state", _but(LockState.FREE)),
        Rule(interlock, "locks__proof_locked", (_one(_NO, True), _YES, ())),
    )


LANE = (
    flag("shutter-closed", "platform__shutter_closed"), *HEAD_BELOW,
    flag("clamps-home", "platform__pins_retracted"), flag("clamps-home", "platform__rods_home"),
)  # fmt: skip
FORK = (
    flag("at-level", "stacker__at_level"), flag("fork-load", "stacker__present"),
)  # fmt: skip
_AT_BAY = s.put(s.EMPTY_LANE, stacker__level_mm=600.0)
_AT_RAIL = s.put(s.EMPTY_LANE, stacker__level_mm=0.0)
_CARRIES = s.put(_AT_BAY, stacker__present=True, platform__bay_present=(True, False, *(True,) * 11, False))
_FREE_2 = Rule("place-free", "platform__bay_present", ((True,) * 14, (False, True, *(False,) * 12)))
_OTHERS = s.put(s.LOWERED, stacker__level_mm=600.0)
_LEVEL = Rule("at-level", "stacker__level_mm", (-0.5, 3750.5), (3750.0,))
_STAYS = Rule("fork-load", "stacker__present", (True,))

JUDGED = (
    # step 1: lane empty, shutter closed, movers home, nobody in the cell
    Judged("admit", Drive(A.LANE_GATE, True), s.STAGED, (*MOTION, *LANE)),
    Judged("close-gate", Drive(A.LANE_GATE, False), s.ARRIVED, (
        *MOTION, Rule("gate-path", "platform__grooves", (_one((True,) * 4, False), ())))),
    Judged("close-gate-empty", Drive(A.LANE_GATE, False), s.LEFT, (*MOTION, flag("gate-path", "platform__lane_clear"))),
    # step 4, 5: a parked car is centred, a centred one pinned, a pinned one lifted
    Judged("centre", Drive(A.RODS, True), s.READY, (*MOTION, *PARKED)),
    Judged("pin", Drive(A.PINS, True), s.CENTRED, (*MOTION, *PARKED, flag("centred", "platform__rods_centred"))),
    Judged("lift-body", Drive(A.PIN_LIFT, True), s.PINNED, (
        *MOTION, *PARKED, flag("centred", "platform__rods_centred"), flag("pinned", "platform__pins_engaged"))),
    Judged("open-shutter", Drive(A.SHUTTER, True), s.PINNED, (*MOTION, flag("car-held", "car__in_park"))),
    # step 6, 7, 13: body clamped, shutter open, slots stand
    Judged("dock", MoveLift(900.0, 100.0), s.CLAMPED, (*MOTION, *RISES)),
    Judged("support", MoveLift(904.0, 2.0), s.DOCKED, (*MOTION, *RISES)),
    Judged("raise-pack", MoveLift(904.0, 100.0), s.EXCHANGED, (*MOTION, *RISES)),
    # step 8: mass taken, high voltage off, car held
    Judged("unlock", Unlock(s.ALL), s.CARRIED, (*MOTION, *SUPPORTED, *HV_OFF, *HELD)),
    # step 10: wholly free, and an empty slot stands under the pack
    Judged("lower-pack", MoveLift(250.0, 100.0), s.FREED, (
        *MOTION, *SUNK, *free("all-or-none-locked"), flag("slots-placed", "shuttle__out_at_under"),
        flag("slot-free", "shuttle__out_present", wanted=False))),
    Judged("lower-rejected", MoveLift(250.0, 100.0), s.SEATED, (
        *MOTION, *SUNK, *free("all-or-none-locked"), flag("slots-placed", "shuttle__in_at_under"),
        flag("slot-free", "shuttle__in_present", wanted=False))),
    # step 11, 12: lift at transfer height or the pack locked, no fork in the way
    *rail.judged(MOTION, LIFT_CLEAR, locked("lift-clear")),
    # step 14: seated at all points, carried
    Judged("lock", Lock(s.ALL), s.SEATED, (
        *MOTION, *SUPPORTED, Rule("pack-seated", "lift__pack_seated", (_one((True,) * 4, False), ())))),
    # step 15, 16: the head leaves the seat with every point locked by both channels
    Judged("relax", MoveLift(900.0, 2.0), s.LOCKED, (*MOTION, *SUNK, *locked("all-or-none-locked"))),
    Judged("retract", MoveLift(0.0, 400.0), s.PROVEN, (*MOTION, *SUNK, *locked("all-or-none-locked"))),
    Judged("sink", MoveLift(0.0, 400.0), s.LOWERED, (*MOTION, *SUNK)),
    Judged("close-shutter", Drive(A.SHUTTER, False), s.RETRACTED, (*MOTION, *HEAD_BELOW)),
    # step 17 to 19: nothing wakes, sinks or goes before the lock proof; the car leaves past clamps that are home
    Judged("wake", RequestCar(CarMode.WAKE), s.PROVEN, locked("pack-locked")),
    Judged("release", RequestCar(CarMode.RELEASE), s.RELEASED, (*locked("pack-locked"), *CHAIN, *LANE)),
    Judged("lower-body", Drive(A.PIN_LIFT, False), s.WOKEN, (*MOTION, *HEAD_HOME, *locked("pack-locked"))),
    Judged("pins-home", Drive(A.PINS, False), s.DOWN, (
        *MOTION, *HEAD_HOME, *locked("pack-locked"), flag("wheels-on-floor", "platform__wheels_on_floor"))),
    Judged("rods-home", Drive(A.RODS, False), s.DOWN, (
        *MOTION, *HEAD_HOME, *locked("pack-locked"), flag("wheels-on-floor", "platform__wheels_on_floor"))),
    Judged("let-go", Drive(A.LANE_GATE, True), s.RELEASED, (*MOTION, *LANE, *locked("pack-locked"))),
    # the rack
    Judged("stacker", MoveStacker(600.0), s.EMPTY_LANE, (*MOTION, flag("fork-home", "stacker__fork_home"))),
    Judged("pick-bay", PickPack(Side.LEFT), _AT_BAY, (*MOTION, flag("at-level", "stacker__at_level"), _STAYS, _LEVEL)),
    Judged("place-bay", PlacePack(Side.RIGHT), _CARRIES, (*MOTION, *FORK, _LEVEL, _FREE_2)),
    Judged("place-buffer", PlacePack(Side.LEFT), s.put(_AT_RAIL, stacker__present=True), (
        *MOTION, *FORK, *SLOTS_STAND, flag("slot-there", "shuttle__in_at_buffer"),
        flag("place-free", "shuttle__in_present", wanted=False))),
    Judged("pick-buffer", PickPack(Side.LEFT), s.STAGED, (
        *MOTION, flag("at-level", "stacker__at_level"), _STAYS, *SLOTS_STAND,
        flag("slot-there", "shuttle__in_at_buffer"))),
    Judged("pick-store", PickPack(Side.RIGHT), s.put(s.OUT_STORED, stacker__level_mm=2.0), (
        *MOTION, flag("at-level", "stacker__at_level"), _STAYS, *SLOTS_STAND,
        flag("slot-there", "shuttle__out_at_store"))),
    Judged("fork-home-bay", HomeFork(), s.put(_AT_BAY, stacker__fork_home=False), (
        *MOTION, flag("at-level", "stacker__at_level"))),
    Judged("fork-home-rail", HomeFork(), s.put(_AT_RAIL, stacker__fork_home=False), (
        *MOTION, flag("at-level", "stacker__at_level"), *SLOTS_STAND)),
    *rack.judged(MOTION),
    Judged("enable", RunEnable(True), s.put(s.EMPTY_LANE, safety__drives_enabled=False), CHAIN),
)  # fmt: skip
"""Every command that bears a hazard, with each of its interlocks."""

ALWAYS: tuple[Command, ...] = (
    Stop("lift"), Stop("locks"), Stop("shuttle"), Stop("stacker"), Stop("platform"), Heartbeat(7), RunEnable(False),
    *rack.ALWAYS,
)  # fmt: skip
"""What stops the station, or keeps its dead-man alive, is never judged."""

_TALL = replace(s.limits(), handovers=((300.0, Side.LEFT, Slot.IN), (900.0, Side.LEFT, Slot.OUT)))
"""A station whose buffer and store lie one above the other, with bays on the other side."""
_LONG = replace(s.limits(), lift_overrun_mm=7.0)
"""A station whose lift overshoots its ends by more."""
_TALL_BUFFER = s.put(s.EMPTY_LANE, stacker__level_mm=302.0, stacker__present=True)
_TALL_STORE = s.put(s.OUT_STORED, stacker__level_mm=898.0, shuttle__in_at_buffer=False)
_UP = s.FREED
_DROPS = s.put(s.FREED, lift__load_kg=0.0, shuttle__out_present=True)
_HALF = s.put(s.FREED, lift__position_mm=300.0, shuttle__out_present=True, lift__at_seat=False)
SINGLE = (
    *rack.SINGLE,
    *(Case(f"{type(c).__name__} in the dark", c, Image()) for c in ALWAYS),
    *(Case(f"ask {m.value} in the dark", RequestCar(m), Image()) for m in (CarMode.NONE, CarMode.SWAP)),
    # ranges of the command itself
    Case("lift to its lowest", MoveLift(-5.0, 1.0), s.LOWERED),
    Case("lift below its range", MoveLift(-5.5, 1.0), s.LOWERED, "lift-range", "target is -5.5, allowed -5 to 910"),
    Case("lift to its highest", MoveLift(910.0, 1.0), s.CLAMPED),
    Case("lift above its range", MoveLift(910.5, 1.0), s.CLAMPED, "lift-range", "target is 910.5"),
    Case("another station's overrun", MoveLift(250.0, 1.0), s.put(s.CLAMPED, lift__position_mm=917.0), limits=_LONG),
    Case("beyond another station's overrun", MoveLift(250.0, 1.0), s.put(s.CLAMPED, lift__position_mm=917.5),
         "lift-known", "lift.position_mm is 917.5, allowed -12 to 917", _LONG),
    Case("lift at the upper edge sinks", MoveLift(250.0, 1.0), s.put(s.CLAMPED, lift__position_mm=915.0)),
    Case("slot to its ends", MoveSlot(Slot.IN, -3002.0, 1.0), s.LOWERED),
    Case("slot to its other end", MoveSlot(Slot.OUT, 3002.0, 1.0), s.LOWERED),
    Case("slot too far", MoveSlot(Slot.OUT, 3002.5, 1.0), s.LOWERED, "slot-range", "target is 3002.5"),
    Case("slot too far back", MoveSlot(Slot.IN, -3002.5, 1.0), s.LOWERED, "slot-range", "target is -3002.5"),
    Case("stacker to its lowest", MoveStacker(0.0), s.EMPTY_LANE),
    Case("stacker to its highest", MoveStacker(3750.0), s.EMPTY_LANE),
    Case("stacker too low", MoveStacker(-0.5), s.EMPTY_LANE, "level-range", "target is -0.5"),
    Case("stacker too high", MoveStacker(3750.5), s.EMPTY_LANE, "level-range", "target is 3750.5"),
    # below the shutter the head may move in an empty lane
    Case("low move in an empty lane", MoveLift(350.0, 1.0), s.EMPTY_LANE),
    Case("just into the shutter", MoveLift(350.5, 1.0), s.EMPTY_LANE, "shutter-open", "platform.shutter_open is False"),
    Case("too heavy below", MoveLift(300.0, 1.0), s.put(s.EMPTY_LANE, lift__load_kg=431.0), "lift-load", "431"),
    Case("an overload may be let down", MoveLift(0.0, 1.0), s.put(s.CARRIED, lift__load_kg=600.0)),
    Case("stay at the seat half locked", MoveLift(904.0, 1.0), s.one_point(s.CARRIED, LockState.FREE)),
    Case("head who knows where", MoveLift(904.0, 1.0), s.put(s.DOCKED, lift__position_mm=None), "lift-known",
         "lift.position_mm is None"),
    # a free pack comes down to the slot and no further, and only onto an empty slot
    Case("free pack to the slot", MoveLift(251.0, 1.0), _UP),
    Case("free pack part of the way", MoveLift(251.5, 1.0), _UP, "all-or-none-locked", "300 kg on the head"),
    Case("head at the slots goes down", MoveLift(0.0, 1.0), s.put(_UP, lift__position_mm=250.5, locks=s.LOCKED.locks)),
    Case("one point locked at the edge", MoveLift(0.0, 1.0), s.put(s.one_point(_UP, LockState.LOCKED),
         lift__position_mm=251.0), "all-or-none-locked", "300 kg on the head"),
    Case("one point locked below it", MoveLift(0.0, 1.0), s.put(s.one_point(_UP, LockState.LOCKED),
         lift__position_mm=250.9)),
    Case("empty head past a full slot", MoveLift(250.0, 1.0), _DROPS),
    Case("touch is no pack", MoveLift(250.0, 1.0), s.put(_DROPS, lift__load_kg=40.0)),
    Case("more than touch is a pack", MoveLift(250.0, 1.0), s.put(_DROPS, lift__load_kg=40.5), "slot-free",
         NO_SLOT),
    Case("pack that sits on its slot", MoveLift(250.0, 1.0), _HALF),
    Case("just below the shutter", MoveLift(250.0, 1.0), s.put(_HALF, lift__position_mm=350.0)),
    Case("pack above a full slot", MoveLift(250.0, 1.0), s.put(_HALF, lift__position_mm=350.5), "slot-free",
         NO_SLOT),
    Case("no slot under it", MoveLift(250.0, 1.0), s.put(_UP, shuttle__out_at_under=False,
         shuttle__out_at_store=True), "slot-free", NO_SLOT),
    Case("slots under it unseen", MoveLift(250.0, 1.0), s.put(_UP, shuttle__out_at_under=None,
         shuttle__out_at_store=True), "slot-free", NO_SLOT),
    Case("new slot not under it", MoveLift(250.0, 1.0), s.put(s.SEATED, shuttle__in_at_under=False,
         shuttle__in_at_buffer=True), "slot-free", NO_SLOT),
    Case("new slot under it unseen", MoveLift(250.0, 1.0), s.put(s.SEATED, shuttle__in_at_under=None,
         shuttle__in_at_buffer=True), "slot-free", NO_SLOT),
    Case("presence unknown", MoveLift(250.0, 1.0), s.put(_UP, shuttle__out_present=None), "slot-free", NO_SLOT),
    Case("in slot's presence unknown", MoveLift(250.0, 1.0), s.put(s.SEATED, shuttle__in_present=None), "slot-free",
         NO_SLOT),
    # the head and the slots' ends
    *(Case(f"in slot half way: {seen}", MoveLift(905.0, 1.0), s.put(s.CLAMPED, shuttle__in_at_buffer=seen),
           "slots-placed", "slot in stands at neither of its ends") for seen in (False, None)),
    *(Case(f"out slot half way: {seen}", MoveLift(905.0, 1.0), s.put(s.CLAMPED, shuttle__out_at_under=seen),
           "slots-placed", "slot out stands at neither of its ends") for seen in (False, None)),
    *rail.SINGLE,
    # fork and slots: only where they meet
    Case("slot moves while the fork is out at a bay", MoveSlot(Slot.OUT, 3000.0, 1.0),
         s.put(_OTHERS, stacker__fork_home=False)),
    Case("fork out just off the rail", MoveSlot(Slot.OUT, 3000.0, 1.0),
         s.put(_OTHERS, stacker__fork_home=False, stacker__level_mm=2.5)),
    Case("fork out at the rail's edge", MoveSlot(Slot.OUT, 3000.0, 1.0),
         s.put(_OTHERS, stacker__fork_home=False, stacker__level_mm=2.0), "fork-home", "stacker.fork_home is False"),
    Case("fork out below the rail's edge", MoveSlot(Slot.OUT, 3000.0, 1.0),
         s.put(_OTHERS, stacker__fork_home=False, stacker__level_mm=-2.0), "fork-home", "stacker.fork_home is False"),
    Case("fork out who knows where", MoveSlot(Slot.OUT, 3000.0, 1.0),
         s.put(_OTHERS, stacker__fork_home=False, stacker__level_mm=None), "fork-home", "stacker.fork_home is False"),
    Case("bays do not wait for slots", PickPack(Side.LEFT), s.put(_AT_BAY, shuttle=Image().shuttle)),
    Case("the fork leaves a bay while a slot moves", HomeFork(),
         s.put(_AT_BAY, stacker__fork_home=False, shuttle__in_moving=True)),
    Case("the fork leaves who knows where", HomeFork(),
         s.put(_AT_BAY, stacker__level_mm=None, shuttle__in_moving=True), "slots-stand", "shuttle.in_moving is "),
    Case("pick while the other slot is away", PickPack(Side.RIGHT),
         s.put(s.EXCHANGED, stacker__level_mm=0.0)),
    Case("slot with the pack neither locked nor low", MoveSlot(Slot.IN, -3000.0, 1.0), s.FREED, "lift-clear",
         "lift at 904 mm with the pack not locked"),
    Case("slot under an unseen head", MoveSlot(Slot.IN, -3000.0, 1.0), s.put(s.LOWERED, lift=Image().lift),
         "lift-clear", "lift is unknown"),
    Case("buffer of a tall rack", PlacePack(Side.LEFT), _TALL_BUFFER, limits=_TALL),
    Case("buffer of a tall rack, slot away", PlacePack(Side.LEFT), s.put(_TALL_BUFFER, shuttle__in_at_buffer=False),
         "slot-there", "shuttle.in_at_buffer is ", _TALL),
    Case("store of a tall rack", PickPack(Side.LEFT), _TALL_STORE, limits=_TALL),
    Case("store of a tall rack, slot away", PickPack(Side.LEFT), s.put(_TALL_STORE, shuttle__out_at_store=False),
         "slot-there", "shuttle.out_at_store is ", _TALL),
    Case("bay beside the buffer of a tall rack", PlacePack(Side.RIGHT),
         s.put(_TALL_BUFFER, shuttle__in_at_buffer=False), limits=_TALL),
    Case("bay beside the buffer while a slot moves", PlacePack(Side.RIGHT),
         s.put(_TALL_BUFFER, shuttle__out_moving=True), "slots-stand", "shuttle.out_moving is ", _TALL),
    # places in front of the fork
    Case("the bay across is no matter", PlacePack(Side.RIGHT), _CARRIES),
    Case("the bay just above is no matter", PlacePack(Side.LEFT), s.put(_CARRIES, stacker__level_mm=602.5)),
    Case("the bay at the pin's edge is", PlacePack(Side.LEFT), s.put(_CARRIES, stacker__level_mm=602.0), "place-free",
         "bay 1 is occupied"),
    Case("store for a carried pack", PlacePack(Side.RIGHT), s.put(s.EXCHANGED, stacker__level_mm=0.0,
         stacker__present=True, shuttle__out_present=False)),
    Case("store with a pack in it", PlacePack(Side.RIGHT), s.put(s.EXCHANGED, stacker__level_mm=0.0,
         stacker__present=True, shuttle__out_present=True), "place-free", "slot out is occupied"),
    Case("store unseen", PlacePack(Side.RIGHT), s.put(s.EXCHANGED, stacker__level_mm=0.0,
         stacker__present=True, shuttle__out_present=None), "place-free", "slot out is unknown"),
    # the lane
    Case("two interlocks of a release: the chain speaks first", RequestCar(CarMode.RELEASE),
         s.put(s.RETRACTED, safety__chain_ok=False), "safety-chain", "safety.chain_ok is False"),
    Case("lane empty, grooves silent", Drive(A.LANE_GATE, True), s.put(s.STAGED, platform__grooves=None)),
    Case("two interlocks: the pit speaks first", Drive(A.LANE_GATE, True),
         s.put(s.RETRACTED, locks=s.locks(LockState.FREE)), "shutter-closed", "platform.shutter_closed is False"),
    Case("a car half way in", Drive(A.LANE_GATE, True), s.put(s.RELEASED, locks=s.locks(LockState.FREE),
         platform__grooves=(True, True, False, False))),
    Case("gate on a car half way", Drive(A.LANE_GATE, False),
         s.put(s.ARRIVED, platform__grooves=(True, True, False, False)), "gate-path", "lane_clear is False"),
    Case("lane unseen, locked", Drive(A.LANE_GATE, True), s.put(s.RELEASED, platform__lane_clear=None)),
    Case("lane unseen, not locked", Drive(A.LANE_GATE, True), s.put(s.RELEASED, platform__lane_clear=None,
         platform__grooves=None, locks=s.locks(LockState.FREE)), "pack-locked", "lock points"),
    Case("body down before it stands", Drive(A.PIN_LIFT, False), s.put(s.WOKEN, platform__wheels_on_floor=None)),
    Case("an unknown command", "launch", s.CARRIED, "known-command", "no rule lets str pass"),  # type: ignore[arg-type]
)  # fmt: skip
"""Edges, and what must not be refused."""


def _refused(judged: Judged, rule: Rule, value: object) -> Case:
    name = f"{judged.name}: {rule.role.replace('__', '.')} is {value!r:.40}"
    told = rule.role.replace("__", ".") + " is " if rule.interlock not in _IN_OTHER_WORDS else ""
    return Case(name, judged.command, s.put(judged.image, **{rule.role: value}), rule.interlock, told)


_IN_OTHER_WORDS = {
    "all-or-none-locked", "pack-locked", "lift-clear", "slot-known", "slot-free", "slots-placed", "place-free",
    "gate-path", "slots-apart",
}  # fmt: skip
"""Interlocks whose refusal tells a situation, not one reading."""


def cases() -> Iterator[Case]:
    """The whole table: each command passes in its place; each interlock violated, or unknown, alone keeps it back."""
    for judged in JUDGED:
        yield Case(f"{judged.name} passes", judged.command, judged.image)
        for rule in judged.rules:
            for value in rule.bad:
                yield _refused(judged, rule, value)
            if rule.unknown_refuses:
                yield _refused(judged, rule, None)
            for value in rule.good:
                ok = s.put(judged.image, **{rule.role: value})
                yield Case(f"{judged.name}: {rule.role} may be {value!r}", judged.command, ok)
    yield from SINGLE


def silent_devices() -> Iterator[Case]:
    """A device that says nothing at all: one of the interlocks that read it keeps the command back."""
    for judged in JUDGED:
        for device in sorted({rule.role.partition("__")[0] for rule in judged.rules if rule.unknown_refuses}):
            empty = {f.name: f.default for f in fields(Image)}[device]
            yield Case(f"{judged.name}: {device} is silent", judged.command, s.put(judged.image, **{device: empty}))
