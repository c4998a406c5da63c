"""Modes: who may change them, what the key permits, and a held swap that goes on row by row."""

from dataclasses import replace

import pytest

from firmware_py.core.effects import Act, Arm, Keep, Note, StopMotion
from firmware_py.core.events import Action, Operator, Scan, TimeUp
from firmware_py.core.faults import Fault, FaultCode
from firmware_py.core.image import Image
from firmware_py.core.packml import Mode, PackML
from firmware_py.core.state import Active, Phase, State
from hal.commands import Drive, MoveLift, MoveSlot, RunEnable, Slot
from tests.unit.core import scenes as s
from tests.unit.core.engine_drive import Driver, answers, faults_cleared, of, raised, reason, sequencer
from tests.unit.core.test_swap_path import ORDER, reach

SEQ = sequencer()
QUIET = s.put(s.EMPTY_LANE, safety__drives_enabled=False)
KEYED = s.put(QUIET, safety__maintenance_key=True)
KEY = (FaultCode.MODE_KEY_MISSING, "safety")
OTHERS = (Mode.MAINTENANCE, Mode.MANUAL)


def to(mode: Mode) -> Operator:
    """A person asks for a mode."""
    return Operator(Action.MODE, "tester", mode=mode)


def step(row: str = "") -> Operator:
    """A person lets a row go on."""
    return Operator(Action.STEP, "tester", row=row)


def turned(driver: Driver, mode: Mode = Mode.MAINTENANCE) -> Driver:
    """Key in, mode changed."""
    driver.image = s.put(driver.image, safety__maintenance_key=True)
    assert answers(driver.tell(to(mode))) == [("mode", "accepted")]
    return driver


def held(row: str, image: Image | None = None) -> Driver:
    """A swap that was held in this row; with `image` before the row's own motion."""
    driver = reach(row)
    driver.tell(Operator(Action.HOLD, "tester"))
    driver.run(lambda d: d.is_in(PackML.HELD))
    if image is not None:
        driver.image = s.put(image, safety__drives_enabled=False)
    return driver


# ------------------------------------------------------------------ changing the mode


@pytest.mark.parametrize("mode", OTHERS)
@pytest.mark.parametrize("packml", [PackML.STOPPED, PackML.HELD, PackML.ABORTED])
def test_with_the_key_in_the_mode_changes_at_rest_and_is_kept(packml: PackML, mode: Mode) -> None:
    state, effects = SEQ.step(State(packml), KEYED, to(mode))
    assert (state.packml, state.mode) == (packml, mode)
    assert [(k.note, k.body) for k in of(Keep, effects)] == [(Note.MODE, {"mode": mode.value})]
    assert answers(effects) == [("mode", "accepted")]


@pytest.mark.parametrize("packml", [p for p in PackML if p.value not in {"Stopped", "Idle", "Held", "Aborted"}])
def test_the_mode_never_changes_in_motion(packml: PackML) -> None:
    state, effects = SEQ.step(State(packml), KEYED, to(Mode.MANUAL))
    assert state.mode is Mode.PRODUCTION
    assert reason(effects) == f"the mode changes at rest, station is {packml.value}"


def test_the_mode_does_not_change_while_something_is_seen_to_move_or_was_never_seen_to_stop() -> None:
    moving = s.put(KEYED, stacker__moving=True)
    state, effects = SEQ.step(State(PackML.HELD), moving, to(Mode.MANUAL))
    assert state.mode is Mode.PRODUCTION
    assert reason(effects).endswith("stacker moves")
    stood = State(PackML.HELD, faults=(Fault(FaultCode.MOTION_NOT_STOPPED, "station", "still moving: lift"),))
    assert SEQ.step(stood, KEYED, to(Mode.MANUAL))[0].mode is Mode.PRODUCTION


