"""The engine's own rules: guards, limits, retries, what a late or unknown thing may do."""

from dataclasses import replace

import pytest

from firmware_py.core import checks as c
from firmware_py.core.chart import CHART, Link, Route, Row, Watch
from firmware_py.core.draft import Draft
from firmware_py.core.effects import Act, Arm, Note, StopMotion
from firmware_py.core.engine import Chart
from firmware_py.core.events import Action as Do
from firmware_py.core.events import Operator, Scan, TimeUp, Trouble
from firmware_py.core.faults import FaultCode as F
from firmware_py.core.faults import Reaction
from firmware_py.core.image import Image
from firmware_py.core.packml import PackML, StablePlace
from firmware_py.core.sequencer import Sequencer
from firmware_py.core.state import Active, Install, Phase, State
from hal.commands import CarMode, RequestCar
from hal.readings import LockState, PackReading, SelfCheck
from tests.unit.core import scenes as s
from tests.unit.core.engine_drive import at_row, faults_cleared, notes, of, raised, sequencer

SEQ = sequencer()


def small(*rows: Row) -> Sequencer:
    """A sequencer with a chart of its own."""
    return Sequencer(s.params(), {row.name: row for row in rows})


BASE = Row("a", 0, "A", c.flag("platform", "lane_clear"), "1", F.LIFT_STALLED, "lift", None)

# ------------------------------------------------------------------ guards and limits


@pytest.mark.parametrize("row", ["6", "8", "10", "13", "14", "0.2", "19"])
def test_a_start_pose_that_is_wrong_keeps_the_row_waiting_and_then_holds(row: str) -> None:
    poses: dict[str, dict[str, object]] = {
        "6": {"lift__at_home": False}, "8": {"locks": s.locks(LockState.FREE)}, "10": {"shuttle__out_present": True},
        "13": {"shuttle__in_present": False}, "14": {"lift__pack_seated": (True, True, True, False)},
        "0.2": {"stacker__at_level": False}, "19": {"platform__shutter_closed": False},
    }  # fmt: skip
    starts = {
        "6": s.CLAMPED, "8": s.CARRIED, "10": s.FREED, "13": s.EXCHANGED, "14": s.SEATED,
        "0.2": s.put(s.EMPTY_LANE, stacker__level_mm=600.0), "19": s.RELEASED,
    }  # fmt: skip
    waiting = at_row(row, s.SWAP, Phase.WAITING)
    image = s.put(starts[row], **poses[row])
    assert SEQ.step(waiting, image, Scan()) == (waiting, ())
    if CHART[row].patience:
        waited, effects = SEQ.step(waiting, image, TimeUp(f"guard:{row}"))
        assert (waited, effects) == (waiting, (Arm(f"guard:{row}", s.params().guard_wait_s),))
    last = "patience" if CHART[row].patience else "guard"
    state, effects = SEQ.step(waiting, image, TimeUp(f"{last}:{row}"))
    assert raised(effects) == [(F.START_POSE_WRONG, CHART[row].limit_device)]
    assert state.packml is PackML.HOLDING


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"buffer__serial": s.OTHER}, (F.PACK_SERIAL_MISMATCH, "buffer")),
        ({"buffer": PackReading()}, (F.LINK_LOST, "buffer")),
        ({"car__in_park": False}, (F.CAR_NOT_PARKED, "car")),
        ({"safety__drives_enabled": False}, (F.DRIVES_NOT_ENABLED, "safety")),
    ],
)
def test_a_patient_row_waits_for_its_pose_and_for_nothing_else(change: dict[str, object], fault: tuple[F, str]) -> None:
    assert CHART["12"].patience
    waiting = at_row("12", s.SWAP, Phase.WAITING)
    blocked = s.put(s.LOWERED, platform__store_present=True)
    assert not raised(SEQ.step(waiting, blocked, TimeUp("guard:12"))[1])
    assert fault in raised(SEQ.step(waiting, s.put(blocked, **change), TimeUp("guard:12"))[1])


def test_the_new_pack_leaves_the_buffer_only_when_it_has_said_all_that_is_asked_for() -> None:
    waiting = at_row("12", s.SWAP, Phase.WAITING)
    silent = s.put(s.LOWERED, buffer__soc_pct=None)
    assert SEQ.step(waiting, silent, Scan()) == (waiting, ())
    assert not raised(SEQ.step(waiting, silent, TimeUp("guard:12"))[1])
    assert raised(SEQ.step(waiting, silent, TimeUp("patience:12"))[1]) == [(F.PACK_NOT_ELIGIBLE, "buffer")]


