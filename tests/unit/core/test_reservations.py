"""Reservations, purely: a held pack is nobody else's, a hold ends, an unfit pack is replaced or its loss is told."""

from dataclasses import replace

import pytest

from firmware_py.core.events import OrderIn, Withhold
from firmware_py.core.image import Image
from firmware_py.core.packml import PackML
from firmware_py.core.packs import eligible
from firmware_py.core.reservations import (
    Book,
    Limits,
    Reservation,
    Stage,
    begun,
    cancelled,
    hold,
    moved,
    over,
    review,
    serving,
    why_not,
)
from firmware_py.core.sequencer import Sequencer
from firmware_py.core.state import Order, State, Swap
from hal.readings import PackReading
from tests.unit.core import scenes as s

LIMITS = Limits(most=2, longest_s=600.0)
NOBODY: frozenset[str] = frozenset()
SERIALS = tuple(s.NEW[:-1] + digit for digit in "ABC")
VINS = ("LNAUTS0A0PX000001", "LNAUTS0A0PX000002", "LNAUTS0A0PX000003")


def rack(*changes: dict[str, object], present: tuple[bool, ...] = (True, True, True)) -> Image:
    """Three bays: A is the fullest, then B, then C; `changes` to them in this order."""
    packs = [replace(s.pack(serial), soc_pct=95.0 - n) for n, serial in enumerate(SERIALS)]
    for n, change in enumerate(changes):
        packs[n] = replace(packs[n], **change)  # type: ignore[arg-type]
    return s.put(replace(s.EMPTY_LANE, packs=tuple(packs)), platform__bay_present=present)


def wish(n: int = 0, until_s: float = 400.0, **other: object) -> Reservation:
    return replace(Reservation(f"r{n}", VINS[n], "aion-ut", None, until_s), **other)  # type: ignore[arg-type]


def held(*numbers: int) -> Book:
    """Reservations of cars 0, 1, ... made one after the other on a good rack."""
    book = Book()
    for n in numbers:
        book = book.put(hold(book, wish(n), rack(), s.params(), NOBODY))
    return book


def of(book: Book) -> list[tuple[str, str, int, str]]:
    return [(r.id, r.stage.value, r.bay, r.serial) for r in book.open]


def test_each_car_holds_the_best_pack_that_is_left() -> None:
    assert of(held(0, 1)) == [("r0", "held", 1, SERIALS[0]), ("r1", "held", 2, SERIALS[1])]


def test_a_walk_in_never_gets_a_held_pack_and_its_owner_gets_just_that() -> None:
    book = held(0, 1)
    walk_in = Order("o", VINS[2], "aion-ut", withheld=book.withheld(VINS[2]))
    assert list(eligible(rack(), walk_in, s.params())) == [(3, SERIALS[2])]
    mine = Order("o", VINS[1], "aion-ut", held=SERIALS[1], withheld=book.withheld(VINS[1]))
    assert list(eligible(rack(), mine, s.params())) == [(2, SERIALS[1]), (3, SERIALS[2])]


def test_a_pack_of_the_swap_that_is_on_is_not_held() -> None:
    assert hold(Book(), wish(), rack(), s.params(), frozenset({SERIALS[0]})).bay == 2


def test_without_a_pack_it_stays_requested() -> None:
    found = hold(held(0, 1), wish(2), rack(present=(True, True, False)), s.params(), NOBODY)
    assert (found.stage, found.bay, found.serial) == (Stage.REQUESTED, 0, "")


@pytest.mark.parametrize(
    ("asked", "limits", "why"),
    [
        (wish(2), Limits(0, 600.0), "this station takes no reservations"),
        (wish(2, vehicle="tram"), Limits(3, 600.0), "vehicle tram is not served here (allowed: aion-ut)"),
        (wish(2, until_s=700.1), Limits(3, 600.0), "held for 600 s at most"),
        (wish(2), LIMITS, "2 packs are reserved, which is the most"),
        (wish(1), Limits(3, 600.0), "this car has a reservation already: cancel it first"),
        (wish(2, until_s=700.0), Limits(3, 600.0), ""),
    ],
)
def test_what_is_taken_is_limited(asked: Reservation, limits: Limits, why: str) -> None:
    assert why_not(held(0, 1), asked, limits, s.params(), 100.0) == why


def test_a_hold_ends_at_its_time_and_the_pack_is_free() -> None:
    book, changed = review(held(0), rack(), s.params(), 399.9, NOBODY)
    assert changed == ()
    book, changed = review(book, rack(), s.params(), 400.0, NOBODY)
    assert [(c.id, c.stage, c.serial) for c in changed] == [("r0", Stage.EXPIRED, SERIALS[0])]
    assert book.open == ()
    assert book.withheld(VINS[1]) == ()


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (rack({"soc_pct": 60.0}), "SOC 60 %, at least 80 %"),
        (rack({"fault_bits": 1}), "fault bits set, or contactors not open"),
        (rack({"temp_max_degc": 50.0}), "50 °C, allowed 5 to 45 °C"),
        (rack(present=(False, True, True)), "it is not in its bay"),
        (rack({"serial": SERIALS[0][:-1] + "X"}), f"pack {SERIALS[0][:-1]}X is in its bay"),
    ],
)
def test_an_unfit_pack_is_replaced_and_its_loss_is_told(image: Image, why: str) -> None:
    book, (changed,) = review(held(0), image, s.params(), 1.0, NOBODY)
    assert (changed.stage, changed.until_s) == (Stage.HELD, 400.0)
    assert changed.serial not in {"", SERIALS[0]}
    assert changed.reason == f"pack {SERIALS[0]} of bay 1: {why}"
    assert review(book, image, s.params(), 2.0, NOBODY)[1] == (), "told once"


