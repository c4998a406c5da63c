"""Orders: which are taken, when they are accepted, and the one that waits for its turn."""

from dataclasses import replace

import pytest

from firmware_py.core import orders
from firmware_py.core.effects import Act, Answer, Arm, Disarm, Keep, Note, Reply
from firmware_py.core.events import Action, Leave, Operator, OrderIn, Scan, TimeUp, Trouble, TurnIn, Withhold
from firmware_py.core.faults import Fault, FaultCode
from firmware_py.core.image import Image
from firmware_py.core.packml import Mode, PackML
from firmware_py.core.state import Order, State, Waiting
from tests.unit.core import scenes as s
from tests.unit.core.engine_drive import Driver, answers, at_row, of, reason, sequencer
from tests.unit.core.test_sequencer import LOST, QUIET, refusal
from tests.unit.core.test_swap_path import ORDER, begin, ended

SEQ = sequencer()
IDLE = State(PackML.IDLE)
OTHER_VIN = "LNBSCUAK0PR000002"
NEXT = OrderIn(Order("order-2", OTHER_VIN, "aion-ut"), "swap-2", 300.0)
SERVING = {
    PackML.STARTING, PackML.EXECUTE, PackML.UNHOLDING, PackML.COMPLETING, PackML.COMPLETE, PackML.RESETTING,
}  # fmt: skip
"""From these the station comes to Idle by itself."""
RUNNING = at_row("4", s.SWAP)


SECOND = s.BAY_PACKS[1].serial or ""
"""Code of the pack in bay 2: the first bay's is fuller, it goes to the first car."""


def waiting(state: State = IDLE) -> State:
    """A station at which the second order waits."""
    return replace(state, waiting=Waiting(NEXT.order, "swap-2", 2, SECOND))


# ------------------------------------------------------------------ which


@pytest.mark.parametrize("packml", [p for p in PackML if p not in SERVING | {PackML.IDLE}])
def test_no_order_is_taken_by_a_station_that_a_person_must_help_first(packml: PackML) -> None:
    assert refusal(State(packml), ORDER) == f"station is {packml.value}"


def test_an_order_is_refused_while_a_fault_stands() -> None:
    state = State(PackML.IDLE, faults=(Fault(LOST, "stacker", "gone"),))
    assert refusal(state, ORDER) == "fault LINK_LOST stacker"


@pytest.mark.parametrize("state", [IDLE, RUNNING])
def test_an_order_is_refused_while_the_safety_chain_is_open(state: State) -> None:
    assert refusal(state, NEXT, s.put(QUIET, safety__estop_ok=False)) == "e-stop pressed"


@pytest.mark.parametrize("state", [IDLE, RUNNING])
def test_an_order_for_a_strange_vehicle_or_without_a_pack_is_refused(state: State) -> None:
    strange = replace(ORDER, order=Order("o", s.VIN, "lorry"))
    assert "vehicle lorry is not served here (allowed: aion-ut)" in refusal(state, strange)
    empty = replace(QUIET, packs=())
    assert refusal(state, ORDER, empty) == "NO_ELIGIBLE_PACK"


# ------------------------------------------------------------------ accepted on a fresh look


def test_an_order_reserves_the_fullest_pack_and_is_accepted_once_the_chain_was_read_anew() -> None:
    state, effects = SEQ.step(IDLE, QUIET, ORDER)
    assert state.packml is PackML.STARTING
    assert state.swap is not None
    assert (state.swap.bay, state.swap.serial_new, state.swap.return_bay) == (1, s.NEW, 1)
    assert state.swaps_started == 1
    assert not of(Reply, effects)
    assert not of(Keep, effects)[:-1], "nothing but the state is kept: there is no swap yet"
    old_look = replace(QUIET, unsettled=("safety",))
    assert SEQ.step(state, old_look, Scan()) == (state, ())
    state, effects = SEQ.step(state, QUIET, Scan())
    assert answers(effects) == [("order-1", "accepted")]
    kinds = [type(e) for e in effects]
    assert kinds.index(Keep) < kinds.index(Act), "the swap is kept before anything is asked for it"