def test_a_pack_that_became_silent_during_a_hold_does_not_leave_the_buffer_when_it_is_over() -> None:
    waiting = State(PackML.EXECUTE, StablePlace.S2, (Active("12", Phase.WAITING, resumed=True),), s.SWAP)
    assert of(Act, SEQ.step(waiting, s.OUT_STORED, Scan())[1])
    silent = s.put(s.OUT_STORED, buffer__soc_pct=None)
    assert SEQ.step(waiting, silent, Scan()) == (waiting, ())


@pytest.mark.parametrize("row", ["0.6", "12"])
def test_a_pack_that_falls_silent_word_by_word_on_its_way_is_not_rejected(row: str) -> None:
    on_its_way = at_row(row, s.SWAP)
    state, effects = SEQ.step(on_its_way, s.put(s.LOWERED, buffer__soc_pct=None, buffer__fault_bits=None), Scan())
    assert (state, effects) == (on_its_way, ())


@pytest.mark.parametrize("resumed", [False, True])
def test_a_slot_follows_only_one_that_is_away_or_seen_to_leave(resumed: bool) -> None:
    waiting = replace(at_row("12", s.SWAP, Phase.WAITING), active=(Active("12", resumed=resumed),))
    for change in ({"out_moving": False}, {"out_moving": None}, {"out_present": False}):
        stands = s.put(s.OUT_GOES, **{f"shuttle__{role}": value for role, value in change.items()})
        assert not of(Act, SEQ.step(waiting, stands, Scan())[1])
    assert of(Act, SEQ.step(waiting, s.OUT_GOES, Scan())[1])
    assert of(Act, SEQ.step(waiting, s.put(s.OUT_STORED, platform__store_present=False), Scan())[1])


def test_a_slot_that_is_held_half_way_waits_for_the_one_before_it() -> None:
    waiting = replace(at_row("12", s.SWAP, Phase.WAITING), active=(Active("12", resumed=True),))
    halfway = s.put(s.OUT_GOES, shuttle__out_mm=1000.0, shuttle__out_at_under=False, shuttle__in_mm=-1500.0)
    stands = s.put(halfway, shuttle__out_moving=False)
    assert SEQ.step(waiting, stands, Scan()) == (waiting, ())
    assert SEQ.step(waiting, stands, TimeUp("guard:12")) == (waiting, (Arm("guard:12", s.params().guard_wait_s),))
    assert of(Act, SEQ.step(waiting, halfway, Scan())[1])


def test_a_start_pose_that_is_not_known_is_a_lost_link() -> None:
    image = s.put(s.RELEASED, platform__shutter_closed=None)
    _, effects = SEQ.step(at_row("19.gate", s.SWAP, Phase.WAITING), image, TimeUp("guard:19.gate"))
    assert raised(effects) == [(F.LINK_LOST, "platform")]


def test_a_row_that_could_start_but_was_never_looked_at_is_not_ready() -> None:
    image = s.put(s.RELEASED, safety__drives_enabled=None)
    _, effects = SEQ.step(at_row("19.gate", s.SWAP, Phase.WAITING), image, TimeUp("guard:19.gate"))
    assert raised(effects) == [(F.DRIVES_NOT_ENABLED, "safety")]
    unsettled = s.put(s.RELEASED, unsettled=("platform",))
    _, effects = SEQ.step(at_row("19.gate", s.SWAP, Phase.WAITING), unsettled, TimeUp("guard:19.gate"))
    assert raised(effects) == [(F.START_POSE_WRONG, "lane_gate")]


def test_a_resumed_row_may_start_from_anywhere_but_not_against_its_watches() -> None:
    midway = s.put(s.CLAMPED, lift__position_mm=500.0, lift__at_home=False)
    waiting = replace(at_row("6", s.SWAP, Phase.WAITING), active=(Active("6", resumed=True),))
    _, effects = SEQ.step(waiting, midway, Scan())
    assert len(of(Act, effects)) == 1
    assert SEQ.step(waiting, s.put(midway, car__doors_closed=False), Scan()) == (waiting, ())


def test_a_resumed_row_that_is_done_commands_nothing() -> None:
    waiting = replace(at_row("6", s.SWAP, Phase.WAITING), active=(Active("6", resumed=True),))
    state, effects = SEQ.step(waiting, s.DOCKED, Scan())
    assert not of(Act, effects)
    state, _ = SEQ.step(state, s.DOCKED, Scan())
    assert [a.row for a in state.active] == ["7"]


