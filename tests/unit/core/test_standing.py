"""What stands beside a swap: fire, supply, insulation, bays; the isolation of a hot pack; what the driver is told."""

from dataclasses import replace
from typing import Any

import pytest

from firmware_py.core import checks as c
from firmware_py.core.checks import View
from firmware_py.core.effects import Act, Arm, Disarm, Keep, Note
from firmware_py.core.events import IsolateIn, Scan, TimeUp, Trouble
from firmware_py.core.faults import Fault
from firmware_py.core.faults import FaultCode as F
from firmware_py.core.image import Image
from firmware_py.core.packml import Mode, PackML
from firmware_py.core.sequencer import Sequencer
from firmware_py.core.signals import signal_for
from firmware_py.core.standing import blocks, isolation_due
from firmware_py.core.state import Active, Install, Phase, State
from hal.commands import (
    CarMode,
    Command,
    Connector,
    DriveConnector,
    DriverText,
    EnableCharger,
    Extract,
    Lamp,
    RequestCar,
)
from hal.readings import ChargerReading, CodeReading, PackReading
from tests.unit.core import scenes as s
from tests.unit.core.engine_drive import Driver, answers, faults_cleared, of, raised, sequencer
from tests.unit.core.test_swap_path import begin, ended, reach

SEQ = sequencer()
IDLE = State(PackML.IDLE)


def _of(values: Any, value: object, at: int) -> Any:
    return (*values[:at], value, *values[at + 1 :])


def _bay(pack: PackReading, bay: int = 3) -> dict[str, object]:
    return {"packs": _of(s.EMPTY_LANE.packs, pack, bay - 1)}


HOT = s.pack("001PB20" + "H" * 17, 90.0, 60.0)
BROKEN = ChargerReading(False, 0.0, 0.0, 25.0, 0x40)
BAD = [
    ({"fire__smoke": (False, True)}, F.FIRE_ALARM, "zone-2"),
    ({"fire__gas": (True, False)}, F.FIRE_ALARM, "zone-1"),
    ({"fire__panel_ok": False}, F.FIRE_PANEL_FAULT, "fire"),
    ({"ups__on_mains": False}, F.MAINS_LOST, "ups"),
    ({"insulation__insulation_ohm": 199_999.0}, F.INSULATION_LOW, "insulation"),
    ({"platform__isolation_present": True}, F.ISOLATION_OCCUPIED, "isolation"),
    (_bay(HOT), F.PACK_HOT, "bay-3"),
    ({"rack__coolant_leak": _of((False,) * 14, True, 4)}, F.COOLANT_LEAK, "bay-5"),
    (
        {"chargers": _of(s.EMPTY_LANE.chargers, ChargerReading(False, 0.0, 0.0, 25.0, 0x40), 6)},
        F.CHARGER_FAULT,
        "bay-7",
    ),
]


@pytest.mark.parametrize(("change", "code", "device"), BAD)
def test_a_finding_is_a_fault_once_and_gone_when_it_is_seen_to_be_good(
    change: dict[str, object], code: F, device: str
) -> None:
    bad = s.put(s.EMPTY_LANE, **change)
    state, effects = SEQ.step(IDLE, bad, Scan())
    assert raised(effects) == [(code, device)]
    assert SEQ.step(state, bad, Scan()) == (state, ())
    state, effects = SEQ.step(state, s.EMPTY_LANE, Scan())
    assert faults_cleared(effects) == [(code, device)]
    assert not state.faults


UNKNOWN: list[dict[str, object]] = [
    {"fire__smoke": None}, {"fire__panel_ok": None}, {"ups__on_mains": None}, {"rack__coolant_leak": None},
    {"insulation__insulation_ohm": None}, {"platform__isolation_present": None}, {"chargers": ()},
    {"platform__bay_present": None},
]  # fmt: skip


