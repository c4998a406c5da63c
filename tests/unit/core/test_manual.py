"""Mode Manual: one small move of one device, commanded once, seen to its end; whatever is not right stops it."""

from dataclasses import dataclass, replace

import pytest

from firmware_py.core.effects import Act, Arm, Effect, StopMotion
from firmware_py.core.events import Action, Leave, Operator, Scan, TimeUp, Trouble
from firmware_py.core.faults import FaultCode
from firmware_py.core.image import Image
from firmware_py.core.jog_words import JogWish, Plan
from firmware_py.core.jogs import WORDS, awaited, plan
from firmware_py.core.manual import preview
from firmware_py.core.packml import Mode, PackML
from firmware_py.core.state import State
from hal.commands import (
    Actuator,
    Command,
    Drive,
    HomeFork,
    Lock,
    MoveLift,
    MoveSlot,
    PickPack,
    RunEnable,
    Side,
    Slot,
    Unlock,
)
from hal.readings import LiftReading, LockSetReading, LockState, PlatformReading, ShuttleReading, StackerReading
from tests.unit.core import scenes as s
from tests.unit.core.engine_drive import answers, of, raised, reason, sequencer

SEQ = sequencer()
P = s.params()
ON, OFF = Act("", RunEnable(on=True)), Act("", RunEnable(on=False))
REST = s.put(s.EMPTY_LANE, safety__drives_enabled=False, safety__maintenance_key=True, lift__position_mm=100.0)
RUN = s.put(REST, safety__drives_enabled=True)
LIFT = JogWish("lift", by_mm=5.0)
UP = MoveLift(105.0, 20.0)


@dataclass
class Hand:
    """A station in Manual and the person beside it."""

    state: State
    image: Image = REST

    def tell(self, event: object) -> tuple[Effect, ...]:
        self.state, effects = SEQ.step(self.state, self.image, event)  # type: ignore[arg-type]
        return effects

    def see(self, **changes: object) -> tuple[Effect, ...]:
        self.image = s.put(self.image, **changes)
        return self.tell(Scan())


def asked(wish: JogWish) -> Operator:
    return Operator(Action.JOG, "tester", ask=7, jog=wish)


def hand(packml: PackML = PackML.STOPPED) -> Hand:
    return Hand(State(packml, mode=Mode.MANUAL))


def moving(wish: JogWish = LIFT, packml: PackML = PackML.STOPPED, image: Image = REST) -> Hand:
    """The move was commanded."""
    found = hand(packml)
    found.image = image
    assert not answers(found.tell(asked(wish))), "it is answered when it is over"
    assert ON in found.tell(Scan())
    found.see(safety__drives_enabled=True)
    assert any(a.row == "jog" for a in of(Act, found.tell(Scan())))
    return found


# ------------------------------------------------------------------ one move


def test_a_move_asks_for_the_drives_moves_once_is_seen_done_and_lets_the_drives_go() -> None:
    found = hand()
    effects = found.tell(asked(LIFT))
    assert (found.state.packml, SEQ.moving(found.state)) == (PackML.STARTING, ("lift",))
    assert not of(Act, effects)
    assert of(Act, found.tell(Scan())) == [ON]
    effects = found.see(safety__drives_enabled=True)
    assert found.state.packml is PackML.EXECUTE
    assert Arm("jog", 15.0) in effects
    assert of(Act, found.tell(Scan())) == [Act("jog", UP)]
    assert not of(Act, found.tell(Scan())), "commanded once"
    assert not found.see(lift__moving=True, lift__position_mm=102.0)
    assert not found.see(lift__position_mm=105.0), "it is there, and still moves"
    effects = found.see(lift__moving=False)
    assert of(Act, effects) == [OFF]
    assert answers(effects) == [("jog", "completed")]
    assert "from 100.0 to 105.0 mm at 20 mm/s" in reason(effects)
    assert (found.state.packml, found.state.jog, found.state.mode) == (PackML.STOPPED, None, Mode.MANUAL)


def test_the_device_is_read_at_the_pace_of_motion_before_it_moves() -> None:
    found = hand()
    found.tell(asked(LIFT))
    found.tell(Scan())
    found.image = replace(found.image, unsettled=("lift",))
    found.see(safety__drives_enabled=True)
    assert not of(Act, found.tell(Scan()))
    found.image = replace(found.image, unsettled=())
    assert of(Act, found.see(lift__position_mm=101.0)) == [Act("jog", MoveLift(106.0, 20.0))]


