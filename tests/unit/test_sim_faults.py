"""Faults by name: they change the truth, are cleared, and a wrong name or value is answered with the nearest right."""

import pytest

from sim.faults import CATALOGUE, FaultError, Rig, clear, describe, inject
from tests.unit.world_drive import held_car, small_world


@pytest.fixture
def rig() -> Rig:
    return Rig(small_world())


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("bolt-stick", {}, "nearest is 'bolt-stuck'"),
        ("bolt-stuck", {"points": 3}, "nearest is 'point'"),
        ("bolt-stuck", {}, "needs point"),
        ("bolt-stuck", {"point": "x"}, "is no int"),
        ("bolt-stuck", {"point": 11}, "is not one of 1, 2"),
        ("actuator-jam", {"actuator": "shuter"}, "nearest is 'shutter'"),
        ("wrong-pack", {}, "no pack at buffer"),
        ("door-open", {}, "no car"),
        ("broker-down", {}, "nobody here runs a broker"),
        ("unit-silent", {"unit": "lift_drive"}, "no emulators"),
        ("can-babble", {"link": "packs"}, "nobody here can babble on packs"),
        ("adapter-unplugged", {"link": "packs"}, "packs has no adapter here"),
    ],
)
def test_what_cannot_be_done_says_what_can(rig: Rig, name: str, arguments: dict[str, str | int], said: str) -> None:
    with pytest.raises(FaultError, match=said):
        inject(rig, name, **arguments)


def test_values_may_come_as_text(rig: Rig) -> None:
    inject(rig, "bolt-stuck", point="4")
    assert rig.world.locks.points[3].stuck
    clear(rig, "bolt-stuck", point="4")
    assert not rig.world.locks.points[3].stuck


def test_a_thread_belongs_to_a_pack_by_place_or_serial(rig: Rig) -> None:
    pack = rig.world.packs.at["bay-1"]
    inject(rig, "thread-stripped", pack="bay-1", point=2)
    inject(rig, "thread-stripped", pack=pack.serial, point=3)
    assert pack.stripped == {2, 3}
    clear(rig, "thread-stripped", pack="bay-1", point=2)
    assert pack.stripped == {3}


def test_a_wrong_pack_gets_its_own_serial_back(rig: Rig) -> None:
    rig.world.packs.put("in", rig.world.packs.at.pop("bay-1"))
    pack = rig.world.packs.at["in"]
    own = pack.serial
    inject(rig, "wrong-pack")
    assert pack.serial != own
    clear(rig, "wrong-pack")
    assert pack.serial == own


@pytest.mark.parametrize("order", [("packs-low", "wrong-pack"), ("wrong-pack", "packs-low")])
def test_a_low_pack_that_carries_a_foreign_serial_gets_back_both(rig: Rig, order: tuple[str, str]) -> None:
    pack = rig.world.packs.at["bay-1"]
    own, charge = pack.serial, pack.soc_pct
    given: dict[str, dict[str, str]] = {"wrong-pack": {"place": "bay-1"}, "packs-low": {}}
    for name in ("packs-low", "wrong-pack"):
        inject(rig, name, **given[name])
    for name in order:
        clear(rig, name, **given[name])
    assert (pack.serial, pack.soc_pct) == (own, charge)


def test_the_reset_button_is_a_momentary_act(rig: Rig) -> None:
    inject(rig, "estop")
    clear(rig, "estop")
    assert not rig.world.safety.chain_ok
    inject(rig, "safety-reset")
    assert rig.world.safety.chain_ok
    with pytest.raises(FaultError, match="momentary"):
        clear(rig, "safety-reset")


def test_a_stall_may_be_here_or_at_a_height_on_the_way() -> None:
    hand, world = held_car()
    rig = Rig(world)
    world.lift.move(900.0, 200.0)
    inject(rig, "lift-stall", at_mm=500)
    hand.until(lambda: not world.lift.moving)
    assert world.lift.mm == pytest.approx(500.0)
    clear(rig, "lift-stall")
    world.lift.move(900.0, 200.0)
    hand.pass_time(0.5)
    inject(rig, "lift-stall")
    at = world.lift.mm
    hand.pass_time(1.0)
    assert world.lift.mm == at
    assert world.lift.fault_word


def test_a_hook_is_called_both_ways(rig: Rig) -> None:
    calls: list[bool] = []
    rig.hooks["broker-down"] = calls.append
    inject(rig, "broker-down")
    clear(rig, "broker-down")
    assert calls == [True, False]


def test_every_fault_describes_itself(rig: Rig) -> None:
    lines = describe(rig)
    assert len(lines) == len(CATALOGUE)
    assert any(line.startswith("actuator-jam actuator=rods|pins|pin_lift|shutter|lane_gate: ") for line in lines)
    assert any(line.startswith("lift-stall [at_mm=float]: ") for line in lines)


def test_faults_of_the_car_and_of_people_change_the_truth(rig: Rig) -> None:
    car = rig.world.queue_car()
    for name, field, value in (
        ("door-open", "doors_closed", False),
        ("park-lost", "in_park", False),
        ("car-hv-on", "hv_stuck", True),
        ("self-check-fails", "check_fails", True),
    ):
        inject(rig, name)
        assert getattr(car, field) is value
        clear(rig, name)
        assert getattr(car, field) is not value
    inject(rig, "wrong-vin", vin="LXX00000000000001")
    assert car.reported_vin == "LXX00000000000001"
    inject(rig, "pack-hot", place="bay-2", degc=70)
    assert rig.world.packs.at["bay-2"].temperature(rig.world.clock.plant, 25.0) == 70.0


def test_a_jam_holds_a_slot_and_clears() -> None:
    hand, world = held_car()
    rig = Rig(world)
    inject(rig, "shuttle-jam", slot="out")
    hand.slots({s: 3000.0 for s in world.shuttle.slots if s == "out"})
    assert (world.shuttle.fault_word, world.shuttle.gap_mm) == (1, 3000.0)
    clear(rig, "shuttle-jam", slot="out")
    hand.slots({s: 3000.0 for s in world.shuttle.slots if s == "out"})
    assert world.shuttle.gap_mm == 6000.0