@pytest.mark.parametrize("change", UNKNOWN)
def test_what_is_unknown_neither_raises_nor_clears(change: dict[str, object]) -> None:
    assert SEQ.step(IDLE, s.put(s.EMPTY_LANE, **change), Scan()) == (IDLE, ())
    standing = IDLE
    for bad, _, _ in BAD:
        standing, _ = SEQ.step(standing, s.put(s.EMPTY_LANE, **bad), Scan())
        blind = s.put(s.put(s.EMPTY_LANE, **bad), **change)
        after, effects = SEQ.step(standing, blind, Scan())
        assert not [c for c in faults_cleared(effects) if c[0] in {F.MAINS_LOST}] or "ups__on_mains" not in change
        standing = after


def test_a_silent_pack_is_a_fault_only_when_it_lasts() -> None:
    silent = s.put(s.EMPTY_LANE, **_bay(PackReading()))
    timer = "watch:PACK_SILENT:bay-3"
    state, effects = SEQ.step(IDLE, silent, Scan())
    assert (raised(effects), of(Arm, effects)) == ([], [Arm(timer, s.params().limit_s["silent"])])
    assert SEQ.step(state, silent, Scan()) == (state, ())
    spoke, effects = SEQ.step(state, s.EMPTY_LANE, Scan())
    assert of(Disarm, effects) == [Disarm(timer)]
    assert SEQ.step(spoke, silent, TimeUp(timer))[0].faults == (), "a timer of before means nothing"
    state, effects = SEQ.step(state, silent, TimeUp(timer))
    assert raised(effects) == [(F.PACK_SILENT, "bay-3")]
    assert not any(map(blocks, state.faults)), "the bay is out, the station serves"
    _, effects = SEQ.step(state, s.EMPTY_LANE, Scan())
    assert faults_cleared(effects) == [(F.PACK_SILENT, "bay-3")]


@pytest.mark.parametrize("code", [None, ""])
def test_a_pack_that_speaks_without_a_code_is_said_to_be_that_once_and_is_no_silent_one(code: str | None) -> None:
    nameless = s.put(s.EMPTY_LANE, **_bay(replace(s.pack(s.NEW), serial=code)))
    timer = "watch:PACK_UNIDENTIFIED:bay-3"
    state, effects = SEQ.step(IDLE, nameless, Scan())
    assert (raised(effects), of(Arm, effects)) == ([], [Arm(timer, s.params().limit_s["silent"])])
    state, effects = SEQ.step(state, nameless, TimeUp(timer))
    assert raised(effects) == [(F.PACK_UNIDENTIFIED, "bay-3")]
    assert SEQ.step(state, nameless, Scan()) == (state, ())
    assert not any(map(blocks, state.faults))
    _, effects = SEQ.step(state, s.put(s.EMPTY_LANE, **_bay(PackReading())), Scan())
    assert faults_cleared(effects) == [(F.PACK_UNIDENTIFIED, "bay-3")]
    assert [a.timer for a in of(Arm, effects)] == ["watch:PACK_SILENT:bay-3"]


def test_a_pack_of_which_one_word_is_heard_is_not_silent() -> None:
    assert not PackReading(at_s=5.0).speaks
    assert PackReading(voltage_v=48.0).speaks
    assert PackReading(contactors_open=False).speaks


CHARGING = s.put(s.EMPTY_LANE, chargers=(ChargerReading(True, 380.0, 50.0, 40.0, 0),) * 13 + s.EMPTY_LANE.chargers[:1])
ALL_OFF = [EnableCharger(bay, on=False) for bay in range(1, 14)]


@pytest.mark.parametrize(
    ("change", "commands"),
    [
        ({"fire__smoke": (True, False)}, [*ALL_OFF, Extract(on=True)]),
        ({"fire__smoke": (True, False), "fire__extraction_on": True}, ALL_OFF),
        ({"insulation__insulation_ohm": 1000.0}, ALL_OFF),
        (_bay(HOT), [EnableCharger(3, on=False)]),
        ({"rack__coolant_leak": _of((False,) * 14, True, 4)}, [EnableCharger(5, on=False)]),
        ({"ups__on_mains": False}, []),
    ],
)
def test_charging_ends_where_it_is_dangerous(change: dict[str, object], commands: list[Command]) -> None:
    _, effects = SEQ.step(IDLE, s.put(CHARGING, **change), Scan())
    assert [a.command for a in of(Act, effects)] == commands


