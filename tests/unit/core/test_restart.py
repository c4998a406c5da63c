"""After a restart in mid-swap: nothing moves, two looks conclude, a person says what comes next."""

from dataclasses import replace

import pytest

from firmware_py.core.effects import Act, Answer, Keep, Note, Reply, StopMotion, Told
from firmware_py.core.events import (
    Action,
    Event,
    Interrupted,
    Looked,
    Operator,
    Recovered,
    Scan,
    Started,
    StartHeld,
    Trouble,
)
from firmware_py.core.faults import Fault, FaultCode
from firmware_py.core.image import Image
from firmware_py.core.packml import PackML, StablePlace
from firmware_py.core.recovery_words import Outcome
from firmware_py.core.restart import concluded
from firmware_py.core.state import Active, Phase, Purpose, State, Swap
from hal.readings import LockSetReading, LockState
from tests.unit.core import scenes as s
from tests.unit.core.engine_drive import of, raised, sequencer

SEQ = sequencer()
P = StablePlace
INTERRUPTED = (FaultCode.SWAP_INTERRUPTED, "swap-1")
UP_TO_8 = frozenset({"0.5", "1", "2", "3", "4", "5.pins", "5.lift", "5.shutter", "6", "7", "8"})
UP_TO_12 = UP_TO_8 | {"9", "10", "11", "12"}
HALF = s.put(s.CARRIED, locks=s.one_point(s.CARRIED, LockState.FREE).locks)


def left(row: str, place: P, passed: frozenset[str], *faults: tuple[Fault, str]) -> Interrupted:
    """The journal's last word: this row was under way."""
    swap = replace(s.SWAP, passed=passed)
    return Interrupted("power was lost", swap, (Active(row, Phase.RUNNING),), place, faults)


def ask(action: Action) -> Operator:
    return Operator(action, "tester")


def after(event: Interrupted, *looks: Image) -> State:
    """The state after a restart and a look at each of these pictures."""
    state = SEQ.step(State(), looks[0] if looks else Image(), event)[0]
    for image in looks:
        state = SEQ.step(state, image, Looked())[0]
    return state


def text(state: State) -> str:
    fault = state.fault(*INTERRUPTED)
    assert fault is not None
    return fault.text


def outcome(state: State) -> Outcome | None:
    return None if state.recovery is None or state.recovery.found is None else state.recovery.found.outcome


def test_whatever_an_earlier_controller_has_set_in_motion_is_stopped_first() -> None:
    state, effects = SEQ.step(State(), Image(), Started())
    assert state == State()
    (stop,) = of(StopMotion, effects)
    assert (stop.devices, stop.drop_enable) == ((), True), "all of them"


def test_other_files_hold_the_station_and_keep_a_swap_from_going_on_until_a_person_clears_it() -> None:
    other = StartHeld(FaultCode.CONFIGURATION_CHANGED, "station", "the files have hash aa, the last run had bb")
    held = SEQ.step(State(), s.LOWERED, other)[0]
    assert (held.packml, held.held_for) == (PackML.HELD, f"CONFIGURATION_CHANGED station: {other.text}")
    state = SEQ.step(held, s.LOWERED, left("11", P.S2, UP_TO_8 | {"9", "10"}))[0]
    for _ in range(2):
        state = SEQ.step(state, s.LOWERED, Looked())[0]
    assert outcome(state) is Outcome.AT_S2
    then, effects = SEQ.step(state, s.LOWERED, ask(Action.RESUME))
    assert then == state
    (told,) = of(Told, effects)
    assert told.reason.startswith("CONFIGURATION_CHANGED: the files have hash aa")
    cleared = SEQ.step(state, s.LOWERED, ask(Action.CLEAR))[0]
    assert (cleared.packml, cleared.swap, cleared.faults) == (PackML.STOPPED, None, ())


def test_what_moves_by_itself_is_no_place_to_rest() -> None:
    rising = s.put(s.DOCKED, lift__moving=True)
    state = after(left("7", P.S1, UP_TO_8 - {"7", "8"}), rising, rising)
    assert outcome(state) is Outcome.CONTRADICTION
    assert "still moving: lift" in text(state)