@pytest.mark.parametrize(
    ("row", "image", "change", "fault"),
    [
        ("6", s.DOCKED, {"lift__dock_pins": (True, True, False, True)}, (F.DOCK_NOT_SEATED, "lift")),
        ("6", s.DOCKED, {"lift__position_mm": 870.0}, (F.LIFT_STALLED, "lift")),
        ("6", s.DOCKED, {"lift__dock_pins": None}, (F.LINK_LOST, "lift")),
        ("7", s.CARRIED, {"lift__load_kg": 100.0}, (F.MASS_TOO_LOW, "lift")),
        ("7", s.CARRIED, {"lift__load_kg": 380.0}, (F.MASS_TOO_HIGH, "lift")),
        ("7", s.CARRIED, {"lift__position_mm": 902.0}, (F.LIFT_STALLED, "lift")),
        ("8", s.FREED, {"locks__proof_locked": (True,) * 10}, (F.LOCK_PROOF_DISAGREES, "locks")),
        ("13", s.SEATED, {"lift__pack_seated": (True, False, True, True)}, (F.PACK_NOT_SEATED, "lift")),
        ("13", s.SEATED, {"lift__load_kg": 100.0}, (F.MASS_TOO_LOW, "lift")),
        ("13", s.SEATED, {"lift__load_kg": 380.0}, (F.MASS_TOO_HIGH, "lift")),
        ("14", s.LOCKED, {"locks__torque_nm": (50.0,) * 10}, (F.LOCK_FAILED_LOCK, "locks")),
        ("15", s.PROVEN, {"car__pack_latched": False}, (F.LOCK_PROOF_DISAGREES, "locks")),
        ("17", s.WOKEN, {"car__pack_serial": s.OTHER}, (F.CAR_PACK_MISMATCH, "car")),
        ("17", s.WOKEN, {"car__hvil_closed": False}, (F.HVIL_OPEN, "car")),
        ("17", s.WOKEN, {"car__insulation_ok": False}, (F.INSULATION_LOW, "car")),
        ("17", s.WOKEN, {"car__trouble_codes": 2}, (F.CAR_TROUBLE_CODE, "car")),
        ("17", s.WOKEN, {"car__pack_serial": None}, (F.CAR_PACK_SILENT, "car")),
        ("17", s.WOKEN, {"car__self_check": SelfCheck.RUNNING}, (F.SELF_CHECK_FAILED, "car")),
        ("2", s.STANDING, {"vision__x_mm": 151.0}, (F.CAR_NOT_IN_PLACE, "vision")),
        ("2", s.STANDING, {"vision__y_mm": -121.0}, (F.CAR_NOT_IN_PLACE, "vision")),
        ("2", s.STANDING, {"vision__yaw_deg": 3.1}, (F.CAR_NOT_IN_PLACE, "vision")),
        (
            "3",
            s.READY,
            {"car_pack__temp_max_degc": 61.0, "platform__isolation_present": True},
            (F.PLACE_OCCUPIED, "isolation"),
        ),
        ("5.lift", s.CLAMPED, {"hoist__catch_engaged": False}, (F.CATCH_NOT_ENGAGED, "hoist")),
        ("17", s.WOKEN, {"car__self_check": None}, (F.LINK_LOST, "car")),
        ("19", s.RELEASED, {}, (F.CAR_DID_NOT_LEAVE, "lane")),
    ],
)
def test_a_limit_names_what_did_not_come(
    row: str, image: Image, change: dict[str, object], fault: tuple[F, str]
) -> None:
    picture = s.put(image, **change)
    state = at_row(row, s.SWAP)
    assert [a.row for a in SEQ.step(state, picture, Scan())[0].active] == [row], "not done"
    _, effects = SEQ.step(state, picture, TimeUp(f"limit:{row}"))
    assert raised(effects) == [fault]
    assert f"within {s.params().limit_s[CHART[row].limit]:g} s" in effects[0].fault.text  # type: ignore[union-attr]


def test_a_limit_that_fires_on_a_row_that_is_done_is_still_a_fault() -> None:
    _, effects = SEQ.step(at_row("19.close", s.SWAP), s.EMPTY_LANE, TimeUp("limit:19.close"))
    assert raised(effects) == [(F.SHUTTER_NOT_REACHED, "lane_gate")]


