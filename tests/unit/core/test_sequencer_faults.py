"""Faults of devices, acts and the safety chain, as the sequencer keeps them: raised once, gone when seen to be gone."""

from dataclasses import replace

import pytest

from firmware_py.core import safety
from firmware_py.core.effects import Act, Arm, ClearFault, StopMotion
from firmware_py.core.events import Action, Recovered, Scan, Trouble
from firmware_py.core.faults import Fault, FaultCode
from firmware_py.core.packml import PackML
from firmware_py.core.state import Active, State
from hal.readings import SafetyReading
from tests.unit.core import scenes as s
from tests.unit.core.engine_drive import faults_cleared, of, raised
from tests.unit.core.test_sequencer import LOST, QUIET, SEQ, ask
from tests.unit.core.test_swap_path import ORDER, reach


def test_a_lost_device_is_a_fault_and_recovers_by_itself() -> None:
    idle = State(PackML.IDLE)
    state, effects = SEQ.step(idle, QUIET, Trouble(LOST, "stacker", "no answer"))
    assert state.packml is PackML.IDLE
    assert raised(effects) == [(LOST, "stacker")]
    assert SEQ.step(state, QUIET, Trouble(LOST, "stacker", "no answer")) == (state, ()), "raised once"
    state, effects = SEQ.step(state, QUIET, Recovered("stacker"))
    assert faults_cleared(effects) == [(LOST, "stacker")]
    assert state == idle


def test_a_lost_device_that_does_not_move_does_not_stop_the_swap_by_itself() -> None:
    """What a row needs it watches; staleness stops it. Another device's silence is a fault, not a stop."""
    driver = reach("6")
    driver.tell(Trouble(LOST, "stacker", "no answer"))
    assert driver.is_in(PackML.EXECUTE)


@pytest.mark.parametrize("code", [FaultCode.JOURNAL_FAILED, FaultCode.COMMAND_REFUSED, FaultCode.COMMAND_FAILED])
def test_a_trouble_of_nobody_holds_what_moves(code: FaultCode) -> None:
    driver = reach("6")
    effects = driver.tell(Trouble(code, "journal", "disk full"))
    assert driver.is_in(PackML.HOLDING)
    assert of(StopMotion, effects)[0].drop_enable
    assert raised(effects) == [(code, "journal")]


def test_a_trouble_of_a_row_that_has_ended_is_a_trouble_of_nobody() -> None:
    driver = reach("7")
    driver.tell(Trouble(FaultCode.COMMAND_FAILED, "lift", "late answer", "6"))
    assert driver.is_in(PackML.HOLDING)


# ------------------------------------------------------------------ safety chain


def test_a_chain_that_was_not_read_for_a_moment_is_no_fault_for_ever() -> None:
    driver = reach("6")
    good = driver.image
    driver.image = s.put(good, safety=SafetyReading())
    effects = driver.tell(Scan())
    assert raised(effects) == [(LOST, "safety")]
    driver.image = s.put(good, safety__drives_enabled=False)
    driver.tell(Scan())
    assert not driver.state.faults
    assert driver.is_in(PackML.HELD)


def test_a_hold_names_its_fault_also_when_that_has_gone_by_itself() -> None:
    """Somebody comes to a station that is held and has no fault: it must say what has happened."""
    driver = reach("6")
    good = driver.image
    driver.image = s.put(good, safety=SafetyReading())
    driver.tell(Scan())
    driver.image = s.put(good, safety__drives_enabled=False)
    driver.tell(Scan())
    assert (driver.state.packml, driver.state.faults) == (PackML.HELD, ())
    assert driver.state.held_for == "LINK_LOST safety: safety.estop_ok: no fresh reading"
    driver.tell(ask(Action.RESUME))
    assert (driver.state.packml, driver.state.held_for) == (PackML.UNHOLDING, "")


@pytest.mark.parametrize("code", [FaultCode.JOURNAL_FAILED, FaultCode.COMMAND_FAILED])
def test_a_hold_by_a_trouble_names_code_device_and_text(code: FaultCode) -> None:
    driver = reach("6")
    driver.tell(Trouble(code, "journal", "disk full"))
    assert driver.state.held_for == f"{code.value} journal: disk full"


def test_a_hold_that_a_person_asked_for_says_so() -> None:
    driver = reach("6")
    driver.tell(ask(Action.HOLD))
    assert driver.state.held_for == "hold asked by the operator"


def test_the_second_finding_does_not_take_the_place_of_the_first() -> None:
    driver = reach("6")
    driver.tell(Trouble(FaultCode.COMMAND_FAILED, "lift", "no answer"))
    driver.tell(Trouble(FaultCode.JOURNAL_FAILED, "journal", "disk full"))
    assert driver.state.held_for == "COMMAND_FAILED lift: no answer"


