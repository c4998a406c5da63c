"""An order is given up by a person: before its car is in, after it has left, and with a row that stays as it is."""

from firmware_py.core.effects import Told
from firmware_py.core.events import Action, Operator
from firmware_py.core.image import Image
from firmware_py.core.packml import PackML, StablePlace
from firmware_py.core.sequencer import Sequencer
from firmware_py.core.state import Active, Phase, State
from hal.commands import Actuator, Command, Drive, RequestCar
from tests.unit.core import scenes as s
from tests.unit.core.engine_drive import answers, of
from tests.unit.core.rows_table import ISOLATED
from tests.unit.core.test_swap_path import begin, ended, reach

S0, S4 = StablePlace.S0, StablePlace.S4
SEQUENCER = Sequencer(s.params())


def test_an_order_given_up_before_its_car_is_in_lets_none_in() -> None:
    driver = begin()
    driver.run(lambda d: bool(d.state.active))
    driver.tell(Operator(Action.HOLD, "tester"))
    driver.run(lambda d: d.state.packml is PackML.HELD)
    assert "1" in {a.row for a in driver.state.active}
    driver.commands.clear()
    driver.tell(Operator(Action.ABORT, "tester"))
    driver.run(ended)
    assert answers(driver.effects)[-1] == ("order-1", "failed")
    assert not [c for c in driver.commands if isinstance(c, RequestCar) or c == Drive(Actuator.LANE_GATE, True)]


def test_a_gate_that_was_opened_for_a_car_is_closed_again_when_none_has_come() -> None:
    def twist(row: str, command: Command, before: Image, after: Image) -> Image:
        nobody = {"platform__lane_clear": True, "platform__grooves": (False,) * 4, "platform__wheels_on_floor": False}
        return s.put(after, **nobody) if row == "1" else after

    driver = reach("1", twist=twist)
    driver.tell(Operator(Action.HOLD, "tester"))
    driver.run(lambda d: d.state.packml is PackML.HELD)
    driver.tell(Operator(Action.ABORT, "tester"))
    driver.run(ended)
    assert Drive(Actuator.LANE_GATE, False) in driver.commands
    assert driver.image.platform.lane_gate_closed is True


def test_an_order_whose_car_has_been_released_cannot_be_given_up() -> None:
    """The car has its new pack: the record must not say that it kept the old one."""
    driver = reach("mate.power")
    assert driver.state.place is S4
    driver.tell(Operator(Action.HOLD, "tester"))
    driver.run(lambda d: d.state.packml is PackML.HELD)
    (told,) = of(Told, driver.tell(Operator(Action.ABORT, "tester")))
    assert "the only way out is on: resume" in told.reason
    driver.tell(Operator(Action.RESUME, "tester"))
    driver.run(ended)
    assert answers(driver.effects)[-1] == ("order-1", "completed")


def test_a_row_that_an_abort_leaves_as_it_is_goes_on_where_it_was_held() -> None:
    """A fork that is out on its way to a pack does not have to be home again before it may go on."""
    held = State(PackML.HELD, S0, (Active("isolate.2", Phase.WAITING, resumed=True),), ISOLATED)
    state, effects = SEQUENCER.step(
        held, s.put(s.EMPTY_LANE, stacker__fork_home=False), Operator(Action.ABORT, "tester")
    )
    assert [told.answer.value for told in of(Told, list(effects))] == ["accepted"]
    assert state.active == (Active("isolate.2", Phase.WAITING, resumed=True),)