@pytest.mark.parametrize("timer", ["limit:7", "guard:6", "dwell:6", "limit:", "nonsense"])
def test_a_timer_of_another_row_or_phase_changes_nothing(timer: str) -> None:
    state = at_row("6", s.SWAP)
    assert SEQ.step(state, s.CLAMPED, TimeUp(timer)) == (state, ())


@pytest.mark.parametrize("packml", [PackML.HOLDING, PackML.HELD, PackML.UNHOLDING, PackML.IDLE])
def test_no_timer_of_a_row_acts_while_the_chart_rests(packml: PackML) -> None:
    state = replace(at_row("6", s.SWAP), packml=packml)
    assert SEQ.step(state, s.CLAMPED, TimeUp("limit:6")) == (state, ())


# ------------------------------------------------------------------ faults and ways


def test_a_fault_of_one_branch_that_leaves_takes_the_others_along() -> None:
    both = (Active("5.pins", Phase.RUNNING), Active("5.shutter", Phase.RUNNING))
    state = replace(at_row("5.pins", s.SWAP), active=both)
    after, effects = SEQ.step(state, s.put(s.CENTRED, car__doors_closed=False), Scan())
    assert [a.row for a in after.active] == ["16", "17.wake"]
    assert raised(effects) == [(F.DOOR_OPEN, "car")], "once, not once for each branch"
    assert [e.drop_enable for e in of(StopMotion, effects)] == [False]
    assert of(StopMotion, effects)[0].devices == ("platform",)
    assert after.swap is not None
    assert (after.swap.install, after.swap.failure) == (Install.OLD, F.DOOR_OPEN)


def test_a_branch_that_leaves_does_not_stop_the_device_of_one_that_stays() -> None:
    state = replace(at_row("12", s.SWAP), active=(Active("11", Phase.RUNNING), Active("12", Phase.RUNNING)))
    after, effects = SEQ.step(state, s.put(s.LOWERED, buffer__serial=s.OTHER), Scan())
    assert (F.PACK_SERIAL_MISMATCH, "buffer") in raised(effects)
    assert [a.row for a in after.active] == ["11", "12.return"]
    assert not of(StopMotion, effects)


def test_the_first_cause_stays_the_cause() -> None:
    swap = replace(s.SWAP, failure=F.DOOR_OPEN, install=Install.OLD)
    state, _ = SEQ.step(at_row("7", swap), s.put(s.CARRIED, lift__load_kg=600.0), Scan())
    assert state.swap is not None
    assert state.swap.failure is F.DOOR_OPEN


def test_retries_are_counted_and_end() -> None:
    state = at_row("6", s.SWAP)
    for attempt in (2, 3):
        state, effects = SEQ.step(state, s.DOCKED, Trouble(F.DOCK_NOT_SEATED, "lift", "pin 3", "6"))
        assert notes(effects, Note.RETRY) == ["6"]
        assert [a.row for a in state.active] == ["6.lower"]
        assert state.swap is not None
        assert state.swap.attempt("6") == attempt - 1
        state = replace(state, active=(Active("6", Phase.RUNNING),))
    state, effects = SEQ.step(state, s.DOCKED, Trouble(F.DOCK_NOT_SEATED, "lift", "pin 3", "6"))
    assert not notes(effects, Note.RETRY)
    assert [a.row for a in state.active] == ["16", "17.wake"]


def test_an_exit_that_is_empty_ends_the_swap_there() -> None:
    row = replace(BASE, exit=(), watches=(Watch(c.flag("car", "in_park"), F.CAR_NOT_READY, "car"),))
    state, effects = small(row).step(at_row("a", s.SWAP), s.EMPTY_LANE, Scan())
    assert raised(effects) == [(F.LINK_LOST, "car")]
    row = replace(row, watches=(Watch(c.flag("platform", "rods_centred"), F.CAR_NOT_READY, "car"),))
    state, effects = small(row).step(at_row("a", s.SWAP), s.EMPTY_LANE, Scan())
    assert (state.swap, state.packml) == (None, PackML.COMPLETE)
    assert faults_cleared(effects) == [(F.CAR_NOT_READY, "car")]


def test_a_fault_of_nobody_outlives_the_swap() -> None:
    state = SEQ.step(State(), s.EMPTY_LANE, Trouble(F.LINK_LOST, "stacker", "gone"))[0]
    last = replace(at_row("19.close", s.SWAP), faults=state.faults, fault_rows=state.fault_rows)
    after, _ = SEQ.step(last, s.EMPTY_LANE, Scan())
    assert after.swap is None
    assert [f.key for f in after.faults] == [(F.LINK_LOST, "stacker")]