def test_who_is_lost_is_named_and_concluded_anew_once_seen() -> None:
    state = SEQ.step(State(), s.LOWERED, left("11", P.S2, UP_TO_8 | {"9", "10"}))[0]
    state = SEQ.step(state, s.LOWERED, Trouble(FaultCode.LINK_LOST, "lift", "no answer"))[0]
    for _ in range(2):
        state = SEQ.step(state, s.LOWERED, Looked())[0]
    assert outcome(state) is Outcome.AT_S2
    assert "not seen: lift; see that lift answers; look at car and pack" in text(state)
    state = SEQ.step(state, s.LOWERED, Recovered("lift", FaultCode.LINK_LOST))[0]
    state = SEQ.step(state, s.LOWERED, Scan())[0]
    assert outcome(state) is Outcome.AT_S2
    assert "not seen" not in text(state)


@pytest.mark.parametrize(
    "event",
    [
        Trouble(FaultCode.JOURNAL_FAILED, "journal", "disk I/O error"),
        StartHeld(FaultCode.JOURNAL_RESTORED, "journal", "the journal was restored from a.sqlite"),
        StartHeld(FaultCode.CONFIGURATION_CHANGED, "journal", "a swap may be open"),
    ],
)
def test_a_journal_that_does_not_tell_is_no_proof_that_nothing_is_pending(event: Trouble | StartHeld) -> None:
    found = concluded(SEQ.step(State(), s.STANDING, event)[0])
    assert found is not None
    assert (found.outcome, found.place) == (Outcome.NOT_TOLD, P.UNKNOWN)
    assert event.text in found.text
    assert "look at car and packs" in found.todo


def test_other_files_alone_say_nothing_against_the_journal() -> None:
    other = StartHeld(FaultCode.CONFIGURATION_CHANGED, "station", "the files have hash aa")
    found = concluded(SEQ.step(State(), s.EMPTY_LANE, other)[0])
    assert found is not None
    assert found.outcome is Outcome.NOTHING_PENDING


def test_until_two_looks_nothing_is_known_and_nothing_is_let_go_on() -> None:
    state, effects = SEQ.step(State(), s.LOWERED, left("11", P.S2, UP_TO_8 | {"9", "10"}))
    assert (state.packml, state.place) == (PackML.HELD, P.UNKNOWN)
    assert raised(effects) == [INTERRUPTED]
    once = SEQ.step(state, s.LOWERED, Looked())[0]
    for seen in (state, once):
        events: tuple[Event, ...] = (Scan(), ask(Action.RESUME), ask(Action.ABORT), ask(Action.RESET))
        for event in events:
            then, effects = SEQ.step(seen, s.LOWERED, event)
            assert then == seen
            assert not of(Act, effects)
    twice = SEQ.step(once, s.LOWERED, Looked())[0]
    assert (outcome(twice), twice.place) == (Outcome.AT_S2, P.S2)
    assert "car held, no pack attached" in text(twice)
    assert "resume" in text(twice)


@pytest.mark.parametrize(
    ("event", "image", "found", "place"),
    [
        (left("1", P.S0, frozenset()), s.EMPTY_LANE, Outcome.AT_S0, P.S0),
        (left("2", P.UNKNOWN, frozenset({"1"})), s.STANDING, Outcome.AT_S0, P.S0),
        (left("2", P.S0, frozenset({"1"})), s.put(s.ARRIVED, locks=s.locks(LockState.FREE)), Outcome.AT_S0, P.S0),
        (left("3", P.S0, frozenset({"1", "2"})), s.STANDING, Outcome.AT_S0, P.S0),
        (left("4", P.S1, frozenset({"1", "2", "3"})), s.READY, Outcome.AT_S1, P.S1),
        (left("7", P.S1, UP_TO_8 - {"7", "8"}), s.DOCKED, Outcome.AT_S1, P.S1),
        (left("8", P.S1, UP_TO_8 - {"8"}), s.CARRIED, Outcome.AT_S1, P.S1),
        (left("8", P.S1, UP_TO_8 - {"8"}), HALF, Outcome.BETWEEN, P.S1),
        (left("8", P.S1, UP_TO_8 - {"8"}), s.FREED, Outcome.BETWEEN, P.S1),
        (left("10", P.S1, UP_TO_8 | {"9"}), s.FREED, Outcome.BETWEEN, P.S1),
        (left("11", P.S2, UP_TO_8 | {"9", "10"}), s.LOWERED, Outcome.AT_S2, P.S2),
        (left("13", P.S2, UP_TO_12), s.EXCHANGED, Outcome.AT_S2, P.S2),
        (left("14", P.S2, UP_TO_12 | {"13"}), s.SEATED, Outcome.AT_S2, P.S2),
        (left("14", P.S2, UP_TO_12 | {"13"}), s.one_point(s.SEATED, LockState.LOCKED), Outcome.BETWEEN, P.S2),
        (left("15", P.S2, UP_TO_12 | {"13", "14"}), s.LOCKED, Outcome.BETWEEN, P.S2),
        (left("16", P.S3, UP_TO_12 | {"13", "14", "15"}), s.PROVEN, Outcome.AT_S3, P.S3),
        (left("18.free", P.S3, UP_TO_12 | {"13", "14", "15", "18.lower"}), s.DOWN, Outcome.AT_S3, P.S3),
        (left("store.1", P.S4, UP_TO_12 | {"13", "14", "15", "18.lower", "19"}), s.EMPTY_LANE, Outcome.AT_S4, P.S4),
    ],
    ids=lambda value: value.active[0].row if isinstance(value, Interrupted) else None,
)
def test_where_the_swap_rests(event: Interrupted, image: Image, found: Outcome, place: P) -> None:
    image = s.put(image, platform__store_present=True) if event.active[0].row == "store.1" else image
    state = after(event, image, image)
    assert (outcome(state), state.place) == (found, place), text(state)


