"""The whole swap against pictures, without a loop: the order of steps, the stable places, the ways back."""

import copy
from dataclasses import replace
from functools import partial

import pytest

from firmware_py.core.effects import Act, Arm, Keep, Note, StopMotion
from firmware_py.core.events import Action, Operator, OrderIn, Scan, TimeUp, Trouble
from firmware_py.core.faults import FaultCode
from firmware_py.core.image import Image
from firmware_py.core.packml import PackML, StablePlace
from firmware_py.core.state import Install, Order, Phase, State
from hal.commands import CarMode, Command, Drive, Lock, MoveLift, RequestCar, RunEnable, Unlock
from hal.readings import LockState, SelfCheck
from tests.unit.core import scenes as s
from tests.unit.core.engine_drive import Driver, answers, faults_cleared, notes, of, raised, reason

ORDER = OrderIn(Order("order-1", s.VIN, "aion-ut"), "swap-1", 600.0)
_, S0, S1, S2, S3, S4 = StablePlace
FORWARD = (
    *("1", "2", "3", "4", "5.pins", "5.lift", "6", "7", "8", "9", "10", "12", "13", "14"),
    *("15", "16", "16.shutter", "18.lower", "18.free", "19.gate", "19", "19.close"),
)
"""The critical path; what runs beside it is placed by the joins below."""
BEFORE = (
    ("0.1", "0.2"), ("0.2", "0.3"), ("0.3", "0.4"), ("0.4", "0.5"), ("0.5", "8"), ("10", "0.6"), ("0.6", "12"),
    ("5.shutter", "6"), ("11", "13"), ("12", "13"), ("15", "17"), ("17", "18.free"), ("16", "home.in"),
    ("home.in", "store.1"), ("store.2", "home.out"), ("store.3", "store.4"),
)  # fmt: skip


def begin(**options: object) -> Driver:
    """An idle station that takes the order."""
    driver = Driver(s.put(s.EMPTY_LANE, safety__drives_enabled=False), **options)  # type: ignore[arg-type]
    driver.tell(Operator(Action.RESET, "tester"))
    driver.run(lambda d: d.state.packml is PackML.IDLE)
    driver.tell(ORDER)
    return driver


def ended(driver: Driver) -> bool:
    """The swap is over."""
    return driver.state.swap is None


def _went_on(done: int, driver: Driver) -> bool:
    return len(driver.done) > done or ended(driver)


def reach(row: str, **options: object) -> Driver:
    """A swap that has come to this row, which has sent its commands."""
    driver = begin(**options)
    driver.run(lambda d: any(a.row == row and a.phase is not Phase.WAITING for a in d.state.active))
    return driver


def test_a_swap_goes_through_every_step_and_place_and_is_answered() -> None:
    driver = begin()
    driver.run(lambda d: d.state.packml is PackML.IDLE)
    done = driver.done
    assert [r for r in done if r in FORWARD] == list(FORWARD)
    for first, then in BEFORE:
        assert done.index(first) < done.index(then), (first, then)
    assert len(done) == len(set(done))
    assert driver.places == [S1, S2, S3, S4]
    assert driver.state.place is S0
    words = ("accepted", "started", "completed")
    assert answers(driver.effects) == [("reset", "accepted"), *(("order-1", word) for word in words)]
    assert not driver.state.faults
    assert driver.commands[-1] == RunEnable(on=False)
    assert not driver.timers


def test_the_record_is_sealed_before_the_lane_gate_opens_for_the_car_to_leave() -> None:
    driver = begin()
    driver.run(ended)
    kinds = [e.note if isinstance(e, Keep) else e.command if isinstance(e, Act) else None for e in driver.effects]
    sealed = kinds.index(Note.SWAP_SEALED)
    proofs = [k for k, e in enumerate(driver.effects) if isinstance(e, Keep) and e.body.get("stage") == "proof"]
    assert proofs
    assert max(proofs) < sealed < kinds.index(RequestCar(CarMode.RELEASE))


def test_the_record_says_what_was_put_in_and_what_came_back() -> None:
    driver = begin()
    driver.run(ended)
    (end,) = [k.body for k in of(Keep, driver.effects) if k.note is Note.SWAP_ENDED]
    assert (end["outcome"], end["serial_installed"], end["serial_returned"]) == ("completed", s.NEW, s.OLD)
    proof = next(k.body for k in of(Keep, driver.effects) if k.body.get("stage") == "proof")
    assert proof["proven"] is True
    assert len(proof["points"]) == 10  # type: ignore[arg-type]
    roles = [k.body["role"] for k in of(Keep, driver.effects) if k.note is Note.PACK_EVIDENCE]
    assert roles == ["returned", "installed"]


