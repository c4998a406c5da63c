"""The station's states around the chart: who may ask what, when; what safety, silence and the journal do to it."""

from dataclasses import replace

import pytest

from firmware_py.core.draft import Draft
from firmware_py.core.effects import Act, Reply, StopMotion, Told
from firmware_py.core.events import Action, Operator, OrderIn, Scan, TimeUp, Trouble
from firmware_py.core.faults import FaultCode
from firmware_py.core.image import Image
from firmware_py.core.packml import PackML, StablePlace
from firmware_py.core.state import Active, Phase, State
from hal.commands import RunEnable
from hal.readings import LockState, PackReading, SafetyReading
from tests.unit.core import scenes as s
from tests.unit.core.engine_drive import Driver, answers, at_row, faults_cleared, of, raised, reason, sequencer
from tests.unit.core.test_swap_path import ORDER, begin, ended, reach

SEQ = sequencer()
QUIET = s.put(s.EMPTY_LANE, safety__drives_enabled=False)
OFF, ON = RunEnable(on=False), RunEnable(on=True)
LOST = FaultCode.LINK_LOST


def ask(action: Action) -> Operator:
    """An operator's act."""
    return Operator(action, "tester")


def refusal(state: State, event: Operator | OrderIn, image: Image = QUIET) -> str:
    """Why an act or an order is refused; the state must not change by it."""
    after, effects = SEQ.step(state, image, event)
    (reply,) = of(Told if isinstance(event, Operator) else Reply, effects)
    assert reply.answer.value == "refused"
    assert after == state
    assert effects == (reply,)
    return reply.reason


# ------------------------------------------------------------------ start, reset


def test_a_new_station_is_stopped_and_takes_no_order() -> None:
    assert State().packml is PackML.STOPPED
    assert refusal(State(), ORDER) == "station is Stopped"


def test_reset_waits_for_every_device_then_idles() -> None:
    driver = Driver(Image())
    driver.tell(ask(Action.RESET))
    assert driver.is_in(PackML.RESETTING)
    driver.tell(Scan())
    assert driver.is_in(PackML.RESETTING)
    driver.image = QUIET
    driver.tell(Scan())
    assert driver.is_in(PackML.IDLE)
    assert not driver.timers


@pytest.mark.parametrize(
    "device", ["lift", "locks", "shuttle", "stacker", "platform", "safety", "hoist", "rack", "fire", "ups"]
)
def test_reset_fails_by_name_of_what_is_silent(device: str) -> None:
    image = s.put(QUIET, **{device: getattr(Image(), device)})
    state, _ = SEQ.step(State(), image, ask(Action.RESET))
    state, _ = SEQ.step(state, image, Scan())
    assert state.packml is PackML.RESETTING
    state, effects = SEQ.step(state, image, TimeUp("station:resetting"))
    assert state.packml is PackML.STOPPED
    assert answers(effects) == [("reset", "failed")]
    assert device in reason(effects)


def test_packs_that_never_speak_are_waited_for_and_then_done_without() -> None:
    image = replace(QUIET, packs=(PackReading(), *QUIET.packs[1:]))
    state, _ = SEQ.step(State(), image, ask(Action.RESET))
    state, _ = SEQ.step(state, image, Scan())
    assert state.packml is PackML.RESETTING
    state, effects = SEQ.step(state, image, TimeUp("station:resetting"))
    assert state.packml is PackML.IDLE
    assert not answers(effects)


@pytest.mark.parametrize("packml", [p for p in PackML if p not in {PackML.STOPPED, PackML.COMPLETE, PackML.IDLE}])
def test_reset_is_for_a_station_at_rest(packml: PackML) -> None:
    assert "reset is for Stopped or Idle" in refusal(State(packml), ask(Action.RESET))


def test_a_late_timer_of_the_station_changes_nothing() -> None:
    for packml in (PackML.IDLE, PackML.EXECUTE, PackML.HELD):
        for name in ("station:resetting", "station:enable", "station:standstill"):
            assert SEQ.step(State(packml), QUIET, TimeUp(name)) == (State(packml), ())


# ------------------------------------------------------------------ run-enable


def test_run_enable_is_asked_once_on_a_good_chain_and_seen_before_anything_starts() -> None:
    state, _ = SEQ.step(State(PackML.IDLE), QUIET, ORDER)
    blind = s.put(QUIET, safety=SafetyReading())
    state, effects = SEQ.step(state, blind, Scan())
    assert (state.packml, effects) == (PackML.STARTING, ()), "an unread chain is waited for"
    state, effects = SEQ.step(state, QUIET, Scan())
    assert [a.command for a in of(Act, effects)] == [ON]
    again, effects = SEQ.step(state, QUIET, Scan())
    assert (again, effects) == (state, ())
    unread, effects = SEQ.step(state, blind, Scan())
    assert unread.packml is PackML.HELD, "once asked for, a lost chain holds"
    state, _ = SEQ.step(state, s.put(QUIET, safety__drives_enabled=True), Scan())
    assert state.packml is PackML.EXECUTE
    assert [a.row for a in state.active] == ["0.1", "0.coolant", "1"]