def turned_away(driver: Driver) -> str:
    """Why the order of a station was refused; the station waits for the next one as if nothing had been."""
    assert driver.is_in(PackML.IDLE)
    assert driver.state.swap is None
    assert not [name for name in driver.timers if not name.startswith("watch:")]
    assert not [k for k in of(Keep, driver.effects) if k.note is Note.ORDER], "no record of a swap that never was"
    assert answers(driver.effects)[-1] == ("order-1", "refused")
    return of(Reply, driver.effects)[-1].reason


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"safety__estop_ok": False}, "e-stop pressed"),
        ({"safety__gate_closed": False}, "guard gate open"),
        ({"ups__on_mains": False}, "fault MAINS_LOST ups"),
        ({"fire__gas": (True, False)}, "gas in zone 1"),
    ],
)
def test_an_order_that_came_on_an_old_look_is_refused_by_the_new_one(change: dict[str, object], why: str) -> None:
    driver = begin()
    driver.image = s.put(driver.image, **change)
    driver.tell(Scan())
    assert turned_away(driver) == why


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (TimeUp("station:enable"), "the safety chain was not read"),
        (Operator(Action.HOLD, "tester"), "hold asked by the operator"),
    ],
)
def test_what_stops_a_station_before_the_swap_costs_the_order_alone(event: TimeUp | Operator, why: str) -> None:
    driver = begin()
    driver.tell(event)
    assert turned_away(driver) == why


def test_a_journal_that_fails_before_the_swap_turns_the_order_away_and_holds_the_station() -> None:
    driver = begin()
    driver.tell(Trouble(FaultCode.JOURNAL_FAILED, "journal", "disk full"))
    assert driver.is_in(PackML.HELD)
    assert driver.state.swap is None
    assert answers(driver.effects)[-1] == ("order-1", "refused")
    assert of(Reply, driver.effects)[-1].reason == "disk full"
    assert not [k for k in of(Keep, driver.effects) if k.note is Note.ORDER], "no record of a swap that never was"


def test_a_station_that_leaves_answers_the_order_that_it_was_looking_at() -> None:
    state, _ = SEQ.step(IDLE, QUIET, ORDER)
    state, effects = SEQ.step(state, QUIET, Leave("controller stops"))
    assert answers(effects) == [("order-1", "refused")]
    assert (state.packml, state.swap) == (PackML.STOPPING, None)


# ------------------------------------------------------------------ the one that waits


@pytest.mark.parametrize("packml", sorted(SERVING))
def test_one_more_order_is_accepted_while_another_is_served(packml: PackML) -> None:
    running = replace(RUNNING, packml=packml)
    state, effects = SEQ.step(running, QUIET, NEXT)
    assert state == replace(running, waiting=Waiting(NEXT.order, "swap-2", 2, SECOND)), (
        "the fullest pack is the first car's"
    )
    assert effects == (Arm("order:next", 300.0), Reply("order-2", Answer.ACCEPTED, "next, bay 2"))
    third = replace(NEXT, order=Order("order-3", OTHER_VIN, "aion-ut"))
    assert refusal(state, third) == f"station is {packml.value}, another order waits already"


def test_no_order_is_accepted_for_the_pack_that_the_first_car_gets() -> None:
    only = replace(QUIET, packs=QUIET.packs[:1])
    assert refusal(RUNNING, NEXT, only) == "NO_ELIGIBLE_PACK"


def test_packs_that_are_reserved_later_are_withheld_from_the_one_that_waits_too() -> None:
    state = SEQ.step(RUNNING, QUIET, NEXT)[0]
    state = SEQ.step(state, QUIET, Withhold(("P-A",), ("P-B",)))[0]
    assert state.swap is not None
    assert state.waiting is not None
    assert (state.swap.order.withheld, state.waiting.order.withheld) == (("P-A",), ("P-B",))