def test_the_core_is_a_function_of_its_inputs() -> None:
    """Same state, picture and event: same result; nothing that went in is changed."""
    driver = begin()
    for _ in range(200):
        state, image = driver.state, driver.image
        frozen_state, frozen_image, mark = copy.deepcopy(state), copy.deepcopy(image), hash(state)
        first, second = (driver.seq.step(state, image, Scan()) for _ in range(2))
        assert first == second
        assert (state, image, hash(state)) == (frozen_state, frozen_image, mark)
        assert hash(first[0]) == hash(second[0])
        done = len(driver.done)
        driver.run(partial(_went_on, done))
        if ended(driver):
            return
    raise AssertionError("the swap did not end")


def test_a_picture_that_says_nothing_new_changes_nothing() -> None:
    driver = reach("17")
    driver.image = s.put(driver.image, car__self_check=SelfCheck.RUNNING)
    while driver.tell(Scan()):
        pass
    before = driver.state
    assert driver.seq.step(before, driver.image, Scan()) == (before, ())


@pytest.mark.parametrize(("row", "place"), [("4", S1), ("6", S1), ("8", S1), ("11", S2), ("14", S2), ("17", S3)])
def test_hold_stops_all_and_resume_goes_on_where_it_was(row: str, place: StablePlace) -> None:
    driver = reach(row)
    active = [a.row for a in driver.state.active]
    effects = driver.tell(Operator(Action.HOLD, "tester"))
    assert [e.drop_enable for e in of(StopMotion, effects)] == [True]
    driver.run(lambda d: d.state.packml is PackML.HELD)
    assert [a.row for a in driver.state.active] == active
    assert driver.state.place is place
    assert not of(Act, driver.tell(Scan())), "nothing moves while held"
    effects = driver.tell(Operator(Action.RESUME, "tester"))
    assert answers(effects) == [("resume", "accepted")]
    driver.run(ended)
    assert answers(driver.effects)[-1] == ("order-1", "completed")
    assert driver.places == [S1, S2, S3, S4]


ABORTS = [
    ("4", False), ("5.pins", False), ("6", False), ("7", False),
    ("8", True), ("9", True), ("10", True), ("11", True), ("13", True),
]  # fmt: skip


@pytest.mark.parametrize(("row", "unlocked"), ABORTS)
def test_an_abort_gives_the_car_its_own_pack_back_locked_and_proven(row: str, unlocked: bool) -> None:
    """From the first unlock on there is no way out but a pack that is locked and proven."""
    driver = reach(row)
    driver.tell(Operator(Action.HOLD, "tester"))
    driver.run(lambda d: d.state.packml is PackML.HELD)
    driver.commands.clear()
    assert answers(driver.tell(Operator(Action.ABORT, "tester"))) == [("abort", "accepted")]
    assert driver.is_in(PackML.UNHOLDING)
    driver.run(ended)
    assert driver.is_in(PackML.ABORTED)
    assert answers(driver.effects)[-1] == ("order-1", "failed")
    (end,) = [k.body for k in of(Keep, driver.effects) if k.note is Note.SWAP_ENDED]
    assert (end["outcome"], end["reason"], end["serial_returned"]) == ("aborted", "OPERATOR_ABORT", None)
    released = driver.commands.index(RequestCar(CarMode.RELEASE))
    kinds = [type(c) for c in driver.commands[:released]]
    assert "16" in driver.done
    if unlocked:
        assert "15" in driver.done
        assert Unlock not in kinds or Lock in kinds[kinds.index(Unlock) :]


def test_the_old_pack_comes_back_when_no_pack_fits() -> None:
    """Two packs whose lock points fail: the car leaves with its own."""

    def twist(row: str, command: Command, before: Image, after: Image) -> Image:
        if row == "14" and isinstance(command, Lock):
            return s.one_point(after, LockState.FAILED)
        return after

    driver = begin(twist=twist)
    driver.run(ended)
    assert driver.done.count("14.unlock") == 2, "one pack, then another"
    assert driver.done.count("13.old") == 1
    assert driver.done.index("13.old") < driver.done.index("14.old") < driver.done.index("15")
    (end,) = [k.body for k in of(Keep, driver.effects) if k.note is Note.SWAP_ENDED]
    assert end["serial_installed"] == s.OLD
    assert len(end["tried"]) == 2  # type: ignore[arg-type]
    assert driver.places == [S1, S2, S3, S4]