def test_a_charger_that_is_not_heard_is_stopped_too() -> None:
    unheard = s.put(CHARGING, chargers=(ChargerReading(),) * 14, fire__gas=(True, False))
    _, effects = SEQ.step(IDLE, unheard, Scan())
    assert EnableCharger(14, on=False) in [a.command for a in of(Act, effects)]


@pytest.mark.parametrize(
    ("change", "off"),
    [
        ({"fire__smoke": (True, False)}, (2, 3)),
        ({"insulation__insulation_ohm": 1.0}, (2, 3)),
        (_bay(HOT, 3), (3,)),
        (_bay(HOT, 4), ()),
    ],
)
def test_only_a_bay_that_has_a_charger_is_told_to_stop_it(change: dict[str, object], off: tuple[int, ...]) -> None:
    few = Sequencer(replace(s.params(), charger_bays=(2, 3)))
    unheard = s.put(s.EMPTY_LANE, chargers=(ChargerReading(),) * 14, **change)
    _, effects = few.step(IDLE, unheard, Scan())
    told = [a.command for a in of(Act, effects) if isinstance(a.command, EnableCharger)]
    assert told == [EnableCharger(bay, on=False) for bay in off]


@pytest.mark.parametrize("row", ["1", "6", "11", "17"])
def test_fire_holds_whatever_moves(row: str) -> None:
    driver = reach(row)
    driver.image = s.put(driver.image, fire__smoke=(False, True))
    driver.tell(Scan())
    assert driver.state.packml in {PackML.HOLDING, PackML.HELD}
    assert (F.FIRE_ALARM, "zone-2") in raised(driver.effects)


@pytest.mark.parametrize("change", [{"ups__on_mains": False}, {"insulation__insulation_ohm": 9e4}, _bay(HOT, 5)])
def test_what_only_bars_the_next_swap_lets_the_running_one_end(change: dict[str, object]) -> None:
    driver = reach("8")
    driver.image = s.put(driver.image, **change)
    driver.run(ended)
    assert answers(driver.effects)[-1] == ("order-1", "completed")


def test_no_order_is_taken_on_the_battery_and_one_is_with_a_hot_bay() -> None:
    from tests.unit.core.test_swap_path import ORDER

    for change, answer in (({"ups__on_mains": False}, "refused"), (_bay(HOT, 5), "accepted")):
        image = s.put(s.EMPTY_LANE, **change)  # type: ignore[arg-type]
        state, _ = SEQ.step(IDLE, image, Scan())
        state, refused = SEQ.step(state, image, ORDER)
        _, effects = SEQ.step(state, image, Scan())
        assert answers((*refused, *effects)) == [("order-1", answer)]


@pytest.mark.parametrize(
    ("code", "device", "bars"),
    [
        (F.LINK_LOST, "lift", True), (F.LINK_LOST, "fire", True), (F.LINK_LOST, "meter", False),
        (F.LINK_LOST, "signals", False), (F.COMMAND_FAILED, "signals", False), (F.COMMAND_FAILED, "lift", True),
        (F.LINK_LOST, "charger_3", False), (F.COOLANT_LEAK, "bay-1", False), (F.JOURNAL_FAILED, "journal", True),
    ],
)  # fmt: skip
def test_which_faults_bar_the_service(code: F, device: str, bars: bool) -> None:
    assert blocks(Fault(code, device, "")) is bars


def test_a_lamp_that_fails_stops_nobody() -> None:
    driver = reach("11")
    driver.tell(Trouble(F.COMMAND_FAILED, "signals", "no answer"))
    assert driver.is_in(PackML.EXECUTE)


