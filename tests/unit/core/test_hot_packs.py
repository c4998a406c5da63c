"""A hot pack that comes back, and the plugs of a bay: the whole way, as a swap goes it."""

from firmware_py.core.events import TimeUp
from firmware_py.core.faults import FaultCode as F
from firmware_py.core.packml import PackML
from firmware_py.core.state import State
from hal.commands import (
    Connector,
    DriveConnector,
    PlacePack,
)
from tests.unit.core import scenes as s
from tests.unit.core.engine_drive import Driver, answers, raised
from tests.unit.core.test_swap_path import ORDER, begin, ended, reach

IDLE = State(PackML.IDLE)


def test_a_hot_pack_that_comes_back_goes_to_isolation_and_is_not_plugged_in() -> None:
    driver = reach("3")
    driver.image = s.put(driver.image, car_pack=s.pack(s.OLD, 12.0, 61.0))
    driver.run(ended)
    assert answers(driver.effects)[-1] == ("order-1", "completed")
    assert driver.image.platform.isolation_present is True
    assert not {"mate.power", "mate.coolant"} & set(driver.done)
    assert driver.image.platform.bay_present is not None
    assert driver.image.platform.bay_present[0] is False, "the bay of the new pack stays empty"


def test_a_pack_that_gets_hot_until_its_plug_is_drawn_goes_there_too() -> None:
    driver = reach("8")
    driver.image = s.put(driver.image, car_pack=s.pack(s.OLD, 12.0, 61.0))
    driver.run(ended)
    assert driver.image.platform.isolation_present is True


def test_a_car_with_a_hot_pack_is_let_go_when_there_is_no_place_for_it() -> None:
    driver = reach("3")
    driver.image = s.put(driver.image, car_pack=s.pack(s.OLD, 12.0, 61.0), platform__isolation_present=True)
    driver.tell(TimeUp("limit:3"))
    assert (F.PLACE_OCCUPIED, "isolation") in raised(driver.effects)
    driver.run(ended)
    assert "4" not in driver.done
    assert "19" in driver.done


def test_a_returned_pack_is_plugged_in_where_it_stands() -> None:
    driver = begin()
    driver.run(ended)
    assert driver.done.index("store.4") < driver.done.index("mate.power") < driver.done.index("mate.coolant")
    places = [c for c in driver.commands if isinstance(c, PlacePack)]
    assert len(places) == 2
    assert driver.image.rack.coolant_mated is not None
    assert driver.image.rack.coolant_mated[0] is True


def test_a_bay_is_unplugged_before_its_pack_is_taken() -> None:
    image = s.after(
        s.put(s.EMPTY_LANE, safety__drives_enabled=False),
        DriveConnector(1, Connector.POWER, True), DriveConnector(1, Connector.COOLANT, True),
    )  # fmt: skip
    driver = Driver(image, IDLE)
    driver.tell(ORDER)
    driver.run(ended)
    assert driver.done.index("0.coolant") < driver.done.index("0.power") < driver.done.index("0.2")