def test_a_lock_that_fails_once_is_backed_off_and_tried_again() -> None:
    failed: list[str] = []

    def twist(row: str, command: Command, before: Image, after: Image) -> Image:
        if row == "14" and isinstance(command, Lock) and not failed:
            failed.append(row)
            return s.put(s.one_point(after, LockState.FAILED), locks__proof_locked=tuple(k != 4 for k in s.ALL))
        if row == "14.back-off" and isinstance(command, Unlock):
            assert command.points == (4,)
            return s.put(s.one_point(before, LockState.FREE))
        return after

    driver = begin(twist=twist)
    driver.run(ended)
    assert notes(driver.effects, Note.RETRY) == ["14"]
    assert (FaultCode.LOCK_FAILED_LOCK, "locks") in raised(driver.effects)
    assert (FaultCode.LOCK_FAILED_LOCK, "locks") in faults_cleared(driver.effects)
    assert answers(driver.effects)[-1] == ("order-1", "completed")
    assert Lock((4,)) in driver.commands


def test_a_bolt_that_does_not_break_loose_is_relocked_and_the_car_keeps_its_pack() -> None:
    def twist(row: str, command: Command, before: Image, after: Image) -> Image:
        if row == "8":
            return s.put(s.one_point(after, LockState.FAILED), locks__proof_locked=tuple(k == 4 for k in s.ALL))
        return after

    driver = begin(twist=twist)
    driver.run(ended)
    assert "9" not in driver.done
    assert driver.done.index("8.relock") < driver.done.index("15")
    assert not [c for c in driver.commands if isinstance(c, MoveLift) and c.position_mm == s.TRANSFER]
    (end,) = [k.body for k in of(Keep, driver.effects) if k.note is Note.SWAP_ENDED]
    assert (end["reason"], end["serial_installed"]) == ("LOCK_FAILED_UNLOCK", s.OLD)


def test_a_pack_that_hangs_is_raised_again_and_never_pulled() -> None:
    def twist(row: str, command: Command, before: Image, after: Image) -> Image:
        if row == "10":
            return s.put(before, lift__position_mm=700.0, lift__load_kg=50.0, lift__at_seat=False)
        return after

    driver = begin(twist=twist)
    driver.run(ended)
    hang = driver.commands.index(MoveLift(s.TRANSFER, s.params().lift_speed_mm_s["lower"]))
    again = driver.commands[hang + 1]
    assert isinstance(again, MoveLift)
    assert again.position_mm == s.SUPPORT
    assert [r for r in driver.done if r in {"10.raise", "8.relock", "15"}] == ["10.raise", "8.relock", "15"]
    assert S2 not in driver.places


def test_a_load_that_is_too_low_never_leads_to_an_unlock() -> None:
    def twist(row: str, command: Command, before: Image, after: Image) -> Image:
        return s.put(after, lift__load_kg=150.0) if row == "7" else after

    driver = reach("7", twist=twist)
    driver.tell(TimeUp("limit:7"))
    assert (FaultCode.MASS_TOO_LOW, "lift") in raised(driver.effects)
    driver.run(ended)
    assert not [c for c in driver.commands if isinstance(c, Unlock)]


@pytest.mark.parametrize("silent", ["hv", "vin", "door"])
def test_a_car_that_does_not_prove_itself_is_let_go(silent: str) -> None:
    def twist(row: str, command: Command, before: Image, after: Image) -> Image:
        changes: dict[str, tuple[str, object]] = {
            "hv": ("car__dc_link_v", 350.0), "vin": ("car__vin", "ANOTHER"), "door": ("car__doors_closed", False),
        }  # fmt: skip
        return s.put(after, **dict([changes[silent]])) if row == "3" else after

    driver = reach("3", twist=twist)
    driver.tell(TimeUp("limit:3"))
    driver.twist = lambda _row, _command, _before, after: after
    driver.run(ended)
    assert "19.refuse" in driver.done
    assert "4" not in driver.done
    assert not [c for c in driver.commands if isinstance(c, Unlock | MoveLift)]
    assert answers(driver.effects)[-1] == ("order-1", "failed")
    assert driver.done[-1] in {"putback.4", "mate.coolant", "19.close"}
    assert "putback.4" in driver.done, "the reserved pack goes back to its bay"