def _hot_idle(**changes: object) -> tuple[State, Image]:
    image = s.put(s.put(s.EMPTY_LANE, **_bay(HOT)), **changes)
    return SEQ.step(IDLE, image, Scan())[0], image


def test_a_hot_pack_is_brought_away_when_the_station_is_idle_and_sound() -> None:
    state, image = _hot_idle()
    assert isolation_due(state, image) == 3
    assert isolation_due(replace(state, packml=PackML.EXECUTE), image) is None
    assert isolation_due(replace(state, mode=Mode.MAINTENANCE), image) is None
    assert isolation_due(*_hot_idle(platform__isolation_present=True)) is None
    assert isolation_due(*_hot_idle(platform__isolation_present=None)) is None
    assert isolation_due(*_hot_idle(fire__smoke=(True, False))) is None
    assert isolation_due(IDLE, image) is None
    assert SEQ.step(state, image, IsolateIn(4, "iso-1")) == (state, ()), "not the hot one"


def test_the_way_to_isolation_is_a_way_of_its_own() -> None:
    _, image = _hot_idle(safety__drives_enabled=False)
    plugged = s.after(image, DriveConnector(3, Connector.POWER, True), DriveConnector(3, Connector.COOLANT, True))
    driver = Driver(plugged, IDLE)
    driver.tell(Scan())
    driver.tell(IsolateIn(3, "iso-1"))
    driver.run(ended)
    assert driver.done == ["isolate.1", "0.coolant", "0.power", "isolate.2", "isolate.3", "isolate.4"]
    assert driver.image.platform.isolation_present is True
    assert (F.PACK_HOT, "bay-3") in faults_cleared(driver.effects)
    assert not answers(driver.effects), "nobody ordered it"
    (end,) = [k.body for k in of(Keep, driver.effects) if k.note is Note.SWAP_ENDED]
    assert (end["purpose"], end["outcome"]) == ("isolate", "completed")
    assert not [c for c in driver.commands if isinstance(c, RequestCar)]


def test_a_car_out_of_reach_parks_again_and_then_leaves() -> None:
    driver = reach("2")
    driver.image = s.put(driver.image, vision__x_mm=400.0)
    for _ in range(2):
        driver.tell(TimeUp("limit:2"))
        assert [a.row for a in driver.state.active if a.row.startswith("2")] == ["2.again"]
        driver.run(lambda d: any(a.row == "2.again" and a.phase is Phase.RUNNING for a in d.state.active))
        driver.image = s.put(driver.image, platform__grooves=(False,) * 4)
        driver.run(lambda d: any(a.row == "2.in" and a.phase is Phase.RUNNING for a in d.state.active))
        driver.image = s.put(driver.image, platform__grooves=(True,) * 4)
        driver.run(lambda d: any(a.row == "2" and a.phase is Phase.RUNNING for a in d.state.active))
    driver.tell(TimeUp("limit:2"))
    assert (F.CAR_NOT_IN_PLACE, "vision") in raised(driver.effects)
    driver.run(ended)
    assert "3" not in driver.done
    assert answers(driver.effects)[-1] == ("order-1", "failed")


def _in(row: str) -> State:
    return State(PackML.EXECUTE, active=(Active("0.6"), Active(row)))


