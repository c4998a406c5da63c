"""What the gate must say at the rack: connectors, chargers, extraction, signals."""

from dataclasses import replace
from typing import Any

from firmware_py.core.image import Image
from hal.commands import (
    Command,
    Connector,
    DriveConnector,
    DriverText,
    EnableCharger,
    Extract,
    Lamp,
    SetCharger,
    Signal,
)
from hal.readings import ChargerReading, PackReading
from tests.unit.core import scenes as s
from tests.unit.core.gate_table import Case, Judged, Rule, flag

P, C = Connector.POWER, Connector.COOLANT
BAY = 2


def _of(values: tuple[Any, ...], value: Any, bay: int = BAY) -> tuple[Any, ...]:
    return (*values[: bay - 1], value, *values[bay:])


_YES, _NO = (True,) * s.BAYS, (False,) * s.BAYS
_THERE = Rule("pack-there", "platform__bay_present", (_of(_YES, False), ()))
_POWER = Rule("connected", "rack__power_mated", (_of(_YES, False), ()))
_COOLANT = Rule("connected", "rack__coolant_mated", (_of(_YES, False), ()))
_TIGHT = Rule("tight", "rack__coolant_leak", (_of(_NO, True), ()))
NO_FIRE = (
    Rule("no-fire", "fire__smoke", ((False, True), (True, False))),
    Rule("no-fire", "fire__gas", ((False, True), (True, False))),
)
_MATED = s.put(
    s.EMPTY_LANE, rack__power_mated=_YES, rack__power_home=_NO, rack__coolant_mated=_YES, rack__coolant_home=_NO
)
_APART = s.put(_MATED, rack__coolant_mated=_NO, rack__coolant_home=_YES)


def charger(image: Image, **changes: Any) -> Image:
    """The picture with another reading of the bay's charger."""
    return replace(image, chargers=_of(image.chargers, replace(image.chargers[BAY - 1], **changes)))


def pack(image: Image, **changes: Any) -> Image:
    """The picture with another reading of the bay's pack."""
    return replace(image, packs=_of(image.packs, replace(image.packs[BAY - 1], **changes)))


def judged(motion: tuple[Rule, ...]) -> tuple[Judged, ...]:
    """Commands at the rack with every interlock of theirs; `motion` = those of all that moves."""
    charge = (*NO_FIRE, _THERE, _POWER, _COOLANT, _TIGHT, flag("isolation-free", "platform__isolation_present", False))
    out, home = s.put(s.EMPTY_LANE, stacker__fork_home=False), s.put(_APART, stacker__fork_home=False)
    return (
        Judged("mate-power", DriveConnector(BAY, P, True), out, (*motion, _THERE)),
        Judged("mate-coolant", DriveConnector(BAY, C, True), s.put(_APART, stacker__fork_home=False), (
            *motion, _THERE, _POWER)),
        Judged("part-coolant", DriveConnector(BAY, C, False), s.put(_MATED, stacker__fork_home=False), (
            *motion,)),
        Judged("part-power", DriveConnector(BAY, P, False), home, (
            *motion, Rule("coolant-first", "rack__coolant_home", (_of(_YES, False), ())))),
        Judged("beside the fork at home", DriveConnector(BAY, P, True), s.put(s.EMPTY_LANE, stacker__level_mm=600.0), (
            *motion, flag("fork-home", "stacker__fork_home"), _THERE)),
        Judged("charge", EnableCharger(BAY, True), _MATED, charge),
        Judged("set", SetCharger(BAY, 400.0, 50.0), _MATED, charge),
        Judged("stop-extraction", Extract(False), s.EMPTY_LANE, NO_FIRE),
    )  # fmt: skip


def _fork_out(level_mm: float) -> Image:
    return s.put(s.EMPTY_LANE, stacker__fork_home=False, stacker__level_mm=level_mm)