@pytest.mark.parametrize(("key", "said"), [(None, "no fresh reading"), (False, "not turned to maintenance")])
@pytest.mark.parametrize("mode", OTHERS)
def test_without_the_key_or_not_knowing_there_is_no_other_mode(mode: Mode, key: bool | None, said: str) -> None:
    state, effects = SEQ.step(State(), s.put(QUIET, safety__maintenance_key=key), to(mode))
    assert state.mode is Mode.PRODUCTION
    assert said in reason(effects)


@pytest.mark.parametrize(("key", "said"), [(None, "no fresh reading"), (True, "turn it back first")])
def test_to_production_leads_only_the_key_turned_back(key: bool | None, said: str) -> None:
    state, effects = SEQ.step(State(mode=Mode.MANUAL), s.put(QUIET, safety__maintenance_key=key), to(Mode.PRODUCTION))
    assert state.mode is Mode.MANUAL
    assert said in reason(effects)
    state, effects = SEQ.step(state, QUIET, to(Mode.PRODUCTION))
    assert state.mode is Mode.PRODUCTION


def test_from_idle_the_station_stops_so_that_all_is_looked_at_again_before_the_next_order() -> None:
    state, _ = SEQ.step(State(PackML.IDLE), KEYED, to(Mode.MANUAL))
    assert state.packml is PackML.STOPPED


def test_the_same_mode_once_more_is_no_news() -> None:
    state, effects = SEQ.step(State(mode=Mode.MANUAL), KEYED, to(Mode.MANUAL))
    assert not of(Keep, effects)
    assert state.mode is Mode.MANUAL
    assert SEQ.step(State(mode=Mode.MANUAL), KEYED, Operator(Action.MODE, "tester"))[0].mode is Mode.MANUAL


@pytest.mark.parametrize("mode", OTHERS)
def test_orders_and_reset_are_for_production(mode: Mode) -> None:
    _, effects = SEQ.step(State(PackML.IDLE, mode=mode), KEYED, ORDER)
    assert answers(effects) == [("order-1", "refused")]
    assert reason(effects) == f"mode is {mode.value}: orders are for Production"
    _, effects = SEQ.step(State(mode=mode), KEYED, Operator(Action.RESET, "tester"))
    assert reason(effects) == f"reset is for Production, mode is {mode.value}"


# ------------------------------------------------------------------ the key


@pytest.mark.parametrize("key", [None, False])
def test_in_motion_the_key_gone_or_unknown_stops_and_the_mode_stays(key: bool | None) -> None:
    driver = turned(held("6", s.CLAMPED))
    driver.tell(step("6"))
    driver.run(lambda d: d.is_in(PackML.EXECUTE))
    driver.image = s.put(driver.image, safety__maintenance_key=key, lift__moving=True)
    effects = driver.tell(Scan())
    assert of(StopMotion, effects)[0].drop_enable
    assert driver.is_in(PackML.HOLDING), "the lift still moves"
    assert KEY in raised(effects)
    assert driver.state.mode is Mode.MAINTENANCE
    driver.image = s.put(driver.image, safety__maintenance_key=True, lift__moving=False)
    assert KEY in faults_cleared(driver.tell(Scan()))
    driver.run(lambda d: d.is_in(PackML.HELD))
    assert answers(driver.tell(step("6"))) == [("step", "accepted")]


@pytest.mark.parametrize("key", [None, False])
def test_at_rest_a_key_turned_back_is_no_news(key: bool | None) -> None:
    assert not SEQ.step(State(PackML.HELD, mode=Mode.MANUAL), s.put(QUIET, safety__maintenance_key=key), Scan())[1]


def test_the_fault_of_the_key_ends_with_the_mode() -> None:
    lost = State(PackML.HELD, mode=Mode.MANUAL, faults=(Fault(*KEY, "key not turned"),))
    _, effects = SEQ.step(lost, QUIET, to(Mode.PRODUCTION))
    assert faults_cleared(effects) == [KEY]


# ------------------------------------------------------------------ row by row