def test_drives_that_never_enable_hold_and_can_be_tried_again() -> None:
    driver = begin()
    driver.tell(Scan())
    driver.tell(TimeUp("station:enable"))
    assert driver.is_in(PackML.HOLDING)
    assert [f.key for f in driver.state.faults] == [(FaultCode.DRIVES_NOT_ENABLED, "safety")]
    driver.run(lambda d: d.state.packml is PackML.HELD)
    driver.tell(ask(Action.RESUME))
    driver.run(ended)
    assert answers(driver.effects)[-1] == ("order-1", "completed")
    assert "19" in driver.done, "a swap held before its first step is not over"
    assert not driver.state.faults, "or no order would ever be taken again"


def test_a_swap_held_before_its_first_step_can_be_aborted() -> None:
    driver = begin()
    driver.tell(Scan())
    driver.tell(ask(Action.HOLD))
    driver.run(lambda d: d.state.packml is PackML.HELD)
    driver.tell(ask(Action.ABORT))
    driver.run(ended)
    assert driver.is_in(PackML.ABORTED)
    assert not driver.done
    assert answers(driver.effects)[-1] == ("order-1", "failed")


# ------------------------------------------------------------------ hold, resume, abort, clear


@pytest.mark.parametrize("packml", [PackML.STOPPED, PackML.IDLE, PackML.HELD, PackML.HOLDING, PackML.ABORTED])
def test_hold_is_for_a_station_that_moves(packml: PackML) -> None:
    assert "nothing runs" in refusal(State(packml), ask(Action.HOLD))


@pytest.mark.parametrize("action", [Action.RESUME, Action.ABORT])
def test_resume_and_abort_need_a_held_swap_and_a_closed_chain(action: Action) -> None:
    held = replace(at_row("4", s.SWAP, Phase.WAITING), packml=PackML.HELD)
    assert "is for a held swap" in refusal(replace(held, packml=PackML.EXECUTE), ask(action), s.READY)
    assert "is for a held swap" in refusal(replace(held, swap=None, active=()), ask(action), s.READY)
    assert "guard gate open" in refusal(held, ask(action), s.put(s.READY, safety__gate_closed=False))
    assert "no fresh reading" in refusal(held, ask(action), s.put(s.READY, safety=SafetyReading()))


@pytest.mark.parametrize("row", ["11.return", "13.old", "14.old", "15", "16", "17", "18.lower", "19"])
def test_where_the_only_way_out_is_on_an_abort_is_refused(row: str) -> None:
    held = replace(at_row(row, s.SWAP, Phase.WAITING), packml=PackML.HELD)
    assert "the only way out is on: resume" in refusal(held, ask(Action.ABORT), s.LOCKED)


def test_one_branch_without_a_way_out_binds_the_other() -> None:
    held = State(PackML.HELD, StablePlace.S2, (Active("11"), Active("17")), s.SWAP)
    assert "11, 17" in refusal(held, ask(Action.ABORT), s.LOWERED)


def test_holding_ends_when_everything_is_seen_to_stand_or_by_the_timer() -> None:
    driver = reach("11")
    driver.image = s.put(driver.image, shuttle__out_moving=True)
    driver.tell(ask(Action.HOLD))
    driver.tell(Scan())
    assert driver.is_in(PackML.HOLDING)
    driver.image = s.put(driver.image, shuttle__out_moving=None)
    driver.tell(Scan())
    assert driver.is_in(PackML.HOLDING), "unknown is not standing"
    driver.tell(TimeUp("station:standstill"))
    assert driver.is_in(PackML.HELD)
    assert all(a.phase is Phase.WAITING and a.resumed for a in driver.state.active)


@pytest.mark.parametrize(
    ("row", "engaged", "home"),
    [
        ("4", "rods_centred", "rods_home"),
        ("5.pins", "pins_engaged", "pins_retracted"),
        ("5.lift", "pins_raised", "wheels_on_floor"),
        ("5.shutter", "shutter_open", "shutter_closed"),
        ("1", "lane_gate_open", "lane_gate_closed"),
    ],
)
def test_an_actuator_that_was_set_in_motion_stands_when_seen_at_one_end(row: str, engaged: str, home: str) -> None:
    def held(**seen: object) -> PackML:
        """With nothing else in motion, and every other mover seen to stand."""
        image = s.put(s.OPEN, **{f"platform__{switch}": value for switch, value in seen.items()})
        return SEQ.step(replace(at_row(row, s.SWAP), packml=PackML.HOLDING), image, Scan())[0].packml

    assert held(**{engaged: False, home: False}) is PackML.HOLDING
    assert held(**{engaged: True, home: True}) is PackML.HOLDING
    assert held(**{engaged: None, home: True}) is PackML.HOLDING
    assert held(**{engaged: True, home: False}) is PackML.HELD
    assert held(**{engaged: False, home: True}) is PackML.HELD


def test_an_actuator_between_its_ends_that_was_not_set_in_motion_keeps_nobody_waiting() -> None:
    driver = reach("11")
    driver.tell(ask(Action.HOLD))
    driver.image = s.put(driver.image, platform__pins_raised=False, platform__wheels_on_floor=False)
    driver.tell(Scan())
    assert driver.is_in(PackML.HELD)