LET_GO = left("19", P.S3, UP_TO_12 | {"13", "14", "15", "16", "17", "18.lower", "18.free", "19.gate"})
GONE = s.put(s.EMPTY_LANE, locks=s.locks(LockState.FREE), platform__store_present=True, platform__lane_gate_open=True,
             platform__lane_gate_closed=False)  # fmt: skip


@pytest.mark.parametrize("lane_clear", [True, False], ids=["it has left", "it is on its way out"])
def test_a_car_that_was_told_to_leave_may_be_gone(lane_clear: bool) -> None:
    """Nobody stops its driver while there is no controller; where it stood the tools see no bolt."""
    image = s.put(GONE, platform__lane_clear=lane_clear)
    state = after(LET_GO, image, image)
    assert (outcome(state), state.place) == (Outcome.AT_S4, P.S4), text(state)


def test_a_car_that_has_not_left_its_place_holds_its_pack() -> None:
    still = s.put(GONE, platform__lane_clear=False, platform__grooves=(True,) * 4)
    assert outcome(after(LET_GO, still, still)) is Outcome.CONTRADICTION
    locked = s.put(still, locks=s.locks(LockState.LOCKED))
    assert outcome(after(LET_GO, locked, locked)) is Outcome.AT_S3


def test_its_leaving_is_kept_once_the_swap_goes_on() -> None:
    """The record counts up to it."""
    state = SEQ.step(after(LET_GO, GONE, GONE), GONE, ask(Action.RESUME))[0]
    enabled, kept = s.put(GONE, safety__drives_enabled=True), []
    for _ in range(5):
        state, effects = SEQ.step(state, enabled, Scan())
        kept += [k.body["place"] for k in of(Keep, effects) if k.note is Note.PLACE]
    assert kept == ["S4"]
    assert "19" not in {a.row for a in state.active}


@pytest.mark.parametrize("passed", [{"1"}, {"1", "2"}])
def test_a_car_in_the_lane_is_told_of(passed: set[str]) -> None:
    state = after(left("3", P.S0, frozenset(passed)), s.STANDING, s.STANDING)
    assert outcome(state) is Outcome.AT_S0
    assert "a car" in text(state)
    assert "lane empty" not in text(state)