def test_each_row_waits_for_a_person_and_is_held_again_after_it() -> None:
    driver = turned(held("6"))
    started: list[str] = []
    for row in ("6", "7", "8"):
        before = len(driver.done)
        driver.tell(step(row))
        driver.run(lambda d: d.is_in(PackML.HELD))
        started += [str(row) for row in driver.done[before:]]
    assert started == ["6", "7", "8"]
    assert driver.state.swap is not None
    assert driver.commands[-1] == RunEnable(on=False) or not driver.image.safety.drives_enabled


def test_between_two_steps_nothing_starts_and_no_guard_runs_out() -> None:
    driver = turned(held("6"))
    driver.tell(step("6"))
    driver.run(lambda d: d.is_in(PackML.HELD))
    before = list(driver.commands)
    for timer in ("guard:7", "guard:6", "limit:6"):
        driver.tell(TimeUp(timer))
    driver.tell(Scan())
    assert driver.commands == before
    assert not driver.state.faults


def test_of_rows_side_by_side_only_the_named_one_goes_on() -> None:
    driver = turned(held("11", s.LOWERED))
    driver.state = replace(driver.state, active=(Active("12"), Active("11", resumed=True)))
    assert reason(driver.tell(step())) == "rows 12, 11 wait: name the one that is to go on"
    assert reason(driver.tell(step("13"))) == "row 13 does not wait (allowed: 12, 11)"
    before = len(driver.commands)
    driver.tell(step("11"))
    driver.run(lambda d: d.is_in(PackML.HELD))
    assert driver.done[-1] == "11"
    assert "12" in {a.row for a in driver.state.active}
    moves = [c.slot for c in driver.commands[before:] if isinstance(c, MoveSlot)]
    assert moves == [Slot.OUT]


def test_a_row_keeps_its_guards_in_maintenance() -> None:
    driver = turned(held("6"))
    driver.tell(step("6"))
    driver.run(lambda d: d.is_in(PackML.HELD))
    driver.image = s.put(driver.image, car__in_park=False)
    driver.tell(step("7"))
    driver.run(lambda d: d.is_in(PackML.HELD))
    assert FaultCode.CAR_NOT_PARKED in {f.code for f in driver.state.faults}
    assert "7" not in driver.done


def test_a_held_swap_that_had_not_begun_steps_from_its_first_rows() -> None:
    driver = turned(held("0.1", s.EMPTY_LANE))
    driver.state = replace(driver.state, active=())
    assert reason(driver.tell(step())) == "rows 0.1, 0.coolant, 1 wait: name the one that is to go on"
    driver.tell(step("0.1"))
    driver.run(lambda d: d.is_in(PackML.HELD))
    assert driver.done[-1] == "0.1"


def test_moves_go_at_the_reduced_speed_and_have_longer_for_it() -> None:
    fast, slow = reach("6"), turned(held("6", s.CLAMPED))
    (nominal,) = [c for c in fast.commands if isinstance(c, MoveLift)]
    limit_s = fast.timers["limit:6"]
    slow.tell(step("6"))
    slow.run(lambda d: any(a.phase is not Phase.WAITING for a in d.state.active))
    reduced = [c for c in slow.commands if isinstance(c, MoveLift)][-1]
    assert (nominal.speed_mm_s, reduced.speed_mm_s) == (189.5, 20.0)
    assert reduced.position_mm == nominal.position_mm
    arms = [a.after_s for a in of(Arm, slow.effects) if a.timer == "limit:6"]
    assert arms == [25.0, pytest.approx(25.0 * 189.5 / 20.0)]
    assert limit_s == 25.0


def test_a_limit_that_runs_out_in_maintenance_says_the_longer_time() -> None:
    def stuck(row: str, command: object, before: Image, after: Image) -> Image:
        return before if isinstance(command, MoveLift) else after

    driver = turned(held("6", s.CLAMPED))
    driver.twist = stuck
    driver.tell(step("6"))
    driver.run(lambda d: d.is_in(PackML.HELD))
    texts = [f.text for f in driver.state.faults]
    assert any("not done within 236.875 s" in text for text in texts), texts


