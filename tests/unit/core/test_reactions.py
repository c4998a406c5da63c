"""Reactions of the whole swap, against pictures: both lanes of the chart, the ways out, a second pack."""

import pytest

from firmware_py.core.effects import Keep, Note
from firmware_py.core.events import Action, Operator, Scan, TimeUp, Trouble
from firmware_py.core.faults import FaultCode as F
from firmware_py.core.image import Image
from firmware_py.core.packml import PackML, StablePlace
from firmware_py.core.state import Install, Phase
from hal.commands import CarMode, Command, Drive, MoveLift, PickPack, RequestCar, Unlock
from hal.readings import CarReading, SelfCheck
from tests.unit.core import scenes as s
from tests.unit.core.engine_drive import Driver, answers, notes, of, raised
from tests.unit.core.test_swap_path import begin, ended, reach

BEFORE_UNLOCK = ("4", "5.pins", "5.lift", "6", "7")
LOSSES = {
    "P": ({"car__in_park": False}, F.CAR_NOT_PARKED), "brake": ({"car__brake_held": False}, F.CAR_NOT_PARKED),
    "door": ({"car__doors_closed": False}, F.DOOR_OPEN), "HV": ({"car__hv_off": False}, F.HV_NOT_OFF),
    "link": ({"car": CarReading()}, F.LINK_LOST),
}  # fmt: skip


def end_of(driver: Driver) -> dict[str, object]:
    """What the record says of the end."""
    (end,) = [dict(k.body) for k in of(Keep, driver.effects) if k.note is Note.SWAP_ENDED]
    return end


@pytest.mark.parametrize("row", BEFORE_UNLOCK)
@pytest.mark.parametrize("loss", LOSSES)
def test_what_the_car_loses_before_the_first_unlock_ends_the_order(row: str, loss: str) -> None:
    driver = reach(row)
    before, (change, code) = driver.image, LOSSES[loss]
    driver.image = s.put(before, **change)
    driver.tell(Scan())
    assert raised(driver.effects) == [(code, "car")]
    assert driver.is_in(PackML.EXECUTE), "not held: the order ends by itself"
    driver.run(ended)
    assert "19" in driver.done
    assert not [c for c in driver.commands if isinstance(c, Unlock)]
    assert (end_of(driver)["reason"], end_of(driver)["serial_installed"]) == (code.value, s.OLD)
    assert driver.image.platform.buffer_present is False, "the staged pack went back to its bay"
    assert answers(driver.effects)[-1] == ("order-1", "failed")


@pytest.mark.parametrize("row", ["8", "10", "11", "13", "14"])
def test_the_same_after_the_first_unlock_holds(row: str) -> None:
    driver = reach(row)
    driver.image = s.put(driver.image, car__in_park=False)
    driver.tell(Scan())
    assert driver.state.packml in {PackML.HOLDING, PackML.HELD}
    assert raised(driver.effects) == [(F.CAR_NOT_PARKED, "car")]


def test_nothing_is_unlocked_before_the_new_pack_stands_at_the_buffer() -> None:
    """The stacker is slow: the car waits with its pack supported and locked."""

    def twist(row: str, command: Command, before: Image, after: Image) -> Image:
        return before if isinstance(command, PickPack) and row == "0.2" and held else after

    held = True
    driver = begin(twist=twist)
    driver.run(lambda d: any(a.row == "7.wait" and a.phase is Phase.RUNNING for a in d.state.active))
    for _ in range(30):
        driver.tell(Scan())
    assert not [c for c in driver.commands if isinstance(c, Unlock)]
    held = False
    driver.image = s.after(driver.image, *[c for c in driver.commands if isinstance(c, PickPack)][-1:])
    driver.run(ended)
    assert driver.done.index("0.5") < driver.done.index("7.wait") < driver.done.index("8")
    assert end_of(driver)["outcome"] == "completed"


def test_a_pack_that_turns_bad_while_it_waits_is_exchanged_before_anything_is_unlocked() -> None:
    driver = reach("6")
    driver.run(lambda d: "0.5" in d.done)
    driver.image = s.put(driver.image, buffer__temp_max_degc=60.0)
    driver.run(lambda d: "0.choose" in d.done)
    assert (F.PACK_NOT_ELIGIBLE, "buffer") in raised(driver.effects)
    driver.run(ended)
    end = end_of(driver)
    assert (end["outcome"], end["tried"]) == ("completed", [s.NEW])
    assert end["serial_installed"] != s.NEW


def test_no_other_pack_ends_the_order_of_a_car_that_is_still_whole() -> None:
    driver = reach("6")
    driver.run(lambda d: "0.5" in d.done)
    none = tuple(s.pack(p.serial, 10.0) if p.serial else p for p in driver.image.packs)
    driver.image = s.put(driver.image, buffer__temp_max_degc=60.0, packs=none)
    driver.run(ended)
    assert (F.NO_ELIGIBLE_PACK, "rack") in raised(driver.effects)
    assert not [c for c in driver.commands if isinstance(c, Unlock)]
    assert (end_of(driver)["outcome"], end_of(driver)["serial_installed"]) == ("aborted", s.OLD)
    assert {"16", "17.wake", "19"} <= set(driver.done)


def test_an_abort_lets_the_stacker_finish_what_it_carries() -> None:
    driver = reach("0.3")
    driver.run(lambda d: "2" in d.done or "0.3" in d.done)
    driver.tell(Trouble(F.VIN_MISMATCH, "car", "another car", driver.state.active[-1].row))
    assert any(a.row.startswith("0.") for a in driver.state.active), "what is on the fork is brought to rest"
    driver.run(ended)
    assert driver.done.index("0.4") < driver.done.index("putback.1") < driver.done.index("putback.4")
    assert driver.image.stacker.present is False