ALWAYS: tuple[Command, ...] = (
    EnableCharger(BAY, False), Extract(True), Signal(Lamp.RED, DriverText.EVACUATE),
)  # fmt: skip
_ON, _OFF = DriveConnector(BAY, P, True), DriveConnector(BAY, P, False)
_WAS = "charger 2 enabled is "
SINGLE = (
    Case("a charger that runs is not mated", _ON, charger(s.EMPTY_LANE, enabled=True), "charger-off", _WAS + "True"),
    Case("a charger unheard is not mated", _ON, charger(s.EMPTY_LANE, enabled=None), "charger-off", _WAS + "unknown"),
    Case("no charger at all", _ON, replace(s.EMPTY_LANE, chargers=()), "charger-off", _WAS + "unknown"),
    Case("a charger that runs does not part", _OFF, charger(_APART, enabled=True), "charger-off", _WAS + "True"),
    Case("a charger unheard does not part", _OFF, charger(_APART, enabled=None), "charger-off", _WAS + "unknown"),
    *(Case(f"parts at {v} V", _OFF, charger(_APART, output_v=v)) for v in (0.0, 60.0)),
    *(Case(f"does not part at {v} V", _OFF, charger(_APART, output_v=v), "dead", f"output_v is {v:g}")
      for v in (-0.5, 60.5)),
    Case("does not part at a voltage unheard", _OFF, charger(_APART, output_v=None), "dead", "output_v is unknown"),
    *(Case(f"parts at {a} A", _OFF, charger(_APART, output_a=a)) for a in (-1.0, 1.0)),
    *(Case(f"does not part at {a} A", _OFF, charger(_APART, output_a=a), "dead", f"output_a is {a:g}")
      for a in (-1.1, 1.1)),
    Case("does not part at a current unheard", _OFF, charger(_APART, output_a=None), "dead", "output_a is unknown"),
    Case("only its own charger counts", _OFF, replace(_APART, chargers=(
        ChargerReading(True, 400.0, 50.0), *_APART.chargers[1:]))),
    Case("the pack in the bay is silent", EnableCharger(BAY, True),
         replace(_MATED, packs=_of(_MATED.packs, PackReading())), "pack-known", "bay 2: pack is silent"),
    *(Case(f"a pack of {degc} °C", EnableCharger(BAY, True), pack(_MATED, temp_max_degc=degc))
      for degc in (-10.0, 59.9)),
    *(Case(f"a pack of {degc} °C is {type(c).__name__}", c, pack(_MATED, temp_max_degc=degc), "pack-cool",
           f"bay 2: warmest cell is {degc:g} °C, isolated from 60 °C")
      for degc in (60.0, 61.5) for c in (EnableCharger(BAY, True), SetCharger(BAY, 400.0, 50.0))),
    *(Case(f"a pack of a temperature unheard is {type(c).__name__}", c, pack(_MATED, temp_max_degc=None), "pack-cool",
           "bay 2: warmest cell is unknown") for c in (EnableCharger(BAY, True), SetCharger(BAY, 400.0, 50.0))),
    Case("a hot pack is switched off", EnableCharger(BAY, False), pack(_MATED, temp_max_degc=80.0)),
    Case("a hot pack of another bay", EnableCharger(3, True), pack(_MATED, temp_max_degc=80.0)),
    Case("a pack that tells no code", EnableCharger(BAY, True), pack(_MATED, serial=""), "pack-known",
         "bay 2: pack is silent, or tells no code"),
    Case("no bay 0", DriveConnector(0, P, True), s.EMPTY_LANE, "bay-range", "bay 0, allowed 1 to 14"),
    Case("no bay 15", DriveConnector(15, P, False), _APART, "bay-range", "bay 15, allowed 1 to 14"),
    Case("no charger of bay 0", EnableCharger(0, True), _MATED, "pack-there", "bay 0: platform.bay_present is unknown"),
    Case("no charger of bay 15", EnableCharger(15, True), _MATED, "pack-there", "platform.bay_present is unknown"),
    Case("the first bay", DriveConnector(1, P, True), s.EMPTY_LANE),
    Case("the last bay", DriveConnector(14, P, False), _APART),
    Case("the last bay's charger", EnableCharger(13, True), _MATED),
    Case("the fork out before another bay", DriveConnector(3, P, True), _fork_out(600.0)),
    *(Case(f"the fork out at {mm} mm", _ON, _fork_out(mm)) for mm in (597.5, 602.5, 1500.0)),
    *(Case(f"the fork out at {mm} mm, before the bay", _ON, _fork_out(mm), "fork-home", "stacker.fork_home is False")
      for mm in (598.0, 600.0, 602.0)),
    Case("a level unknown and the fork out", _ON, s.put(s.EMPTY_LANE, stacker__level_mm=None, stacker__fork_home=False),
         "fork-home", "stacker.fork_home is False"),
    Case("a level unknown and the fork home", _ON, s.put(s.EMPTY_LANE, stacker__level_mm=None)),
)  # fmt: skip