def test_slots_are_slowed_too_and_actuators_are_not() -> None:
    driver = turned(held("11", s.LOWERED))
    driver.tell(step("11"))
    driver.run(lambda d: any(a.phase is not Phase.WAITING for a in d.state.active))
    moves = [c for c in driver.commands if isinstance(c, MoveSlot) and c.slot is Slot.OUT]
    assert [c.speed_mm_s for c in moves] == [474.0, 50.0]
    clamping = turned(held("5.pins"))
    clamping.tell(step("5.pins"))
    clamping.run(lambda d: d.is_in(PackML.HELD))
    assert any(isinstance(c, Drive) for c in clamping.commands)


def test_in_production_nothing_is_slow() -> None:
    driver = reach("12")
    assert {c.speed_mm_s for c in driver.commands if isinstance(c, MoveSlot)} == {463.5, 474.0}


def test_the_last_row_ends_the_swap_also_in_maintenance_and_the_station_idles_in_it() -> None:
    driver = turned(held("19.close"))
    for _ in range(12):
        if driver.state.swap is None:
            break
        driver.tell(step(driver.state.active[0].row))
        driver.run(lambda d: d.is_in(PackML.HELD) or d.state.swap is None)
    driver.run(lambda d: d.is_in(PackML.IDLE))
    assert driver.state.mode is Mode.MAINTENANCE


def test_an_abort_in_maintenance_moves_nothing_by_itself_and_its_way_out_goes_step_by_step() -> None:
    driver = turned(held("10"))
    assert answers(driver.tell(Operator(Action.ABORT, "tester"))) == [("abort", "accepted")]
    assert driver.is_in(PackML.HELD)
    assert "10.raise" in {a.row for a in driver.state.active}
    driver.tell(step("10.raise"))
    driver.run(lambda d: d.is_in(PackML.HELD))
    assert driver.done[-1] == "10.raise"


@pytest.mark.parametrize(
    ("mode", "action", "said"),
    [
        (Mode.PRODUCTION, Action.STEP, "step is for Maintenance, mode is Production"),
        (Mode.MANUAL, Action.STEP, "step is for Maintenance, mode is Manual"),
        (Mode.MAINTENANCE, Action.RESUME, "resume is for Production, mode is Maintenance"),
        (Mode.MANUAL, Action.RESUME, "resume is for Production, mode is Manual"),
        (Mode.MANUAL, Action.ABORT, "abort is for Production and Maintenance, mode is Manual"),
    ],
)
def test_each_act_has_its_modes(mode: Mode, action: Action, said: str) -> None:
    driver = held("10")
    driver.image = s.put(driver.image, safety__maintenance_key=True)
    driver.state = replace(driver.state, mode=mode)
    assert reason(driver.tell(Operator(action, "tester"))) == said
    assert driver.is_in(PackML.HELD)


def test_a_step_needs_a_held_swap_the_key_and_the_chain() -> None:
    assert reason(SEQ.step(State(mode=Mode.MAINTENANCE), KEYED, step())[1]).startswith("step is for a held swap")
    driver = turned(held("6"))
    keyed = driver.image
    driver.image = s.put(keyed, safety__maintenance_key=False)
    assert "not turned" in reason(driver.tell(step("6")))
    driver.image = s.put(keyed, safety__gate_closed=False)
    assert reason(driver.tell(step("6"))) == "guard gate open"
    assert driver.is_in(PackML.HELD)
    assert not of(Act, driver.tell(Scan()))


def test_a_row_that_names_another_to_go_on_with_is_told_by_that_one() -> None:
    assert [SEQ.waiting_row(Active(row)).name for row in ("6", "14")] == ["6", "14.back-off"]