@pytest.mark.parametrize("packml", [PackML.STOPPED, PackML.HELD, PackML.ABORTED])
def test_afterwards_the_station_rests_where_it_rested(packml: PackML) -> None:
    found = moving(packml=packml)
    found.see(lift__position_mm=105.0)
    assert found.state.packml is packml
    found = moving(packml=packml)
    found.tell(Operator(Action.HOLD, "tester"))
    assert found.state.packml is PackML.HOLDING
    found.tell(Scan())
    assert (found.state.packml, found.state.jog) == (packml, None)


def test_one_at_a_time() -> None:
    found = moving()
    effects = found.tell(asked(LIFT))
    assert reason(effects) == "one move at a time: station is Execute"
    assert not of(Act, effects)


# ------------------------------------------------------------------ what stops it


def stops(found: Hand, effects: tuple[Effect, ...], text: str) -> None:
    """Motion stops, the person is told, the station rests again."""
    assert of(StopMotion, effects)[0].drop_enable
    assert answers(effects) == [("jog", "failed")]
    assert text in reason(effects)
    assert found.state.packml in {PackML.HOLDING, PackML.STOPPED}
    found.see(lift__moving=False, lift__position_mm=104.0)
    assert found.state.packml is PackML.STOPPED
    assert found.state.jog is None


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"lift__position_mm": None}, "lift: position: no fresh reading"),
        ({"lift__moving": None}, "lift: standstill: no fresh reading"),
        ({"lift__position_mm": 97.0}, "lift is at 97.0 mm, its way is 100.0 to 105.0 mm"),
        ({"lift__position_mm": 108.0}, "lift is at 108.0 mm, its way is 100.0 to 105.0 mm"),
        ({"safety__maintenance_key": False}, "not turned to maintenance"),
        ({"safety__maintenance_key": None}, "no fresh reading"),
        ({"safety__gate_closed": False}, "guard gate open"),
        ({"safety__drives_enabled": False}, "drives not enabled"),
    ],
)
def test_what_is_not_as_it_should_be_stops_the_move(changes: dict[str, object], text: str) -> None:
    found = moving()
    stops(found, found.see(**changes), text)


def test_its_time_stops_it_and_the_text_says_where_it_is() -> None:
    found = moving()
    found.see(lift__position_mm=102.0, lift__moving=True)
    stops(found, found.tell(TimeUp("jog")), "not done within 15 s: lift is at 102.0 mm, wanted 105.0 mm")


def test_its_time_also_ends_the_wait_for_readings_and_what_cannot_be_seen() -> None:
    found = hand()
    found.tell(asked(LIFT))
    found.tell(Scan())
    found.image = replace(found.image, unsettled=("lift",))
    found.see(safety__drives_enabled=True)
    stops(found, found.tell(TimeUp("jog")), "lift is not read often enough")
    blind = moving()
    blind.image = s.put(blind.image, lift__position_mm=None)
    stops(blind, blind.tell(TimeUp("jog")), "no fresh reading")


def test_a_refusal_of_the_gate_is_the_answer_and_no_fault_stands() -> None:
    found = moving()
    text = "interlock lift-range: target is 105, allowed -5 to 910"
    stops(found, found.tell(Trouble(FaultCode.COMMAND_REFUSED, "lift", text, "jog")), text)
    assert not found.state.faults


def test_a_broken_journal_is_a_fault_and_stops_it() -> None:
    found = moving()
    effects = found.tell(Trouble(FaultCode.JOURNAL_FAILED, "journal", "disk full"))
    assert raised(effects) == [(FaultCode.JOURNAL_FAILED, "journal")]
    stops(found, effects, "disk full")


def test_drives_that_are_never_enabled_end_it() -> None:
    found = hand()
    found.tell(asked(LIFT))
    found.tell(Scan())
    stops(found, found.tell(TimeUp("station:enable")), "drives not enabled")


def test_a_move_that_does_not_stop_is_a_fault() -> None:
    found = moving()
    found.see(lift__moving=True)
    effects = found.tell(Operator(Action.HOLD, "tester"))
    assert ("jog", "failed") in answers(effects)
    effects = found.tell(TimeUp("station:standstill"))
    assert raised(effects) == [(FaultCode.MOTION_NOT_STOPPED, "station")]
    assert found.state.packml is PackML.STOPPED
    found.image = s.put(found.image, lift__moving=False, safety__drives_enabled=False)
    assert "not seen to stand" in reason(found.tell(asked(LIFT)))


def test_the_end_of_the_controller_ends_it() -> None:
    found = moving(packml=PackML.HELD)
    found.see(lift__moving=True)
    effects = found.tell(Leave("controller stops"))
    assert answers(effects) == [("jog", "failed")]
    assert found.state.packml is PackML.STOPPING
    found.see(lift__moving=False)
    assert found.state.packml is PackML.HELD


