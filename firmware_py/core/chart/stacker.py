"""Rows that carry a pack from place to place with the stacker: go, pick, go, place."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from firmware_py.core.chart.moves import pick_at, place_at, stacker_to
from firmware_py.core.chart.rows import Link, Route, Row, Watch
from firmware_py.core.chart.watches import PLATFORM_SEEN, STACKER_SEEN
from firmware_py.core.checks import Check, Miss, View, always, connector_is, every, flag
from firmware_py.core.faults import FaultCode as F
from firmware_py.core.faults import Reaction
from hal.commands import Connector

PlaceOf = Callable[[View], str]


def stacker_at(place: PlaceOf) -> Check:
    """Both witnesses of a level: position and the level pin; the fork is home."""

    def check(v: View) -> Miss | None:
        seen, wanted = v.image.stacker.level_mm, v.params.places[place(v)].level_mm
        if seen is None:
            return Miss("stacker.level_mm: no fresh reading", "stacker")
        if abs(seen - wanted) > v.params.level_tol_mm:
            return Miss(f"stacker at {seen:.0f} mm, wanted {wanted:.0f} mm for {place(v)}")
        return None

    return every(check, flag("stacker", "at_level"), flag("stacker", "fork_home"))


def pack_at(place: PlaceOf, wanted: bool) -> Check:
    """The place's own presence switch: the second witness of a pick or place."""

    def check(v: View) -> Miss | None:
        platform, name = v.image.platform, place(v)
        seen = {"buffer": platform.buffer_present, "store": platform.store_present}.get(name)
        seen = platform.isolation_present if name == "isolation" else seen
        if name.startswith("bay-") and platform.bay_present is not None:
            seen = platform.bay_present[int(name[4:]) - 1]
        if seen is None:
            return Miss(f"presence at {name}: no fresh reading", "platform")
        return None if seen is wanted else Miss(f"{name} is {'occupied' if seen else 'empty'}")

    return check


def unplugged(place: PlaceOf) -> Check:
    """Both connectors of a bay are home; any other place has none."""

    def check(v: View) -> Miss | None:
        name = place(v)
        if not name.startswith("bay-"):
            return None
        bay = int(name.removeprefix("bay-"))
        return every(
            connector_is(Connector.COOLANT, out=False, bay=bay), connector_is(Connector.POWER, out=False, bay=bay)
        )(v)

    return check


EMPTY: Final = flag("stacker", "present", wanted=False)
LOADED: Final = flag("stacker", "present")
STILL: Final = every(flag("stacker", "moving", wanted=False), flag("stacker", "fork_home"))
SLOTS_STAND: Final = every(flag("shuttle", "out_moving", wanted=False), flag("shuttle", "in_moving", wanted=False))


def carry(
    prefix: str,
    step: int,
    title: str,
    source: PlaceOf,
    target: PlaceOf,
    *,
    beside: bool = False,
    then: tuple[Link, ...] = (),
    after_pick: tuple[Link, ...] = (),
) -> tuple[Row, ...]:
    """Four rows `prefix.1` to `prefix.4` that bring the pack at `source` to `target`."""
    base = _stacker_row(prefix, step, title, beside)

    def part(number: int, what: str) -> Row:
        name = f"{prefix}.{number}"
        return replace(base, name=name, exit=(name,), title=f"{title}: {what}")

    return (
        replace(
            part(1, "stacker goes there"),
            start=every(EMPTY, pack_at(source, wanted=True)),
            command=stacker_to(source),
            done=every(stacker_at(source), STILL),
            then=(Link(f"{prefix}.2"),),
        ),
        replace(
            part(2, "pick"),
            start=every(EMPTY, stacker_at(source), SLOTS_STAND, unplugged(source)),
            patience="stacker",
            command=pick_at(source),
            done=every(LOADED, pack_at(source, wanted=False), STILL),
            then=(Link(f"{prefix}.3"), *after_pick),
        ),
        replace(
            part(3, "stacker goes to the target"),
            start=LOADED,
            watches=(*base.watches, Watch(pack_at(target, wanted=False), F.PLACE_OCCUPIED, "stacker")),
            command=stacker_to(target),
            done=every(stacker_at(target), STILL),
            then=(Link(f"{prefix}.4"),),
        ),
        replace(
            part(4, "place"),
            start=every(LOADED, stacker_at(target), SLOTS_STAND, unplugged(target)),
            patience="stacker",
            command=place_at(target),
            done=every(EMPTY, pack_at(target, wanted=True), STILL),
            then=then,
        ),
    )


def _stacker_row(prefix: str, step: int, title: str, beside: bool) -> Row:
    """What the four rows of a carry have in common."""
    return Row(
        name=prefix,
        step=step,
        title=title,
        done=always,
        limit="stacker",
        limit_fault=F.STACKER_JAMMED,
        limit_device="stacker",
        moves=("stacker",),
        watches=(STACKER_SEEN, PLATFORM_SEEN),
        routes={F.STACKER_JAMMED: Route(Reaction.HOLD)},
        exit=None,
        beside=beside,
    )