def test_rods_that_do_not_centre_are_freed_and_tried_once_more() -> None:
    stuck: list[str] = []

    def twist(row: str, command: Command, before: Image, after: Image) -> Image:
        if row == "4" and not stuck:
            stuck.append(row)
            return before
        return after

    driver = reach("4", twist=twist)
    driver.tell(TimeUp("limit:4"))
    assert notes(driver.effects, Note.RETRY) == ["4"]
    driver.run(ended)
    assert driver.done.count("4.free") == 1
    assert answers(driver.effects)[-1] == ("order-1", "completed")


def test_a_command_that_failed_holds_the_station_at_its_row() -> None:
    driver = reach("11")
    effects = driver.tell(Trouble(FaultCode.COMMAND_FAILED, "shuttle", "no answer", "11"))
    assert driver.is_in(PackML.HOLDING)
    assert raised(effects) == [(FaultCode.COMMAND_FAILED, "shuttle")]
    assert notes(effects, Note.STEP_FAILED) == ["11"]
    driver.run(lambda d: d.state.packml is PackML.HELD)
    driver.tell(Operator(Action.RESUME, "tester"))
    driver.run(ended)
    assert (FaultCode.COMMAND_FAILED, "shuttle") in faults_cleared(driver.effects)
    assert answers(driver.effects)[-1] == ("order-1", "completed")


def test_a_row_with_a_dwell_needs_its_end_all_the_while() -> None:
    driver = reach("9")
    assert [t for t in driver.timers if t.startswith("dwell")] == ["dwell:9"]
    steady = driver.image
    driver.image = s.put(steady, car__hvil_closed=True)
    driver.tell(Scan())
    assert "dwell:9" not in driver.timers
    driver.tell(TimeUp("dwell:9"))
    assert "9" not in driver.done
    driver.image = steady
    driver.run(ended)
    assert answers(driver.effects)[-1] == ("order-1", "completed")


def test_joins_wait_for_the_slower_branch() -> None:
    def twist(row: str, command: Command, before: Image, after: Image) -> Image:
        return before if row == "17" else after

    driver = reach("17", twist=twist)
    for _ in range(40):
        driver.tell(Scan())
    assert "18.lower" in driver.done
    assert [a.row for a in driver.state.active] == ["17"]
    driver.image = s.after(s.put(driver.image, car_pack=s.pack(s.NEW)), RequestCar(CarMode.WAKE))
    driver.run(ended)
    assert answers(driver.effects)[-1] == ("order-1", "completed")


def test_limits_are_armed_with_each_row_and_gone_with_it() -> None:
    driver = begin()
    driver.run(ended)
    started = notes(driver.effects, Note.STEP_STARTED)
    limits = [a.timer for a in of(Arm, driver.effects) if a.timer.startswith("limit:")]
    assert limits == [f"limit:{row}" for row in started]
    guards = {a.timer for a in of(Arm, driver.effects) if a.timer.startswith("guard:")}
    assert guards == {f"guard:{row}" for row in started}


def test_the_lane_gate_is_the_last_thing_that_moves_for_the_car() -> None:
    driver = begin()
    driver.run(ended)
    drives = [c for c in driver.commands if isinstance(c, Drive)]
    assert (drives[-1].actuator.value, drives[-1].out) == ("lane_gate", False)


def test_a_swap_that_resumes_without_any_state_of_its_own_is_impossible() -> None:
    driver = Driver(s.PROVEN, State(packml=PackML.HELD))
    effects = driver.tell(Operator(Action.RESUME, "tester"))
    assert answers(effects) == [("resume", "refused")]
    assert reason(effects).startswith("resume is for a held swap, this controller holds none")


def test_install_old_is_kept_once_it_is_decided() -> None:
    driver = reach("8")
    driver.tell(Trouble(FaultCode.LOCK_FAILED_UNLOCK, "locks", "stuck", "8"))
    assert notes(driver.effects, Note.RETRY) == ["8"], "once more, after all points were locked again"
    driver.run(lambda d: any(a.row == "8" and a.phase is Phase.RUNNING for a in d.state.active))
    assert driver.done[-1] == "8.again"
    driver.tell(Trouble(FaultCode.LOCK_FAILED_UNLOCK, "locks", "stuck", "8"))
    assert driver.state.swap is not None
    assert driver.state.swap.install is Install.OLD
    assert replace(driver.state.swap).failure is FaultCode.LOCK_FAILED_UNLOCK