def _rejecting(*packs: str) -> Driver:
    """A station whose car rejects these packs."""

    def twist(row: str, command: Command, before: Image, after: Image) -> Image:
        wakes = isinstance(command, RequestCar) and command.mode is CarMode.WAKE
        return s.put(after, car__self_check=SelfCheck.FAILED) if wakes and after.car_pack.serial in packs else after

    return begin(twist=twist)


def test_a_pack_that_the_car_rejects_is_exchanged_for_another() -> None:
    driver = _rejecting(s.NEW)
    driver.run(ended, scans=900)
    assert notes(driver.effects, Note.RETRY) == ["17"], "woken once more first"
    done = driver.done
    assert done.index("17.choose") < done.index("17.again") < done.index("3.again")
    assert done.count("8") == done.count("14") == done.count("15") == 2
    assert done.index("store.4") < done.index("17.again"), "the first exchange is wholly over"
    assert done.count("4") == done.count("5.pins") == 1, "the car stays held"
    end = end_of(driver)
    assert (end["outcome"], end["tried"], end["serial_returned"]) == ("completed", [s.NEW], s.NEW)
    assert driver.places == [StablePlace.S1, StablePlace.S2, StablePlace.S3, StablePlace.S2, StablePlace.S3,
                             StablePlace.S4]  # fmt: skip
    roles = [k.body["role"] for k in of(Keep, driver.effects) if k.note is Note.PACK_EVIDENCE]
    assert roles == ["returned", "rejected", "installed"]


def test_a_second_pack_that_is_rejected_holds_the_car_for_the_workshop() -> None:
    driver = _rejecting(s.NEW, f"001PB20{2:017d}")
    driver.run(lambda d: d.state.packml is PackML.HELD, scans=900)
    assert [a.row for a in driver.state.active if not a.row.startswith(("store", "home"))] == ["17.choose"]
    assert not [c for c in driver.commands if isinstance(c, RequestCar) and c.mode is CarMode.RELEASE]
    assert driver.state.place is StablePlace.S3
    effects = driver.tell(Operator(Action.ABORT, "tester"))
    assert answers(effects) == [("abort", "refused")], "no way out with a pack that the car rejects"


def test_a_car_is_never_let_go_on_the_short_way_with_a_rejected_pack() -> None:
    """In the second exchange the pack on the car is not its own: the short way out ends in a hold."""
    driver = _rejecting(s.NEW)
    driver.run(lambda d: "3.again" in d.done and any(a.row == "6" for a in d.state.active), scans=900)
    driver.image = s.put(driver.image, car__doors_closed=False)
    driver.run(lambda d: d.state.packml is PackML.HELD, scans=900)
    assert "17.wake" not in driver.done
    assert not [c for c in driver.commands if isinstance(c, RequestCar) and c.mode is CarMode.RELEASE]


def test_release_is_asked_only_with_the_gate_seen_open() -> None:
    driver = reach("19.gate")
    driver.image = s.put(driver.image, platform__lane_gate_open=False)
    for _ in range(20):
        driver.tell(Scan())
    assert RequestCar(CarMode.RELEASE) not in driver.commands
    driver.image = s.put(driver.image, platform__lane_gate_open=True)
    driver.run(ended)
    assert RequestCar(CarMode.RELEASE) in driver.commands


def test_a_bolt_that_gives_way_at_the_second_try_does_no_harm() -> None:
    driver = reach("8")
    driver.tell(Trouble(F.LOCK_FAILED_UNLOCK, "locks", "stuck", "8"))
    driver.run(ended)
    assert [r for r in driver.done if r in {"8.again", "8", "8.relock"}] == ["8.again", "8"]
    assert end_of(driver)["outcome"] == "completed"


def test_the_limit_of_a_waiting_car_ends_the_order() -> None:
    driver = reach("7")
    swap = driver.state.swap
    assert swap is not None
    assert swap.install is Install.NEW
    driver = begin(twist=lambda row, c, before, after: before if row == "0.2" else after)
    driver.run(lambda d: any(a.row == "7.wait" and a.phase is Phase.RUNNING for a in d.state.active))
    driver.tell(TimeUp("limit:7.wait"))
    assert (F.NO_ELIGIBLE_PACK, "rack") in raised(driver.effects)
    assert {a.row for a in driver.state.active} >= {"16", "17.wake"}
    assert not [c for c in driver.commands if isinstance(c, Unlock)]
    assert isinstance(driver.commands[-1], MoveLift | Drive | RequestCar | PickPack)


def test_an_old_verdict_of_the_car_is_no_evidence() -> None:
    """Held while the check of the car had passed: it is woken again, and only the new check counts."""
    driver = reach("17")
    driver.image = s.put(driver.image, car__self_check=SelfCheck.OK, car__hvil_closed=False)
    driver.tell(Operator(Action.HOLD, "tester"))
    driver.run(lambda d: d.is_in(PackML.HELD))
    driver.twist = lambda row, command, before, after: before if isinstance(command, RequestCar) else after
    driver.image = s.put(driver.image, car__hvil_closed=True, car__pack_serial=s.NEW)
    driver.tell(Operator(Action.RESUME, "tester"))
    for _ in range(40):
        driver.tell(Scan())
    assert "17" not in driver.done, "what it said before the hold"
    assert driver.commands.count(RequestCar(CarMode.WAKE)) == 2
    driver.image = s.put(driver.image, car__self_check=SelfCheck.RUNNING)
    driver.tell(Scan())
    driver.image = s.put(driver.image, car__self_check=SelfCheck.OK)
    driver.run(lambda d: "17" in d.done)