def test_a_row_is_entered_once_however_many_ways_lead_to_it() -> None:
    one = replace(BASE, name="a", then=(Link("c"),))
    two = replace(BASE, name="b", then=(Link("c"),))
    three = replace(BASE, name="c", done=c.flag("platform", "rods_centred"))
    state = replace(at_row("a", s.SWAP), active=(Active("a", Phase.RUNNING), Active("b", Phase.RUNNING)))
    after, effects = small(one, two, three).step(state, s.EMPTY_LANE, Scan())
    assert [a.row for a in after.active] == ["c"]
    assert [a.timer for a in of(Arm, effects)] == ["guard:c"]


def test_without_a_swap_no_row_is_entered_or_judged() -> None:
    draft = Draft(State(PackML.EXECUTE))
    Chart(CHART, s.params()).enter(draft, "6")
    assert draft.result() == (State(PackML.EXECUTE), ())
    state = State(PackML.EXECUTE, active=(Active("6", Phase.RUNNING),))
    assert SEQ.step(state, s.CLAMPED, Scan()) == (state, ())


def test_every_row_finds_its_limit_and_its_dwell_in_the_station_s_table() -> None:
    for row in CHART.values():
        assert s.params().limit_s[row.limit] > 0, row.name
        assert not row.dwell or s.params().dwell_s[row.dwell] >= 0, row.name


def test_a_watch_for_the_run_alone_counts_once_it_has_been_seen_to_hold() -> None:
    """What an earlier run left behind is not this run's failure."""
    left_over = s.one_point(s.CARRIED, LockState.FAILED)
    state = replace(at_row("8", s.SWAP), active=(Active("8", Phase.RUNNING),))
    state, effects = SEQ.step(state, left_over, Scan())
    assert not raised(effects)
    state, effects = SEQ.step(state, s.one_point(s.CARRIED, LockState.TURNING), Scan())
    assert state.active[0].armed
    state, effects = SEQ.step(state, left_over, Scan())
    assert raised(effects) == [(F.LOCK_FAILED_UNLOCK, "locks")]


def test_a_reaction_of_a_row_overrides_the_table_and_no_way_means_hold() -> None:
    row = replace(
        BASE, done=c.flag("platform", "rods_centred"), exit=None, routes={F.DOOR_OPEN: Route(Reaction.ABORT, to=())},
        watches=(Watch(c.flag("platform", "shutter_open"), F.DOOR_OPEN, "car"),),
    )  # fmt: skip
    state, _ = small(row).step(at_row("a", s.SWAP), s.EMPTY_LANE, Scan())
    assert state.packml in {PackML.HOLDING, PackML.HELD}


def test_a_held_row_that_names_another_to_go_on_with_goes_on_there() -> None:
    """A lock run that was stopped half way is not taken up in the middle of a bolt."""
    held = replace(at_row("14", s.SWAP, Phase.WAITING), packml=PackML.HELD)
    seated = s.put(s.SEATED, safety__drives_enabled=False)
    state, _ = SEQ.step(held, seated, Operator(Do.RESUME, "tester"))
    state, _ = SEQ.step(state, seated, Scan())
    state, _ = SEQ.step(state, s.SEATED, Scan())
    assert [(a.row, a.resumed) for a in state.active] == [("14.back-off", False)]


@pytest.mark.parametrize(
    ("resumed", "check", "asks"),
    [
        (True, SelfCheck.RUNNING, False),
        (True, SelfCheck.IDLE, True),
        (True, SelfCheck.OK, True),
        (True, SelfCheck.FAILED, True),
        (False, SelfCheck.RUNNING, True),
    ],
)
def test_a_car_that_checks_itself_already_is_not_woken_again_and_its_verdict_counts(
    resumed: bool, check: SelfCheck, asks: bool
) -> None:
    waiting = State(PackML.EXECUTE, StablePlace.S3, (Active("17", resumed=resumed),), s.SWAP)
    state, effects = SEQ.step(waiting, s.put(s.WOKEN, car__self_check=check), Scan())
    woken = [a.command.mode for a in of(Act, effects) if isinstance(a.command, RequestCar)]
    assert woken == ([CarMode.NONE, CarMode.WAKE] if asks else [])
    if not asks:
        assert "17" not in {a.row for a in SEQ.step(state, s.WOKEN, Scan())[0].active}