def test_a_fault_of_the_chain_goes_when_the_chain_is_seen_closed_and_nothing_moves_by_itself() -> None:
    driver = reach("6")
    good = driver.image
    driver.image = s.put(good, safety__estop_ok=False, safety__chain_ok=False)
    driver.tell(Scan())
    driver.run(lambda d: d.state.packml is PackML.HELD)
    driver.image = s.put(driver.image, safety__estop_ok=True)
    assert not of(ClearFault, driver.tell(Scan())), "the chain still waits for its own button"
    driver.image = s.put(driver.image, safety__chain_ok=True)
    effects = driver.tell(Scan())
    assert faults_cleared(effects) == [(FaultCode.ESTOP_PRESSED, "safety")]
    assert driver.is_in(PackML.HELD)
    assert not of(Act, driver.tell(Scan()))


@pytest.mark.parametrize("field", ["estop_ok", "gate_closed", "curtain_clear", "cell_clear", "smoke_clear", "chain_ok"])
def test_the_chain_lacks_what_is_open_or_unknown(field: str) -> None:
    open_chain = s.put(s.EMPTY_LANE, **{f"safety__{field}": False}).safety
    unread = s.put(s.EMPTY_LANE, **{f"safety__{field}": None}).safety
    assert not list(safety.missing(s.SAFE))
    (opened,) = safety.missing(open_chain)
    assert opened[0] in safety.CODES
    assert not safety.is_good(open_chain, opened[0])
    assert safety.is_good(s.SAFE, opened[0])
    assert list(safety.missing(unread)) == [(LOST, f"safety.{field}: no fresh reading")]
    assert not safety.is_good(unread, opened[0])
    assert not safety.is_seen(unread)


def test_several_open_permissives_are_all_named_and_the_latched_chain_adds_nothing() -> None:
    many = replace(s.SAFE, gate_closed=False, cell_clear=False, chain_ok=False)
    assert [c for c, _ in safety.missing(many)] == [FaultCode.GUARD_GATE_OPEN, FaultCode.PERSON_IN_CELL]
    unknown_chain = replace(s.SAFE, gate_closed=False, chain_ok=None)
    assert [c for c, _ in safety.missing(unknown_chain)] == [FaultCode.GUARD_GATE_OPEN]


def test_several_open_permissives_stop_once_and_are_all_faults() -> None:
    driver = reach("6")
    driver.image = s.put(driver.image, safety__gate_closed=False, safety__cell_clear=False)
    effects = driver.tell(Scan())
    assert raised(effects) == [(FaultCode.GUARD_GATE_OPEN, "safety"), (FaultCode.PERSON_IN_CELL, "safety")]
    assert len(of(StopMotion, effects)) == 1
    assert driver.state.fault(FaultCode.PERSON_IN_CELL, "safety") is not None
    assert driver.state.fault(FaultCode.PERSON_IN_CELL, "lift") is None


def test_faults_of_an_act_go_with_a_reset_and_those_of_a_state_stay() -> None:
    faults = (Fault(FaultCode.COMMAND_FAILED, "safety", "x"), Fault(LOST, "stacker", "gone"))
    state, effects = SEQ.step(State(faults=faults), QUIET, ask(Action.RESET))
    assert faults_cleared(effects) == [(FaultCode.COMMAND_FAILED, "safety")]
    assert [f.code for f in state.faults] == [LOST]


def test_an_event_that_nobody_knows_changes_nothing() -> None:
    assert SEQ.step(State(), QUIET, "strange") == (State(), ())  # type: ignore[arg-type]


def test_what_the_shell_polls_fast_is_what_the_rows_move() -> None:
    both = State(PackML.EXECUTE, active=(Active("11"), Active("store.1"), Active("18.free")), swap=s.SWAP)
    assert SEQ.moving(both) == ("pins", "rods", "shuttle", "stacker")
    assert SEQ.moving(replace(both, packml=PackML.HELD)) == ()


def test_every_order_of_faults_in_the_state_is_the_same_state() -> None:
    one = SEQ.step(SEQ.step(State(), QUIET, Trouble(LOST, "a", "x"))[0], QUIET, Trouble(LOST, "b", "y"))[0]
    other = SEQ.step(SEQ.step(State(), QUIET, Trouble(LOST, "b", "y"))[0], QUIET, Trouble(LOST, "a", "x"))[0]
    assert one.faults == other.faults


def test_timers_are_armed_with_durations_of_the_station() -> None:
    _, effects = SEQ.step(State(PackML.IDLE), QUIET, ORDER)
    assert [(a.timer, a.after_s) for a in of(Arm, effects)] == [("station:enable", 3.0)]
