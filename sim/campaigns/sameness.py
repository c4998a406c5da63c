"""What decides how a run goes on, as one short word: two runs of a scenario that come to the same word end alike.

Left out is what only tells (wording of faults, names of swaps, counts of energy) and what a moment ago decides no
longer. Times count by how long they are still to come; lengths, charges and times in steps. Whether a run does end as
the one that it was taken for is tried on a share of them, which are played on to their end (`sim/campaigns/crash.py`).
"""

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from hashlib import blake2b
from typing import Any, Final

from firmware_py.core.state import Phase, State
from firmware_py.shell.status import link_states
from hal.commands import CarMode
from sim.campaigns.director import Coming, Director
from sim.campaigns.virtual import VirtualStation
from sim.world import World
from sim.world.axis import Axis
from sim.world.car import Car
from sim.world.clock import Clock, Part
from sim.world.cylinder import Cylinder
from sim.world.packs import Pack

STEP_MM: Final = 5.0
MOVING_STEP_MM: Final = 100.0
STEP_S: Final = 0.5
STEP_PCT: Final = 5.0
STEP_SHARE: Final = 0.05
STEP_DEGC: Final = 5.0
_TIMES: Final = ("_s", "_at", "_since", "plan")
"""How the names of instants end: of plans they are the first of each pair."""
_ASIDE: Final = frozenset(
    {"clock", "plant", "packs", "version", "meter", "departed", "heartbeat", "_beat_at", "_charged_s", "parks_again_s"}
)
"""Of the plant: what decides nothing, and what is told elsewhere."""


def sameness(running: VirtualStation, director: Director) -> str:
    """Of memory, links, plant, and what was answered: all but who does what next."""
    links = sorted(link_states(running.computer.process.wires.links).items())
    return _word(_core(running.controller.state), links, _plant(running.world), director.answers)


def word(same: str, coming: Coming, person: str = "") -> str:
    """The same with what is to come of the scenario, and `person`: all that decides what is said next beside it."""
    return _word(same, coming.acts, coming.mended, person)


def _word(*told: object) -> str:
    return blake2b(repr(told).encode(), digest_size=12).hexdigest()


def _core(state: State) -> tuple[object, ...]:
    """The core's memory. A row that runs has been begun: whether it was resumed is over."""
    swap, waiting = state.swap, state.waiting
    plain = replace(
        state,
        swap=None if swap is None else replace(swap, id="", passed=frozenset()),
        waiting=None if waiting is None else replace(waiting, swap_id=""),
        active=tuple(replace(a, resumed=a.resumed and a.phase is Phase.WAITING) for a in state.active),
        faults=(),
        fault_rows=tuple(sorted(state.fault_rows)),
        pending=frozenset(),
        held_for="",
        swaps_started=0,
    )
    faults = sorted(fault.key for fault in state.faults)
    return plain, faults, sorted(state.pending), sorted(swap.passed) if swap is not None else []


def _plant(world: World) -> list[object]:
    parts = [(name, part) for name, part in vars(world).items() if isinstance(part, Part) and name not in _ASIDE]
    packs = [(place, _of(pack, world.clock)) for place, pack in sorted(world.packs.at.items())]
    lying = [len(world.packs.floor), len(world.packs.clashes), len(world.cars.departed)]
    return [*((name, _of(part, world.clock)) for name, part in parts), packs, lying]


def _of(value: Any, clock: Clock, name: str = "") -> object:
    """Of any part of the plant: numbers, words, and lists of such."""
    found: object = ""  # what it calls is not what it is
    match value:
        case Enum():
            found = str(value.value)
        case float():
            found = _number(value, clock, name)
        case bool() | int() | str() | None:
            found = value
        case Axis():
            found = _axis(value)
        case Cylinder():
            found = _cylinder(value, clock.plant)
        case Pack():
            found = _pack(value)
        case dict():
            found = sorted((str(key), _of(one, clock)) for key, one in value.items())
        case set() | frozenset():
            found = sorted(repr(_of(one, clock)) for one in value)
        case _ if isinstance(value, Part) or is_dataclass(value):
            found = _parts(value, clock)
        case _ if hasattr(value, "__iter__"):
            found = [_of(one, clock, name) for one in value]
    return found


def _parts(thing: Any, clock: Clock) -> list[object]:
    if isinstance(thing, Car) and thing.swap_mode and thing.mode is CarMode.NONE:
        thing = replace(thing, mode=CarMode.SWAP)  # asked for it, and then for nothing more
    return [(name, _of(value, clock, name)) for name, value in _attributes(thing) if name not in _ASIDE]


def _attributes(thing: Any) -> Iterator[tuple[str, Any]]:
    if is_dataclass(thing):
        yield from ((field.name, getattr(thing, field.name)) for field in fields(thing))
    else:
        yield from vars(thing).items()


def _axis(axis: Axis) -> tuple[object, ...]:
    if axis.moving:
        return (round(axis.mm / MOVING_STEP_MM), round(axis.target_mm / STEP_MM), axis.runs_on)
    return (round(axis.mm / STEP_MM), axis.runs_on)


def _cylinder(cylinder: Cylinder, t: float) -> tuple[object, ...]:
    """At an end its outputs decide nothing: it stays."""
    share = cylinder.at(t)
    outputs = () if share in (0.0, 1.0) else (cylinder.out, cylinder.home, cylinder.rate > 0.0, cylinder.rate < 0.0)
    return (round(share / STEP_SHARE), cylinder.is_out(t), cylinder.is_home(t), cylinder.jammed, *outputs)


def _pack(pack: Pack) -> tuple[object, ...]:
    """Its temperature as it was last warmed: it cools over an hour."""
    steps = (round(pack.soc_pct / STEP_PCT), round(pack.temp_degc / STEP_DEGC))
    flaws = (sorted(pack.stripped), sorted(pack.crossed))
    return (pack.serial, *steps, pack.fault_bits, pack.mute, pack.nameless, *flaws)


def _number(value: float, clock: Clock, name: str) -> object:
    if not math.isfinite(value):
        return str(value)
    return max(0, round((value - clock.plant) / STEP_S)) if name.endswith(_TIMES) else round(value)