def test_what_comes_late_changes_nothing() -> None:
    found = hand()
    assert not found.tell(TimeUp("jog"))
    assert not found.tell(Trouble(FaultCode.COMMAND_FAILED, "lift", "late", "jog"))
    gone = moving()
    gone.see(lift__moving=True)
    gone.tell(Operator(Action.HOLD, "tester"))
    assert not gone.tell(TimeUp("jog"))
    assert not gone.tell(Trouble(FaultCode.COMMAND_FAILED, "lift", "late", "jog"))


def test_what_became_impossible_before_it_began_is_told() -> None:
    found = hand()
    found.tell(asked(JogWish("rods", to="out")))
    found.tell(Scan())
    found.see(safety__drives_enabled=True)
    effects = found.see(platform__rods_centred=True)
    assert answers(effects) == [("jog", "failed")]
    assert reason(effects) == "rods is out already"
    blind = hand()
    blind.tell(asked(LIFT))
    blind.tell(Scan())
    blind.see(safety__drives_enabled=True)
    assert "no fresh reading" in reason(blind.see(lift=LiftReading()))


# ------------------------------------------------------------------ who may ask, and what


@pytest.mark.parametrize("mode", [Mode.PRODUCTION, Mode.MAINTENANCE])
def test_jog_is_for_manual(mode: Mode) -> None:
    _, effects = SEQ.step(State(mode=mode), REST, asked(LIFT))
    assert reason(effects) == f"jog is for Manual, mode is {mode.value}"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"safety__maintenance_key": False}, "not turned to maintenance"),
        ({"safety__maintenance_key": None}, "no fresh reading"),
        ({"safety__estop_ok": False}, "e-stop pressed"),
        ({"stacker__moving": True}, "something moves: stacker"),
        ({"lift": LiftReading()}, "lift: position: no fresh reading"),
        ({"lift__moving": None}, "lift: standstill: no fresh reading"),
    ],
)
def test_what_is_lacking_refuses_a_move(changes: dict[str, object], text: str) -> None:
    state, effects = SEQ.step(State(mode=Mode.MANUAL), s.put(REST, **changes), asked(LIFT))
    assert answers(effects) == [("jog", "refused")]
    assert text in reason(effects)
    assert (state.packml, state.jog) == (PackML.STOPPED, None)


@pytest.mark.parametrize(
    ("wish", "command", "text"),
    [
        (LIFT, UP, "lift moves from 100.0 to 105.0 mm at 20 mm/s"),
        (JogWish("lift", by_mm=-50.0), MoveLift(50.0, 20.0), "from 100.0 to 50.0 mm"),
        (JogWish("slot_in", by_mm=4.0), MoveSlot(Slot.IN, -2996.0, 50.0), "slot_in moves from -3000.0 to -2996.0 mm"),
        (JogWish("slot_out", by_mm=50.0), MoveSlot(Slot.OUT, 50.0, 50.0), "slot_out moves from 0.0 to 50.0 mm"),
        (JogWish("rods", to="out"), Drive(Actuator.RODS, True), "rods goes out"),
        (JogWish("lane_gate", to="out"), Drive(Actuator.LANE_GATE, True), "lane_gate goes out"),
        (JogWish("shutter", to="out"), Drive(Actuator.SHUTTER, True), "shutter goes out"),
        (JogWish("locks", to="lock", points=(3, 1)), Lock((1, 3)), "lock points 1, 3 turn to lock"),
    ],
)
def test_what_a_wish_comes_to(wish: JogWish, command: Command, text: str) -> None:
    made = preview(asked(wish), REST, P)
    assert isinstance(made, Plan)
    assert made.command == command
    assert text in made.text


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        (JogWish("lift", by_mm=50.1), "lift by 50.1 mm: 2 to 50 mm at a time, either way"),
        (JogWish("lift", by_mm=-1.9), "2 to 50 mm at a time"),
        (JogWish("slot_in", by_mm=3.0), "4 to 50 mm at a time"),
        (JogWish("lift", by_mm=float("nan")), "2 to 50 mm at a time"),
        (JogWish("lift", to="out"), "lift moves by a distance in mm"),
        (JogWish("lift", by_mm=5.0, to="out"), "lift moves by a distance in mm"),
        (JogWish("lift", by_mm=5.0, points=(1,)), "lift moves by a distance in mm"),
        (JogWish("rods", by_mm=5.0, to="out"), "rods goes to out or home, not by a distance"),
        (JogWish("rods", to="lock"), "rods goes to out or home"),
        (JogWish("rods", to="out", points=(1,)), "points are for locks, not for rods"),
        (JogWish("fork", to="out"), "fork goes to home"),
        (JogWish("fork", to="home"), "fork is home already"),
        (JogWish("locks", to="unlock", points=(1,)), "lock points 1: unlocked already"),
        (JogWish("locks", to="lock"), "locks: name points of 1 to 10"),
        (JogWish("locks", to="lock", points=(11,)), "locks: name points of 1 to 10"),
        (JogWish("stacker", by_mm=-20.0), "stacker takes no speed, so it cannot be slowed: not moved by hand"),
        (JogWish("elevator", by_mm=5.0), "nothing is called 'elevator' here (allowed: lift, slot_in"),
    ],
)
def test_what_cannot_be_wished(wish: JogWish, why: str) -> None:
    made = plan(wish, REST, P)
    assert isinstance(made, str)
    assert why in made