@pytest.mark.parametrize(
    ("event", "image", "says"),
    [
        (left("3", P.S0, frozenset({"1", "2"})), s.put(s.STANDING, locks=s.locks(LockState.FREE)),
         ("lock points not locked", "no bolt was turned since the car came in")),
        (left("7", P.S1, UP_TO_8 - {"7", "8"}), s.put(s.DOCKED, car__vin="LNAUTS0A0PX999999"),
         ("VIN differs from the order's", "the car of the order stands in its place")),
        (left("7", P.S1, UP_TO_8 - {"7", "8"}), s.FREED, ("lock points not locked", "place S1, no bolt was turned")),
        (left("7", P.S1, UP_TO_8 - {"7", "8"}), s.put(s.DOCKED, locks=LockSetReading()), ("no fresh reading", "S1")),
        (left("7", P.S1, UP_TO_8 - {"7", "8"}), s.put(s.DOCKED, platform__pins_raised=False),
         ("platform.pins_raised is False", "held by pins and rods")),
        (left("11", P.S2, UP_TO_8 | {"9", "10"}), s.put(s.LOWERED, locks=s.locks(LockState.LOCKED)),
         ("lock points not free", "place S2, no bolt was turned")),
        (left("11", P.S2, UP_TO_8 | {"9", "10"}), s.put(s.LOWERED, locks=LockSetReading()), ("no fresh", "S2")),
        (left("9", P.S2, UP_TO_8 | {"9", "10"}), s.put(s.LOWERED, shuttle__out_present=False),
         ("shuttle.out_present is False", "row 10 done")),
        (left("16", P.S3, UP_TO_12 | {"13", "14", "15"}), s.one_point(s.PROVEN, LockState.FREE),
         ("lock points not locked: 4", "place S3, pack locked and proven")),
        (left("2", P.S0, frozenset({"1"})), s.put(s.STANDING, platform__lane_clear=None), ("lane_clear", "place S0")),
        (left("7", P.S1, UP_TO_8 - {"7", "8"}), s.put(s.DOCKED, lift__moving=True), ("still moving: lift",)),
    ],
)  # fmt: skip
def test_a_contradiction_names_the_reading_and_the_entry_and_keeps_the_swap(
    event: Interrupted, image: Image, says: tuple[str, ...]
) -> None:
    state = after(event, image, image)
    assert (outcome(state), state.place) == (Outcome.CONTRADICTION, P.UNKNOWN)
    assert all(word in text(state) for word in says), text(state)
    for action in (Action.RESUME, Action.ABORT, Action.STEP):
        then, effects = SEQ.step(state, image, ask(action))
        assert then == state
        assert not of(Act, effects)


def test_rows_that_this_program_does_not_know_are_no_place_to_go_on_from() -> None:
    event = left("8", P.S1, UP_TO_8 - {"8"}, (Fault(FaultCode.COMMAND_FAILED, "lift", "refused"), "8.new"))
    event = replace(event, active=(*event.active, Active("8.new", Phase.RUNNING)))
    state = after(event, s.CARRIED, s.CARRIED)
    assert (outcome(state), [a.row for a in state.active]) == (Outcome.CONTRADICTION, ["8"])
    assert "8.new" in text(state)
    assert SEQ.step(state, s.CARRIED, ask(Action.RESUME))[0] == state
    assert SEQ.step(state, s.CARRIED, ask(Action.CLEAR))[0].packml is PackML.STOPPED


def test_two_looks_that_differ_are_no_knowledge() -> None:
    state = after(left("8", P.S1, UP_TO_8 - {"8"}), s.CARRIED, s.FREED)
    assert outcome(state) is Outcome.CONTRADICTION
    assert "two looks differ" in text(state)


def test_a_conclusion_follows_what_is_seen_later() -> None:
    state = after(left("7", P.S1, UP_TO_8 - {"7", "8"}), s.DOCKED, s.DOCKED)
    gone = SEQ.step(state, s.put(s.DOCKED, locks=LockSetReading()), Scan())[0]
    assert (outcome(gone), gone.place) == (Outcome.CONTRADICTION, P.UNKNOWN)
    back, effects = SEQ.step(gone, s.DOCKED, Scan())
    assert (outcome(back), back.place) == (Outcome.AT_S1, P.S1)
    assert [k.body["outcome"] for k in of(Keep, effects) if k.note is Note.RECOVERY] == ["at S1"]
    assert SEQ.step(back, s.DOCKED, Scan()) == (back, ())


def test_lock_points_that_were_suspect_stay_so_over_a_restart() -> None:
    suspect = Fault(FaultCode.LOCK_PROOF_DISAGREES, "locks", "second channel open at 4")
    state = after(left("8", P.S1, UP_TO_8 - {"8"}, (suspect, "8")), s.CARRIED, s.CARRIED)
    assert outcome(state) is Outcome.BETWEEN
    assert "suspect" in text(state)
    assert suspect in state.faults
    assert (suspect.code, suspect.device, "8") in state.fault_rows


def test_lost_links_and_earlier_restarts_are_found_anew() -> None:
    old = [Fault(FaultCode.LINK_LOST, "lift", "gone"), Fault(FaultCode.SWAP_INTERRUPTED, "swap-1", "before")]
    state = after(left("8", P.S1, UP_TO_8 - {"8"}, *((fault, "") for fault in old)))
    assert [fault.text.partition(";")[0] for fault in state.faults] == ["power was lost"]


