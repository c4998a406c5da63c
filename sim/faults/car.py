"""Faults of the car and its driver, and of packs wherever they are."""

from collections.abc import Callable
from typing import Final

from sim.faults.kinds import Argument, Arguments, FaultError, FaultKind, Parameter, Rig, kind
from sim.faults.places import PLACE, pack_at, places
from sim.world import Car, World

FOREIGN_SERIAL: Final = "999PX20FOREIGN0000000000"
OWN_SERIAL: Final = "own serial"
"""Note of the serial that a foreign one has taken the place of."""
FOREIGN_VIN: Final = "LXXWRNG00XX999999"


def the_car(world: World) -> Car:
    """The car in the lane, or the next one. Raises `FaultError` when there is none."""
    car = world.cars.lane or (world.cars.queue[0] if world.cars.queue else None)
    if car is None:
        raise FaultError("there is no car")
    return car


def _on_car(
    name: str, good: Argument | bool | None, bad: Argument | bool | None
) -> Callable[[Rig, Arguments, bool], None]:
    def act(rig: Rig, _arguments: Arguments, on: bool) -> None:
        setattr(the_car(rig.world), name, bad if on else good)

    return act


def _wrong_vin(rig: Rig, arguments: Arguments, on: bool) -> None:
    the_car(rig.world).reported_vin = str(arguments["vin"]) if on else None


def _misread(rig: Rig, arguments: Arguments, on: bool) -> None:
    the_car(rig.world).misread_serial = str(arguments["serial"]) if on else None


def _wrong_pack(rig: Rig, arguments: Arguments, on: bool) -> None:
    pack = pack_at(rig.world, str(arguments["place"]))
    if on:
        rig.notes[OWN_SERIAL] = pack.serial
        pack.serial = FOREIGN_SERIAL
    elif pack.serial == FOREIGN_SERIAL:
        pack.serial = rig.notes.pop(OWN_SERIAL)


def _hot(rig: Rig, arguments: Arguments, on: bool) -> None:
    pack = pack_at(rig.world, str(arguments["place"]))
    pack.temp_degc = float(arguments["degc"]) if on else rig.world.plant.ambient_degc
    pack.warm_at_s = rig.world.clock.plant


def _bits(rig: Rig, arguments: Arguments, on: bool) -> None:
    pack_at(rig.world, str(arguments["place"])).fault_bits = int(arguments["bits"]) if on else 0


def _mute(rig: Rig, arguments: Arguments, on: bool) -> None:
    pack_at(rig.world, str(arguments["place"])).mute = on


def _nameless(rig: Rig, arguments: Arguments, on: bool) -> None:
    pack_at(rig.world, str(arguments["place"])).nameless = on


def _low(rig: Rig, arguments: Arguments, on: bool) -> None:
    """A bad day: every pack of the rack, there and back again."""
    for place, pack in rig.world.packs.at.items():
        if place.startswith("bay-"):
            own = rig.notes[OWN_SERIAL] if pack.serial == FOREIGN_SERIAL else pack.serial
            if on:
                rig.notes[f"charge of {own}"] = str(pack.soc_pct)
                pack.soc_pct = float(arguments["soc_pct"])
            elif (before := rig.notes.pop(f"charge of {own}", None)) is not None:
                pack.soc_pct = float(before)


def _set_down(rig: Rig, arguments: Arguments, on: bool) -> None:
    """Somebody puts a pack into a bay by hand, or takes it out again."""
    packs, place = rig.world.packs, str(arguments["place"])
    if not on:
        packs.take(place)
    elif place in packs.at:
        raise FaultError(f"there is a pack at {place}")
    else:
        packs.put(place, rig.world.new_pack())


BAY: Final = Parameter("place", "bay", str, lambda w, _e: tuple(f"bay-{k}" for k in range(1, w.plant.bays + 1)))
SOC: Final = Parameter("soc_pct", "state of charge", float, default=40.0)
SERIAL: Final = Parameter("serial", "serial number", str, default=FOREIGN_SERIAL)

PACK_FAULTS: Final[tuple[FaultKind, ...]] = (
    kind(
        "wrong-pack",
        "the pack there carries a foreign serial number",
        "packs",
        _wrong_pack,
        (Parameter("place", "place", str, places, "buffer"),),
    ),
    kind("pack-hot", "a pack is hot", "packs", _hot, (PLACE, Parameter("degc", "temperature", float, default=65.0))),
    kind(
        "pack-fault",
        "a pack reports fault bits",
        "packs",
        _bits,
        (PLACE, Parameter("bits", "fault bits", int, default=1)),
    ),
    kind("pack-mute", "the BMS of a pack is dead", "packs", _mute, (PLACE,)),
    kind("pack-nameless", "the BMS of a pack tells no code", "packs", _nameless, (PLACE,)),
    kind("packs-low", "no pack of the rack is charged", "packs", _low, (SOC,)),
    kind("pack-set-down", "somebody puts a pack into a bay by hand", "packs", _set_down, (BAY,)),
)
CAR_FAULTS: Final[tuple[FaultKind, ...]] = (
    kind("door-open", "a door of the car is opened", "car", _on_car("doors_closed", True, False)),
    kind("park-lost", "the car leaves P", "car", _on_car("in_park", True, False)),
    kind("brake-lost", "the car's brake is let go", "car", _on_car("brake_held", True, False)),
    kind(
        "wrong-vin", "the car says another VIN", "car", _wrong_vin, (Parameter("vin", "VIN", str, default=FOREIGN_VIN),)
    ),
    kind("car-hv-on", "the car does not switch its HV off", "car", _on_car("hv_stuck", False, True)),
    kind("self-check-fails", "the car's self-check fails", "car", _on_car("check_fails", False, True)),
    kind("car-refuses", "the car does not accept the swap", "car", _on_car("refuses_swap", False, True)),
    kind("car-stays", "the driver does not drive off", "car", _on_car("stays", False, True)),
    kind("hvil-open", "the interlock loop of car and pack stays open", "car", _on_car("hvil_broken", False, True)),
    kind("hvil-stuck", "the interlock loop does not open with the pack", "car", _on_car("hvil_stuck", False, True)),
    kind("car-hv-back", "the car's high voltage comes back", "car", _on_car("hv_on", False, True)),
    kind("serial-misread", "the car reads another serial number from its pack", "car", _misread, (SERIAL,)),
)
