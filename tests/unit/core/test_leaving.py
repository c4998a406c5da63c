"""The controller is told to end: motion stops for good, and nothing starts any more."""

import pytest

from firmware_py.core.effects import Act, Arm, StopMotion
from firmware_py.core.events import Action, Leave, Operator, Scan, TimeUp
from firmware_py.core.packml import PackML
from firmware_py.core.state import State
from hal.commands import Command
from tests.unit.core import scenes as s
from tests.unit.core.engine_drive import answers, of, reason, sequencer
from tests.unit.core.test_swap_path import ORDER, reach

LEAVE = Leave("controller stops")


def test_in_motion_all_stops_then_standstill_is_seen_and_the_swap_stays_open() -> None:
    driver = reach("11")
    still = driver.image
    driver.image = s.put(still, shuttle__out_moving=True)
    effects = driver.tell(LEAVE)
    assert driver.is_in(PackML.STOPPING)
    (stop,) = of(StopMotion, effects)
    assert (stop.devices, stop.drop_enable, stop.reason) == (("shuttle",), True, "controller stops")
    assert [a.timer for a in of(Arm, effects)] == ["station:standstill"]
    driver.tell(Scan())
    assert driver.is_in(PackML.STOPPING), "it still moves"
    driver.image = still
    effects = driver.tell(Scan())
    assert driver.is_in(PackML.STOPPED)
    assert not of(Act, effects)
    assert driver.state.swap is not None
    assert "swap-1 stays open" in reason(driver.tell(Operator(Action.RESET, "tester")))


def test_what_cannot_be_seen_to_stand_is_not_waited_for_longer_than_its_time() -> None:
    driver = reach("11")
    driver.tell(LEAVE)
    driver.image = s.put(driver.image, shuttle__out_moving=None)
    driver.tell(Scan())
    assert driver.is_in(PackML.STOPPING)
    driver.tell(TimeUp("station:standstill"))
    assert driver.is_in(PackML.STOPPED)
    assert not driver.state.faults


def test_while_it_stops_no_row_goes_on_and_no_order_is_taken() -> None:
    driver = reach("8")
    driver.tell(LEAVE)
    driver.image = s.put(s.FREED, lift__moving=True)
    before: list[Command] = list(driver.commands)
    driver.tell(TimeUp("limit:8"))
    driver.tell(Scan())
    assert driver.commands == before
    assert answers(driver.tell(ORDER)) == [("order-1", "refused")]
    assert answers(driver.tell(Operator(Action.RESUME, "tester"))) == [("resume", "refused")]


def test_a_hold_that_is_under_way_becomes_a_stop() -> None:
    driver = reach("11")
    driver.image = s.put(driver.image, shuttle__out_moving=True)
    driver.tell(Operator(Action.HOLD, "tester"))
    driver.tell(LEAVE)
    assert driver.is_in(PackML.STOPPING)


@pytest.mark.parametrize("packml", [PackML.STOPPED, PackML.IDLE, PackML.HELD, PackML.ABORTED])
def test_at_rest_the_stops_leave_once_more_and_the_state_stays(packml: PackML) -> None:
    state, effects = sequencer().step(State(packml), s.EMPTY_LANE, LEAVE)
    assert state.packml is packml
    assert effects == (StopMotion((), "controller stops", drop_enable=True),)
