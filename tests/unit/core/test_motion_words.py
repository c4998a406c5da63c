"""What a person is told before something moves: which part, which way, where to, how fast."""

import pytest

from firmware_py.core.image import Image
from firmware_py.core.motion_words import ENDS, motion
from hal.commands import (
    Actuator,
    CarMode,
    Command,
    Connector,
    Drive,
    DriveConnector,
    HomeFork,
    Lock,
    MoveLift,
    MoveSlot,
    MoveStacker,
    PickPack,
    PlacePack,
    RequestCar,
    RunEnable,
    Side,
    Slot,
    Stop,
    Unlock,
)
from hal.readings import LiftReading, StackerReading

HERE = Image(lift=LiftReading(position_mm=250.2), stacker=StackerReading(level_mm=1200.0))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (MoveLift(900.0, 189.5), "lift goes up to 900 mm at 189.5 mm/s"),
        (MoveLift(0.0, 453.0), "lift goes down to 0 mm at 453 mm/s"),
        (MoveLift(250.0, 50.0), "lift goes to 250 mm at 50 mm/s"),
        (MoveSlot(Slot.OUT, 3000.0, 474.0), "slot_out goes to 3000 mm at 474 mm/s"),
        (MoveSlot(Slot.IN, -3000.0, 463.5), "slot_in goes to -3000 mm at 463.5 mm/s"),
        (MoveStacker(800.0), "stacker goes down to level 800 mm"),
        (PickPack(Side.LEFT), "fork goes out to the left, takes the pack and comes home"),
        (PlacePack(Side.RIGHT), "fork goes out to the right, puts its pack down and comes home"),
        (HomeFork(), "fork comes home"),
        (Drive(Actuator.SHUTTER, out=True), "shutter opens"),
        (Drive(Actuator.LANE_GATE, out=False), "lane gate closes"),
        (Drive(Actuator.PIN_LIFT, out=False), "pin lift goes down"),
        (Lock((3, 4)), "lock points 3, 4 are tightened"),
        (Unlock((1,)), "lock points 1 are freed"),
        (DriveConnector(3, Connector.COOLANT, out=False), "coolant connector of bay 3 retracts"),
        (RequestCar(CarMode.WAKE), ""),
        (RunEnable(on=True), ""),
        (Stop("lift"), ""),
    ],
)
def test_each_motion_is_told_with_its_way_and_what_moves_nothing_is_not(command: Command, words: str) -> None:
    assert motion(command, HERE) == words


def test_a_part_that_nobody_sees_is_told_by_its_goal_alone() -> None:
    assert motion(MoveLift(900.0, 100.0), Image()) == "lift goes to 900 mm at 100 mm/s"
    assert motion(MoveStacker(0.0), Image()) == "stacker goes to level 0 mm"


def test_every_actuator_has_its_words() -> None:
    assert set(ENDS) == set(Actuator)