FIRE = replace(IDLE, faults=(Fault(F.FIRE_ALARM, "zone-1", "smoke"),))
LIT = [
    (State(), Lamp.RED, DriverText.CLOSED),
    (IDLE, Lamp.GREEN, DriverText.WELCOME),
    (replace(IDLE, faults=(Fault(F.MAINS_LOST, "ups", ""),)), Lamp.RED, DriverText.CLOSED),
    (replace(IDLE, faults=(Fault(F.PACK_SILENT, "bay-1", ""),)), Lamp.GREEN, DriverText.WELCOME),
    (FIRE, Lamp.RED, DriverText.EVACUATE),
    (replace(_in("8"), faults=FIRE.faults), Lamp.RED, DriverText.EVACUATE),
    (State(PackML.STARTING), Lamp.AMBER, DriverText.WAIT),
    (_in("1"), Lamp.GREEN, DriverText.DRIVE_IN),
    (_in("2.again"), Lamp.AMBER, DriverText.PARK_AGAIN),
    (_in("8"), Lamp.AMBER, DriverText.STAY),
    (_in("19"), Lamp.GREEN, DriverText.LEAVE),
    (_in("19.close"), Lamp.AMBER, DriverText.WAIT),
    (State(PackML.HELD), Lamp.RED, DriverText.WAIT),
    (State(PackML.ABORTED), Lamp.RED, DriverText.CLOSED),
]


@pytest.mark.parametrize(("state", "lamp", "text"), LIT)
def test_what_the_driver_is_told(state: State, lamp: Lamp, text: DriverText) -> None:
    told = signal_for(state)
    assert (told.lamp, told.text) == (lamp, text)


def test_nobody_is_released_while_the_car_is_asked_to_stay() -> None:
    driver = begin()
    driver.run(lambda d: "18.free" in d.done)
    assert RequestCar(CarMode.RELEASE) not in driver.commands


def test_a_hoist_or_a_load_that_is_not_heard_is_no_sound_one() -> None:
    view = View(s.SWAP, s.put(s.CARRIED, hoist__columns_mm=None, lift__load_kg=None), s.params())
    assert c.columns_in_step(view) == c.Miss("hoist: no fresh reading", "hoist")
    assert c.not_heavier(view) == c.Miss("lift: no fresh reading", "lift")


def test_a_station_without_a_code_reader_goes_by_the_pack_itself() -> None:
    blind = s.put(s.STAGED, scanner=CodeReading())
    asked = c.code_is_reserved(View(s.SWAP, blind, s.params()))
    assert asked == c.Miss("scanner: no fresh reading", "scanner")
    assert c.code_is_reserved(View(s.SWAP, blind, replace(s.params(), code_reader=False))) is None


def test_a_car_that_rejects_the_pack_it_came_with_is_given_no_other() -> None:
    old = replace(s.SWAP, install=Install.OLD)
    miss = c.another_pack(View(old, s.EMPTY_LANE, s.params()))
    assert miss == c.Miss("the car rejects the pack it came with")


def test_a_bench_gives_no_service() -> None:
    from firmware_py.core.events import Action, Operator
    from tests.unit.core.test_swap_path import ORDER

    bench = Sequencer(replace(s.params(), absent=("lift", "locks")))
    for event, subject in ((Operator(Action.RESET, "tester"), "reset"), (ORDER, "order-1")):
        _, effects = bench.step(State(), s.EMPTY_LANE, event)
        assert answers(effects) == [(subject, "refused")]


def test_a_held_swap_tells_which_row_it_goes_on_with() -> None:
    assert SEQ.waiting_row(Active("14")).name == "14.back-off"
    assert SEQ.waiting_row(Active("6")).name == "6"


@pytest.mark.parametrize("on", [False, None, True])
def test_an_extraction_that_is_not_seen_to_run_is_an_emergency_of_its_own(on: bool | None) -> None:
    """What was ordered is believed only when it is seen; a fan that is not heard says nothing."""
    image = s.put(s.EMPTY_LANE, fire__gas=(True, False), fire__extraction_on=on)
    state, effects = SEQ.step(IDLE, image, Scan())
    timer = "watch:EXTRACTION_FAILED:fire"
    assert (timer in [e.timer for e in of(Arm, effects)]) is (on is False)
    state, effects = SEQ.step(state, image, TimeUp(timer))
    assert raised(effects) == ([(F.EXTRACTION_FAILED, "fire")] if on is False else [])
    state, effects = SEQ.step(state, s.EMPTY_LANE, Scan())
    assert not state.faults, "with the alarm gone nobody waits for the fan"