def test_resume_goes_on_through_the_guards_and_what_is_done_is_not_sent_again() -> None:
    """The controller ended after the slot had arrived: the row ends without a command."""
    done = s.OUT_STORED
    state = after(left("11", P.S2, UP_TO_8 | {"9", "10"}), done, done)
    state, _ = SEQ.step(state, done, ask(Action.RESUME))
    assert state.packml is PackML.UNHOLDING
    assert (state.recovery, state.fault(*INTERRUPTED)) == (None, None)
    enabled = s.put(done, safety__drives_enabled=True)
    sent = []
    for _ in range(3):
        state, effects = SEQ.step(state, enabled, Scan())
        sent += [a.row for a in of(Act, effects) if a.row]
    assert "11" not in sent


@pytest.mark.parametrize(("row", "place", "refused"), [("11", P.S2, False), ("16", P.S3, True)])
def test_a_person_is_told_of_an_abort_only_where_one_is_let_in(row: str, place: P, refused: bool) -> None:
    passed = UP_TO_12 | {"13", "14", "15"} if place is P.S3 else UP_TO_8 | {"9", "10"}
    image = s.PROVEN if place is P.S3 else s.LOWERED
    state = after(left(row, place, passed), image, image)
    assert state.recovery is not None
    assert state.recovery.found is not None
    assert ("abort" not in state.recovery.found.todo) is refused
    _, effects = sequencer().step(state, image, ask(Action.ABORT))
    (told,) = of(Told, effects)
    assert (told.answer is Answer.REFUSED) is refused


def test_clear_ends_the_swap_and_answers_its_order() -> None:
    state = after(left("11", P.S2, UP_TO_8 | {"9", "10"}), s.LOWERED, s.LOWERED)
    state = SEQ.step(state, s.LOWERED, Trouble(FaultCode.LINK_LOST, "stacker", "gone"))[0]
    state, effects = SEQ.step(state, s.LOWERED, ask(Action.CLEAR))
    assert (state.packml, state.place, state.swap, state.active) == (PackML.STOPPED, P.UNKNOWN, None, ())
    assert [f.key for f in state.faults] == [(FaultCode.LINK_LOST, "stacker")], "a lost link is not cleared by words"
    assert of(Reply, effects) == [Reply("order-1", Answer.FAILED, "SWAP_INTERRUPTED")]
    ended = next(k.body for k in of(Keep, effects) if k.note is Note.SWAP_ENDED)
    assert (ended["outcome"], ended["reason"], ended["serial_installed"]) == ("aborted", "SWAP_INTERRUPTED", None)


def test_clear_forgets_what_the_rows_found_and_answers_no_order_for_a_hot_pack_that_was_on_its_way() -> None:
    swap = replace(s.SWAP, purpose=Purpose.ISOLATE, isolate=True)
    stuck = Fault(FaultCode.COMMAND_FAILED, "stacker", "not there after 20 s")
    event = Interrupted("power was lost", swap, (Active("isolate.3"),), P.S0, ((stuck, "isolate.3"),))
    state = after(event, s.EMPTY_LANE, s.EMPTY_LANE)
    assert stuck in state.faults
    state, effects = SEQ.step(state, s.EMPTY_LANE, ask(Action.CLEAR))
    assert (state.packml, state.swap, state.faults) == (PackML.STOPPED, None, ())
    assert not of(Reply, effects)


def test_an_order_is_refused_while_a_swap_of_before_is_open() -> None:
    from tests.unit.core.test_sequencer import ORDER

    state = after(left("11", P.S2, UP_TO_8 | {"9", "10"}), s.LOWERED, s.LOWERED)
    then, effects = SEQ.step(state, s.LOWERED, ORDER)
    assert then == state
    assert [reply.answer for reply in of(Reply, effects)] == [Answer.REFUSED]


def test_a_look_without_a_restart_means_nothing() -> None:
    assert SEQ.step(State(), s.EMPTY_LANE, Looked()) == (State(), ())


def test_a_swap_that_never_began_to_move_starts_from_its_poses() -> None:
    event = Interrupted("power", Swap("s", s.SWAP.order, 1, s.NEW), (Active("1"), Active("0.1")), P.S0)
    state = after(event, s.EMPTY_LANE, s.EMPTY_LANE)
    assert [(a.row, a.resumed) for a in state.active] == [("1", False), ("0.1", False)]
