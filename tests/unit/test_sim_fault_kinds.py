"""Each kind of fault changes the truth, or what is shown of it, and clearing takes it back."""

import pytest

from hal.commands import Actuator, CarMode, Slot
from hal.config.loader import load_station
from hal.readings import LockState, SelfCheck
from sim.emulators import Emulators, build_emulators
from sim.faults import FaultError, Rig, clear, inject
from sim.world import Stage, World
from tests.unit.world_drive import Hand, hazards, held_car, small_world, supported_pack


@pytest.fixture
def rig() -> Rig:
    return Rig(small_world())


@pytest.fixture
def wired() -> tuple[Rig, Emulators]:
    station = load_station("choco-14")
    world = World(station, seed=1)
    emulators = build_emulators(world, station)
    return Rig(world, emulators), emulators


def test_a_snagged_pack_hangs_more_and_more_and_tears_at_last() -> None:
    hand, world = supported_pack()
    rig = Rig(world)
    hand.turn(lock=False)
    mass = world.packs.at["head"].mass_kg
    inject(rig, "pack-snagged", at_mm=750)
    hand.lift(760.0, 100.0)
    assert world.lift.load_kg == mass
    hand.lift(700.0, 100.0)
    assert world.lift.load_kg == pytest.approx(0.5 * mass)
    assert hazards(world) == set()
    hand.lift(904.0, 100.0)
    assert world.lift.load_kg == mass
    hand.lift(640.0, 100.0)
    assert hazards(world) == {"pack-torn"}


def test_a_snag_that_was_freed_holds_nothing() -> None:
    hand, world = supported_pack()
    rig = Rig(world)
    hand.turn(lock=False)
    inject(rig, "pack-snagged")
    clear(rig, "pack-snagged")
    hand.lift(600.0, 100.0)
    assert world.lift.load_kg == world.packs.at["head"].mass_kg
    assert hazards(world) == set()


def test_a_deaf_lift_stays_and_a_reversed_one_goes_down_to_its_stop(rig: Rig) -> None:
    world, hand = rig.world, Hand(rig.world)
    hand.pass_time(0.2)
    hand.lift(200.0, 100.0)
    inject(rig, "lift-deaf")
    hand.lift(300.0, 100.0)
    assert world.lift.mm == pytest.approx(200.0)
    clear(rig, "lift-deaf")
    inject(rig, "lift-reversed")
    hand.lift(250.0, 100.0)
    assert world.lift.mm == pytest.approx(150.0)
    hand.lift(600.0, 100.0)
    assert world.lift.mm == pytest.approx(0.0)


def test_a_mover_that_runs_on_is_stopped_by_nobody(rig: Rig) -> None:
    world, hand = rig.world, Hand(rig.world)
    hand.pass_time(0.2)
    inject(rig, "mover-runs-on", mover="slot-in")
    world.shuttle.move(Slot.IN, -2500.0, 250.0)
    hand.pass_time(0.5)
    inject(rig, "estop")
    world.shuttle.stop()
    hand.pass_time(10.0)
    assert world.shuttle.mm(Slot.IN) == pytest.approx(-2500.0)


def test_a_lock_point_that_works_loose_holds_and_is_not_tight() -> None:
    _, world = held_car()
    inject(Rig(world), "lock-loosens", point=3)
    assert world.locks.points[2].state is LockState.FAILED
    assert 3 not in world.locks.tight
    assert 3 in world.locks.holding
    clear(Rig(world), "lock-loosens", point=3)
    assert world.latched
    assert hazards(world) == set()


def test_a_stacker_jams_where_it_is_and_says_so(rig: Rig) -> None:
    world, hand = rig.world, Hand(rig.world)
    hand.pass_time(0.2)
    world.stacker.move(2000.0)
    hand.pass_time(1.0)
    inject(rig, "stacker-jam")
    at = world.stacker.level.mm
    world.stacker.move(2000.0)
    hand.pass_time(2.0)
    assert (world.stacker.level.mm, world.stacker.fault_word) == (at, 2)
    clear(rig, "stacker-jam")
    world.stacker.move(2000.0)
    hand.pass_time(10.0)
    assert world.stacker.level.mm == pytest.approx(2000.0)
    assert world.stacker.fault_word == 0


def test_a_slot_is_pushed_only_while_it_stands(rig: Rig) -> None:
    world, hand = rig.world, Hand(rig.world)
    inject(rig, "slot-pushed", slot="out", mm=60)
    assert world.shuttle.mm(Slot.OUT) == pytest.approx(60.0)
    hand.pass_time(0.2)
    world.shuttle.move(Slot.OUT, 3000.0, 300.0)
    hand.pass_time(0.5)
    with pytest.raises(FaultError, match="nobody pushes it"):
        inject(rig, "slot-pushed", slot="out")