def test_its_turn_comes_when_the_first_car_and_the_rack_are_done_without_a_person() -> None:
    driver = begin()
    driver.run(lambda d: "4" in d.done)
    driver.tell(NEXT)
    driver.run(ended)
    driver.run(lambda d: d.state.packml is PackML.IDLE)
    assert orders.due(driver.state)
    driver.image = s.put(driver.image, safety__drives_enabled=False)
    driver.tell(TurnIn())
    assert driver.state.waiting is None
    assert "order:next" not in driver.timers
    driver.run(lambda d: d.state.packml is PackML.EXECUTE)
    assert driver.state.swap is not None
    assert (driver.state.swap.id, driver.state.swap.order) == ("swap-2", NEXT.order)
    mine = [word for name, word in answers(driver.effects) if name == "order-2"]
    assert mine == ["accepted", "started"], "accepted once"
    assert {k.body["order_id"] for k in of(Keep, driver.effects) if k.note is Note.ORDER} == {"order-1", "order-2"}


@pytest.mark.parametrize("state", [waiting(RUNNING), IDLE])
def test_no_turn_comes_while_the_station_is_busy_or_nobody_waits(state: State) -> None:
    assert not orders.due(state)
    assert SEQ.step(state, QUIET, TurnIn()) == (state, ())


def test_a_held_pack_is_handed_out_and_another_one_where_it_went_bad() -> None:
    state, _ = SEQ.step(waiting(), QUIET, TurnIn())
    assert state.swap is not None
    assert (state.swap.bay, state.swap.serial_new) == (2, SECOND)
    hot = replace(QUIET.packs[1], temp_max_degc=50.0)
    state, _ = SEQ.step(waiting(), replace(QUIET, packs=(QUIET.packs[0], hot, *QUIET.packs[2:])), TurnIn())
    assert state.swap is not None
    assert (state.swap.bay, state.swap.serial_new) == (1, s.NEW)


@pytest.mark.parametrize(
    ("state", "image", "why"),
    [
        (waiting(), replace(QUIET, packs=()), "NO_ELIGIBLE_PACK"),
        (waiting(), s.put(QUIET, safety__estop_ok=False), "e-stop pressed"),
        (waiting(replace(IDLE, faults=(Fault(FaultCode.MAINS_LOST, "ups", ""),))), QUIET, "fault MAINS_LOST ups"),
        (waiting(replace(IDLE, mode=Mode.MAINTENANCE)), QUIET, "mode is Maintenance: orders are for Production"),
    ],
)
def test_an_order_whose_turn_finds_no_service_fails_and_says_why(state: State, image: Image, why: str) -> None:
    after, effects = SEQ.step(state, image, TurnIn())
    assert after == replace(state, waiting=None)
    assert effects[0] == Disarm("order:next")
    assert (answers(effects), reason(effects)) == ([("order-2", "failed")], why)


def test_an_accepted_order_whose_turn_meets_an_open_chain_fails() -> None:
    state, _ = SEQ.step(waiting(), QUIET, TurnIn())
    state, effects = SEQ.step(state, s.put(QUIET, safety__estop_ok=False), Scan())
    assert answers(effects) == [("order-2", "failed")]
    assert (state.packml, state.swap) == (PackML.IDLE, None)


def test_an_order_that_expires_while_it_waits_fails() -> None:
    after, effects = SEQ.step(waiting(RUNNING), QUIET, TimeUp("order:next"))
    assert after == RUNNING
    assert (answers(effects), reason(effects)) == ([("order-2", "failed")], "expired before its turn")
    assert SEQ.step(RUNNING, QUIET, TimeUp("order:next")) == (RUNNING, ())


def test_an_order_waits_while_the_swap_before_it_is_held() -> None:
    held = waiting(replace(at_row("4", s.SWAP), packml=PackML.HELD))
    state, _ = SEQ.step(held, QUIET, Scan())
    assert state.waiting is not None


def test_an_order_does_not_wait_for_a_station_that_was_stopped_or_aborted() -> None:
    state, effects = SEQ.step(waiting(State(PackML.RESETTING)), Image(), TimeUp("station:resetting"))
    assert state.packml is PackML.STOPPED
    assert ("order-2", "failed") in answers(effects)
    leaving, effects = SEQ.step(waiting(RUNNING), QUIET, Leave("controller stops"))
    assert leaving.waiting is None
    assert ("order-2", "failed") in answers(effects)
