"""Packs that are held for cars that will come. Pure: times are seconds of the caller's monotonic clock.

requested -> held (pack, bay, until) -> pre-staged -> in use -> done, expired or cancelled. A held pack is nobody
else's; where it may not be handed out any more, another takes its place, or it is requested again and says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from firmware_py.core.image import Image
from firmware_py.core.packs import eligible, why_bad
from firmware_py.core.params import Params
from firmware_py.core.state import Order, Swap


class Stage(StrEnum):
    """Where a reservation stands."""

    REQUESTED = "requested"
    HELD = "held"
    PRE_STAGED = "pre-staged"
    IN_USE = "in-use"
    DONE = "done"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


OPEN: Final = frozenset({Stage.REQUESTED, Stage.HELD, Stage.PRE_STAGED, Stage.IN_USE})


@dataclass(frozen=True, slots=True)
class Limits:
    """How many may be open at once, and for how long one is held at most, in s."""

    most: int
    longest_s: float


@dataclass(frozen=True, slots=True)
class Reservation:
    """One pack for one car. `until_s` counts until its order comes; `swap_id` is the swap that serves it."""

    id: str
    vin: str
    vehicle: str
    pack_class: str | None
    until_s: float
    stage: Stage = Stage.REQUESTED
    bay: int = 0
    serial: str = ""
    swap_id: str = ""
    reason: str = ""

    @property
    def order(self) -> Order:
        """What may be handed out to this car."""
        return Order(self.id, self.vin, self.vehicle, self.pack_class)


@dataclass(frozen=True, slots=True)
class Book:
    """The open reservations, the oldest first. Every change gives a new book and what has changed in it."""

    open: tuple[Reservation, ...] = ()

    def named(self, name: str) -> Reservation | None:
        """The open reservation of this id."""
        return next((r for r in self.open if r.id == name), None)

    def of(self, vin: str, vehicle: str) -> Reservation | None:
        """What a car has reserved and has not come for yet."""
        return next((r for r in self.open if r.vin == vin and r.vehicle == vehicle and not r.swap_id), None)

    def withheld(self, vin: str) -> tuple[str, ...]:
        """Packs that are held for other cars than this one."""
        return tuple(r.serial for r in self.open if r.stage is Stage.HELD and r.vin != vin)

    def put(self, changed: Reservation) -> "Book":
        """The book with one reservation new or changed; one that is over is in it no more."""
        known = any(r.id == changed.id for r in self.open)
        every = tuple(changed if r.id == changed.id else r for r in self.open) + (() if known else (changed,))
        return Book(tuple(r for r in every if r.stage in OPEN))


def why_not(book: Book, wish: Reservation, limits: Limits, params: Params, now_s: float) -> str:
    """Why a reservation is not taken; empty where it may be."""
    if limits.most == 0:
        return "this station takes no reservations"
    if wish.vehicle not in params.vehicles:
        return f"vehicle {wish.vehicle} is not served here (allowed: {', '.join(sorted(params.vehicles))})"
    if wish.until_s - now_s > limits.longest_s:
        return f"held for {limits.longest_s:g} s at most"
    if any(r.vin == wish.vin for r in book.open):
        return "this car has a reservation already: cancel it first"
    if len(book.open) >= limits.most:
        return f"{limits.most} packs are reserved, which is the most"
    return ""


def hold(book: Book, wish: Reservation, image: Image, params: Params, busy: frozenset[str]) -> Reservation:
    """The best pack that is free for a reservation; without one it stays requested. `busy`: packs of the swap on."""
    order = replace(wish.order, withheld=(*book.withheld(wish.vin), *sorted(busy)))
    found = next(eligible(image, order, params), None)
    if found is None:
        return replace(wish, stage=Stage.REQUESTED, bay=0, serial="")
    bay, serial = found
    return replace(wish, stage=Stage.HELD, bay=bay, serial=serial)


def review(
    book: Book, image: Image, params: Params, now_s: float, busy: frozenset[str]
) -> tuple[Book, tuple[Reservation, ...]]:
    """Look at all that wait for their car: expired ones end, unfit packs are replaced, wishes are met."""
    changed: list[Reservation] = []
    for one in book.open:
        after = _reviewed(book, one, image, params, now_s, busy)
        if after != one:
            changed.append(after)
            book = book.put(after)
    return book, tuple(changed)


def _reviewed(
    book: Book, one: Reservation, image: Image, params: Params, now_s: float, busy: frozenset[str]
) -> Reservation:
    if one.swap_id:
        return one
    if now_s >= one.until_s:
        return replace(one, stage=Stage.EXPIRED, reason="the car did not come in time")
    if one.stage is Stage.REQUESTED:
        found = hold(book, one, image, params, busy)
        return replace(found, reason="") if found.stage is Stage.HELD else one
    why = _unfit(one, image, params)
    if not why:
        return one
    lost = f"pack {one.serial} of bay {one.bay}: {why}"
    found = hold(book, one, image, params, busy | {one.serial})
    return replace(found, reason=lost if found.stage is Stage.HELD else f"{lost}; no other pack may be handed out")


def _unfit(one: Reservation, image: Image, params: Params) -> str:
    """Why a held pack may not be handed out any more. What it has not said lately speaks neither for nor against it."""
    present = image.platform.bay_present
    if present is not None and not present[one.bay - 1]:
        return "it is not in its bay"
    pack = image.bay(one.bay)
    if pack.serial is not None and pack.serial != one.serial:
        return f"pack {pack.serial} is in its bay"
    return why_bad(pack, one.order, params) or ""


def begun(one: Reservation, swap_id: str, bay: int, serial: str) -> Reservation:
    """Its car's order is accepted: it expires no more."""
    return replace(one, stage=Stage.HELD, swap_id=swap_id, bay=bay, serial=serial, reason="")


def moved(one: Reservation, stage: Stage, swap: Swap) -> Reservation:
    """Its pack is at the buffer, or goes under the car; it may have become another one on the way."""
    return replace(one, stage=stage, bay=swap.bay, serial=swap.serial_new)


def serving(book: Book, swap_id: str) -> Iterator[Reservation]:
    """The reservation that a swap serves."""
    return (r for r in book.open if r.swap_id == swap_id)


def over(one: Reservation, *, completed: bool, reason: str) -> Reservation:
    """Its swap has ended."""
    return replace(one, stage=Stage.DONE if completed else Stage.CANCELLED, reason=reason)


def cancelled(book: Book, name: str) -> Reservation | str:
    """The reservation, cancelled, or why it cannot be."""
    one = book.named(name)
    if one is None:
        return f"no open reservation {name}"
    if one.swap_id:
        return f"swap {one.swap_id} serves it now: abort that"
    return replace(one, stage=Stage.CANCELLED, reason="cancelled")