def test_an_axis_that_moves_is_not_moved() -> None:
    assert plan(LIFT, s.put(REST, lift__moving=True), P) == "lift moves"
    assert preview(asked(LIFT), s.put(REST, lift=LiftReading()), P) == "lift: position: no fresh reading"


@pytest.mark.parametrize("wish", [JogWish("pin_lift", to="home"), JogWish("pins", to="out")])
def test_an_actuator_is_done_when_its_switch_is_made(wish: JogWish) -> None:
    on = wish.to == "out"
    between = s.put(REST, platform__pins_engaged=False, platform__wheels_on_floor=False)
    made = plan(wish, between, P)
    assert isinstance(made, Plan)
    assert "is not made" in str(awaited(made, between, P))
    there = s.put(between, **{"platform__pins_engaged" if on else "platform__wheels_on_floor": True})
    assert awaited(made, there, P) is None


def test_the_fork_is_home_when_it_is_seen_home_and_stands() -> None:
    away = s.put(REST, stacker__fork_home=False)
    made = plan(JogWish("fork", to="home"), away, P)
    assert isinstance(made, Plan)
    assert (made.command, made.device) == (HomeFork(), "stacker")
    assert awaited(made, s.put(REST, stacker__moving=True), P) == "the fork is not home"
    assert awaited(made, REST, P) is None


@pytest.mark.parametrize("to", ["lock", "unlock"])
def test_lock_points_are_done_when_both_channels_say_so_and_no_tool_turns(to: str) -> None:
    tight = to == "lock"
    start, goal = (LockState.FREE, LockState.LOCKED) if tight else (LockState.LOCKED, LockState.FREE)
    before = s.put(REST, locks=s.locks(start))
    made = plan(JogWish("locks", to=to, points=(4,)), before, P)
    assert isinstance(made, Plan)
    assert made.command == (Lock((4,)) if tight else Unlock((4,)))
    tool_only = s.one_point(before, goal)
    assert awaited(made, tool_only, P) == f"lock points not {goal.value} by both channels: 4"
    proof = before.locks.proof_locked or ()
    both = s.put(tool_only, locks__proof_locked=(*proof[:3], tight, *proof[4:]))
    assert awaited(made, both, P) is None
    assert awaited(made, s.one_point(both, LockState.TURNING, 5), P) == "lock points still turn"


@pytest.mark.parametrize(
    ("wish", "blind"),
    [
        (JogWish("slot_in", by_mm=5.0), {"shuttle": ShuttleReading()}),
        (JogWish("pins", to="out"), {"platform": PlatformReading()}),
        (JogWish("fork", to="home"), {"stacker": StackerReading()}),
        (JogWish("locks", to="lock", points=(1,)), {"locks": LockSetReading()}),
    ],
)
def test_what_cannot_be_seen_is_not_moved(wish: JogWish, blind: dict[str, object]) -> None:
    assert "no fresh reading" in str(preview(asked(wish), s.put(REST, **blind), P))


@pytest.mark.parametrize("slot", ["slot_in", "slot_out"])
def test_each_slot_is_watched_on_its_own_way(slot: str) -> None:
    made = plan(JogWish(slot, by_mm=20.0), REST, P)
    assert isinstance(made, Plan)
    field = "in_mm" if slot == "slot_in" else "out_mm"
    assert made.to_mm is not None
    assert awaited(made, REST, P) is not None
    assert awaited(made, s.put(REST, **{f"shuttle__{field}": made.to_mm}), P) is None


def test_nothing_else_is_a_move_by_hand() -> None:
    assert set(WORDS) == {
        *("lift", "slot_in", "slot_out", "stacker", "locks", "fork"),
        *("rods", "pins", "pin_lift", "shutter", "lane_gate"),
    }
    with pytest.raises(TypeError, match="PickPack"):
        awaited(Plan("stacker", PickPack(Side.LEFT), ""), REST, P)