def test_the_chain_falls_until_its_button_and_the_drives_stay_cut_until_mended(rig: Rig) -> None:
    world, hand = rig.world, Hand(rig.world)
    hand.pass_time(0.2)
    assert world.safety.drives_enabled
    inject(rig, "chain-falls")
    assert not world.safety.chain_ok
    assert world.safety.all_good
    inject(rig, "safety-reset")
    hand.pass_time(0.2)
    assert world.safety.drives_enabled
    inject(rig, "drives-cut")
    assert (world.safety.chain_ok, world.safety.drives_enabled) == (True, False)
    clear(rig, "drives-cut")
    assert world.safety.drives_enabled


def test_a_car_refuses_and_stays_and_drives_off_when_it_is_asked_again() -> None:
    hand, world = held_car()
    rig, car = Rig(world), world.cars.lane
    assert car is not None
    inject(rig, "car-stays")
    for name in ("SHUTTER", "PIN_LIFT", "PINS", "RODS"):
        hand.drive_home(name)
    world.cars.ask(CarMode.RELEASE)
    hand.drive(out=True, actuators=(Actuator.LANE_GATE,))
    hand.pass_time(20.0)
    assert car.stage is Stage.STANDING
    clear(rig, "car-stays")
    hand.until(lambda: world.cars.lane is None)


def test_what_the_car_reads_of_its_pack_may_be_wrong_or_nothing() -> None:
    hand, world = supported_pack()
    rig, car = Rig(world), world.cars.lane
    assert car is not None
    inject(rig, "serial-misread", serial="X" * 24)
    world.cars.ask(CarMode.WAKE)
    hand.pass_time(5.0)
    assert car.serial_seen == "X" * 24
    clear(rig, "serial-misread")
    inject(rig, "pack-mute", place="car")
    world.cars.ask(CarMode.NONE)
    world.cars.ask(CarMode.WAKE)
    hand.pass_time(20.0)
    assert car.self_check is SelfCheck.FAILED
    seen: str | None = world.cars.lane.serial_seen if world.cars.lane else "no car"
    assert seen is None


def test_packs_are_low_and_full_again_and_set_down_and_taken_away(rig: Rig) -> None:
    world = rig.world
    before = {place: pack.soc_pct for place, pack in world.packs.at.items()}
    inject(rig, "packs-low", soc_pct=30)
    assert {pack.soc_pct for pack in world.packs.at.values()} == {30.0}
    clear(rig, "packs-low")
    assert {place: pack.soc_pct for place, pack in world.packs.at.items()} == before
    with pytest.raises(FaultError, match="there is a pack at bay-1"):
        inject(rig, "pack-set-down", place="bay-1")
    inject(rig, "pack-set-down", place="bay-14")
    assert "bay-14" in world.packs.at
    clear(rig, "pack-set-down", place="bay-14")
    assert "bay-14" not in world.packs.at


def test_a_switch_shows_the_wrong_thing_and_the_others_of_its_row_do_not(wired: tuple[Rig, Emulators]) -> None:
    rig, emulators = wired
    unit = emulators.units["platform_io"]
    inject(rig, "input-wrong", unit="platform_io", role="bay_present", point=14, value=1)
    assert unit.values()["bay_present"] == (True,) * 14
    rig.world.packs.take("bay-2")
    assert unit.values()["bay_present"] == (True, False) + (True,) * 12
    clear(rig, "input-wrong", unit="platform_io", role="bay_present", point=14)
    assert unit.values()["bay_present"] == (True, False) + (True,) * 11 + (False,)


def test_an_input_that_is_stuck_keeps_its_value_while_the_truth_goes_on(wired: tuple[Rig, Emulators]) -> None:
    rig, emulators = wired
    unit, hand = emulators.units["lift_drive"], Hand(rig.world)
    hand.pass_time(0.2)
    inject(rig, "input-stuck", unit="lift_drive", role="position_mm")
    hand.lift(300.0, 100.0)
    assert unit.values()["position_mm"] == 0.0
    clear(rig, "input-stuck", unit="lift_drive", role="position_mm")
    assert unit.values()["position_mm"] == pytest.approx(300.0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"unit": "platform_io", "role": "bay_present"}, "point=0 is not one of 1 to 14"),
        ({"unit": "platform_io", "role": "rods_home", "point": 2}, "it has no points"),
        ({"unit": "platform_io", "role": "rods"}, "has no input 'rods'"),
        ({"unit": "lift_drive", "role": "position_mm"}, "is no switch"),
    ],
)
def test_an_input_that_is_none_is_named(
    wired: tuple[Rig, Emulators], arguments: dict[str, str | int], said: str
) -> None:
    with pytest.raises(FaultError, match=said):
        inject(wired[0], "input-wrong", **arguments)