def test_an_actuator_that_stays_between_its_ends_is_waited_for_by_the_timer_and_is_no_fault() -> None:
    image = s.put(s.OPEN, platform__pins_engaged=False, platform__pins_retracted=False)
    holding = replace(at_row("5.pins", s.SWAP), packml=PackML.HOLDING)
    state, effects = SEQ.step(holding, image, TimeUp("station:standstill"))
    assert (state.packml, raised(effects)) == (PackML.HELD, [])


@pytest.mark.parametrize(
    ("change", "mover"),
    [
        ({"lift__moving": True}, "lift"),
        ({"shuttle__out_moving": True}, "slot out"),
        ({"shuttle__in_moving": True}, "slot in"),
        ({"stacker__moving": True}, "stacker"),
        ({"locks__state": (LockState.TURNING, *(LockState.FREE,) * 9)}, "locks"),
    ],
)
def test_what_still_moves_after_the_wait_is_an_emergency_until_it_is_seen_to_stand(
    change: dict[str, object], mover: str
) -> None:
    driver = reach("11")
    still = driver.image
    driver.image = s.put(still, **change)
    driver.tell(ask(Action.HOLD))
    driver.tell(Scan())
    assert driver.is_in(PackML.HOLDING)
    driver.tell(TimeUp("station:standstill"))
    assert driver.is_in(PackML.HELD)
    (fault,) = driver.state.faults
    assert fault.key == (FaultCode.MOTION_NOT_STOPPED, "station")
    assert mover in fault.text
    driver.image = still
    assert faults_cleared(driver.tell(Scan())) == [(FaultCode.MOTION_NOT_STOPPED, "station")]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"platform__lane_clear": False}, "lane: a car stands in it"),
        ({"shuttle__in_present": True}, "slot in: a pack is on it"),
        ({"shuttle__out_present": True}, "slot out: a pack is on it"),
        ({"stacker__present": True}, "stacker: a pack is on it"),
        ({"lift__load_kg": 300.0}, "lift: a pack is on it"),
    ],
)
def test_a_station_with_a_car_or_a_pack_in_its_way_does_not_become_idle(change: dict[str, object], named: str) -> None:
    image = s.put(QUIET, **change)
    state, _ = SEQ.step(State(), image, ask(Action.RESET))
    state, _ = SEQ.step(state, image, Scan())
    assert state.packml is PackML.RESETTING
    state, effects = SEQ.step(state, image, TimeUp("station:resetting"))
    assert state.packml is PackML.STOPPED
    assert reason(effects) == named


@pytest.mark.parametrize("packml", [PackML.HOLDING, PackML.HELD])
def test_what_is_held_is_not_held_again(packml: PackML) -> None:
    draft = Draft(State(packml))
    draft.hold("again", ("lift",))
    assert draft.result() == (State(packml), ())


def test_a_hold_while_holding_stops_nothing_twice() -> None:
    driver = reach("6")
    driver.tell(ask(Action.HOLD))
    effects = driver.tell(Trouble(FaultCode.COMMAND_FAILED, "lift", "late", "6"))
    assert not of(StopMotion, effects)
    assert raised(effects) == [(FaultCode.COMMAND_FAILED, "lift")]


def test_a_fault_that_came_while_holding_goes_with_its_row() -> None:
    """Otherwise it would stand for ever, and no order would be taken again."""
    driver = reach("6")
    driver.tell(ask(Action.HOLD))
    driver.tell(Trouble(FaultCode.COMMAND_FAILED, "lift", "late", "6"))
    driver.run(lambda d: d.state.packml is PackML.HELD)
    driver.tell(ask(Action.RESUME))
    driver.run(lambda d: d.state.packml is PackML.IDLE)
    assert not driver.state.faults


def test_an_aborted_station_is_cleared_to_stopped_and_then_reset() -> None:
    driver = reach("4")
    driver.tell(ask(Action.HOLD))
    driver.run(lambda d: d.state.packml is PackML.HELD)
    driver.tell(ask(Action.ABORT))
    driver.run(lambda d: d.state.packml is PackML.ABORTED)
    driver.tell(Scan())
    assert driver.commands[-1] == OFF
    assert driver.state.place is StablePlace.S4
    assert refusal(driver.state, ask(Action.RESUME), driver.image)
    driver.tell(ask(Action.CLEAR))
    assert driver.is_in(PackML.STOPPED)
    driver.tell(ask(Action.RESET))
    driver.run(lambda d: d.state.packml is PackML.IDLE)
    assert driver.state.place is StablePlace.S0


@pytest.mark.parametrize("packml", [PackML.STOPPED, PackML.IDLE, PackML.EXECUTE, PackML.HOLDING, PackML.HELD])
def test_clear_is_for_an_aborted_station(packml: PackML) -> None:
    assert "clear is for Aborted" in refusal(State(packml), ask(Action.CLEAR))


# ------------------------------------------------------------------ troubles of the shell