def test_with_no_other_pack_it_is_requested_again_and_held_as_soon_as_one_is_there() -> None:
    alone = rack({"fault_bits": 1}, present=(True, False, False))
    book, (changed,) = review(held(0), alone, s.params(), 1.0, NOBODY)
    assert (changed.stage, changed.serial) == (Stage.REQUESTED, "")
    assert changed.reason.endswith("no other pack may be handed out")
    assert review(book, alone, s.params(), 2.0, NOBODY)[1] == ()
    book, (changed,) = review(book, rack({"fault_bits": 1}), s.params(), 3.0, NOBODY)
    assert (changed.stage, changed.serial, changed.reason) == (Stage.HELD, SERIALS[1], "")
    _, (changed,) = review(book, rack(), s.params(), 400.0, NOBODY)
    assert changed.stage is Stage.EXPIRED


@pytest.mark.parametrize("silent", [PackReading(), replace(s.pack(SERIALS[0]), soc_pct=None, fault_bits=None)])
def test_a_pack_that_is_silent_for_a_while_stays_held(silent: PackReading) -> None:
    image = rack()
    image = replace(image, packs=(silent, *image.packs[1:]))
    assert review(held(0), image, s.params(), 1.0, NOBODY)[1] == ()
    unknown = s.put(rack(), platform__bay_present=None)
    assert review(held(0), unknown, s.params(), 1.0, NOBODY)[1] == ()


def test_two_that_lose_their_packs_at_once_do_not_get_the_same_one() -> None:
    both = rack({"fault_bits": 1}, {"fault_bits": 1})
    _, changed = review(held(0, 1), both, s.params(), 1.0, NOBODY)
    assert [(c.id, c.stage, c.serial) for c in changed] == [
        ("r0", Stage.HELD, SERIALS[2]),
        ("r1", Stage.REQUESTED, ""),
    ]


def test_from_its_order_on_it_neither_expires_nor_changes_by_itself_and_ends_with_the_swap() -> None:
    book = held(0)
    book = book.put(begun(book.open[0], "swap-1", 1, SERIALS[0]))
    assert book.of(VINS[0], "aion-ut") is None, "a second order is a walk-in"
    assert review(book, rack({"fault_bits": 1}), s.params(), 999.0, NOBODY)[1] == ()
    (one,) = serving(book, "swap-1")
    assert cancelled(book, "r0") == "swap swap-1 serves it now: abort that"
    swap = Swap("swap-1", Order("o", VINS[0], "aion-ut"), 2, SERIALS[1])
    staged = moved(one, Stage.PRE_STAGED, swap)
    assert (staged.stage, staged.bay, staged.serial) == (Stage.PRE_STAGED, 2, SERIALS[1])
    assert moved(staged, Stage.IN_USE, swap).stage is Stage.IN_USE
    assert book.put(over(staged, completed=True, reason="")).open == ()
    assert over(staged, completed=True, reason="").stage is Stage.DONE
    ended = over(staged, completed=False, reason="LOCK_FAILED_UNLOCK")
    assert (ended.stage, ended.reason) == (Stage.CANCELLED, "LOCK_FAILED_UNLOCK")


def test_cancelling() -> None:
    book = held(0)
    assert cancelled(book, "r9") == "no open reservation r9"
    found = cancelled(book, "r0")
    assert isinstance(found, Reservation)
    assert book.put(found).open == ()


def test_what_is_reserved_during_a_swap_is_withheld_from_it_too() -> None:
    core = Sequencer(s.params())
    state = State(swap=Swap("swap-1", Order("o", VINS[0], "aion-ut"), 1, SERIALS[0]))
    after, effects = core.step(state, rack(), Withhold((SERIALS[1],)))
    assert after.swap is not None
    assert after.swap.order.withheld == (SERIALS[1],)
    assert effects == ()
    assert core.step(State(), rack(), Withhold((SERIALS[1],)))[0] == State()


def test_an_order_that_finds_only_packs_of_others_says_so() -> None:
    core, state = Sequencer(s.params()), State(packml=PackML.IDLE)
    order = Order("o", VINS[2], "aion-ut", withheld=SERIALS)
    _, effects = core.step(state, rack(), OrderIn(order, "swap-1", 60.0))
    assert any("NO_ELIGIBLE_PACK, 3 reserved for others" in str(effect) for effect in effects)
