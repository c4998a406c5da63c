"""What the gate must say at the rail: where one slot goes while the other one stands, leaves or comes."""

from hal.commands import MoveSlot, Slot
from tests.unit.core import scenes as s
from tests.unit.core.gate_table import Case, Judged, Rule, flag

SLOTS_SEEN = (Rule("slots-apart", "shuttle__in_mm", ()), Rule("slots-apart", "shuttle__out_mm", ()))
"""It only goes away from the other one: wherever that is, and whatever it does."""


def judged(motion: tuple[Rule, ...], lift: tuple[Rule, ...], locked: tuple[Rule, ...]) -> tuple[Judged, ...]:
    """Commands of the shuttle with every interlock of theirs; `motion` = those of all that moves."""
    return (
        Judged("slot-out", MoveSlot(Slot.OUT, 3000.0, 400.0), s.LOWERED, (
            *motion, *lift, *SLOTS_SEEN,
            flag("fork-home", "stacker__fork_home"), Rule("slot-known", "shuttle__out_present", ()))),
        Judged("slot-in", MoveSlot(Slot.IN, 0.0, 400.0), s.OUT_GOES, (
            *motion, *lift,
            flag("slots-apart", "shuttle__out_moving"), flag("slots-apart", "shuttle__out_present"),
            Rule("slots-apart", "shuttle__out_mm", (-930.5,), (-930.0,)),
            Rule("slots-apart", "shuttle__in_mm", (-2069.5,), (-2070.0,)),
            flag("fork-home", "stacker__fork_home"), Rule("slot-known", "shuttle__in_present", ()))),
        Judged("slot-in-behind", MoveSlot(Slot.IN, 0.0, 400.0), s.OUT_STORED, (
            *motion, Rule("slots-apart", "shuttle__out_mm", (2069.5, 0.0, -3000.0), (2070.0,)),
            Rule("slots-apart", "shuttle__in_mm", (), (-2999.0, 1.0)),
            Rule("slots-apart", "shuttle__out_moving", (), (True,)))),
        Judged("slot-out-back", MoveSlot(Slot.OUT, 0.0, 400.0), s.OUT_STORED, (
            *motion, Rule("slots-apart", "shuttle__in_mm", (-2069.5, 0.0, 3000.0), (-2070.0,)),
            Rule("slots-apart", "shuttle__out_mm", (), (-1.0, 0.0)),
            flag("slots-apart", "shuttle__in_moving", wanted=False))),
        Judged("slot-home", MoveSlot(Slot.IN, -3000.0, 400.0), s.PROVEN, (
            *motion, *locked, *SLOTS_SEEN)),
    )  # fmt: skip


SINGLE = (
    *(Case(f"the slot in leaves one at {mm} mm", MoveSlot(Slot.IN, -3000.0, 1.0),
           s.put(s.EXCHANGED, shuttle__out_mm=mm, shuttle__out_moving=None)) for mm in (0.0, 1000.0)),
    *(Case(f"the slot out leaves one at {mm} mm", MoveSlot(Slot.OUT, 3000.0, 1.0),
           s.put(s.LOWERED, shuttle__in_mm=mm, shuttle__in_moving=None)) for mm in (-1000.0, 0.0)),
    Case("a slot where it stands", MoveSlot(Slot.IN, 0.0, 1.0), s.put(s.EXCHANGED, shuttle__out_mm=100.0)),
    Case("the other where it stands", MoveSlot(Slot.OUT, 0.0, 1.0), s.put(s.LOWERED, shuttle__in_mm=-100.0)),
    Case("towards one that moves", MoveSlot(Slot.OUT, 0.0, 1.0), s.put(s.OUT_STORED, shuttle__in_moving=True),
         "slots-apart", "shuttle.in_moving is True"),
    Case("part of the way to one that stands", MoveSlot(Slot.IN, -2070.0, 1.0), s.LOWERED),
    Case("too near to one that stands", MoveSlot(Slot.IN, -2069.0, 1.0), s.LOWERED, "slots-apart",
         "slots 2069 mm apart, at least 2070"),
    Case("where one stands", MoveSlot(Slot.IN, 0.0, 1.0), s.LOWERED, "slots-apart", "slots 0 mm apart"),
    Case("after one that may come back", MoveSlot(Slot.IN, 0.0, 1.0), s.put(s.OUT_GOES, shuttle__out_present=False),
         "slots-apart", "shuttle.out_moving is True"),
    Case("after one unseen", MoveSlot(Slot.IN, 0.0, 1.0), s.put(s.OUT_GOES, shuttle__out_mm=None), "slots-apart",
         "shuttle.out_mm is None"),
    Case("towards one unseen", MoveSlot(Slot.OUT, 0.0, 1.0), s.put(s.OUT_STORED, shuttle__in_mm=None), "slots-apart",
         "shuttle.in_mm is None"),
)  # fmt: skip
