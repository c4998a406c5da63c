"""Every scenario file in virtual time, and the loader's mistakes."""

from functools import cache
from pathlib import Path

import pytest

from firmware_py.core.chart import CHART
from firmware_py.core.faults import FaultCode
from hal.config.bundle import Station
from hal.config.loader import load_station
from hal.errors import ConfigError
from sim.campaigns.scenario_report import failure
from sim.campaigns.scenario_run import run_virtual
from sim.scenario import Named, load_scenario, runs_of, scenario_names

NAMES = scenario_names()
RUNS = tuple(run.name for name in NAMES for run in runs_of(load_scenario(name)))
PROMISED = {
    "happy", "bolt-will-not-open", "bolt-never-reaches-torque", "lift-stall-with-pack", "wrong-pack-at-buffer",
    "door-opened-before-unlock", "door-opened-after-unlock", "estop-no-pack", "modbus-device-gone", "broker-killed",
    "wrong-vin",
}  # fmt: skip
PROMISED_ON_WIRE = {
    "happy", "bolt-will-not-open", "estop-no-pack", "modbus-device-gone", "broker-killed", "latch-swap",
    "shuttle-answers-garbage", "car-silent-without-pack",
}  # fmt: skip
"""Real links in each: RTU on a serial line and TCP, CAN, MQTT; silence, garbage, a dead broker, another station."""


PARTS = {
    "station",
    "journal",
    "isolation",
    "car_pack",
    "zone-1",
    *(f"{name}-{k}" for name in ("bay", "charger") for k in range(1, 15)),
}
"""What faults name beside devices and actuators."""


@cache
def station_of(name: str) -> Station:
    return load_station(name)


@pytest.fixture(scope="module")
def station() -> Station:
    return station_of("choco-14")


@pytest.mark.parametrize("name", RUNS)
def test_scenario(name: str) -> None:
    named = load_scenario(name)
    result = run_virtual(named, station=station_of(named.scenario.station))
    assert not result.misses, failure(result)


def test_no_scenario_is_missing() -> None:
    assert set(NAMES) >= PROMISED
    assert {n for n in NAMES if load_scenario(n).scenario.wire} >= PROMISED_ON_WIRE


@pytest.mark.parametrize("name", NAMES)
def test_words_of_a_scenario_are_words_of_the_station(name: str, station: Station) -> None:
    expect = load_scenario(name).scenario.expect
    assert {*expect.rows, *expect.not_rows, *expect.entered} <= set(CHART)
    devices = {*station.config.devices, "lane", "buffer", "rack", "rods", "pins", "pin_lift", "shutter", "lane_gate"}
    for fault in expect.faults:
        code, device = fault.split("/")
        assert code in FaultCode.__members__
        assert device in devices | PARTS or code == FaultCode.SWAP_INTERRUPTED
    for order in expect.order:
        assert order.outcome in {"refused", "dropped"} or not order.reason or order.reason in FaultCode.__members__


@pytest.mark.parametrize("jitter", [0.05, 0.1])
def test_a_swap_with_jitter_still_ends_well(station: Station, jitter: float) -> None:
    named = load_scenario("happy")
    loose = named.scenario.expect.order[0].model_copy(update={"swap_max_s": None})
    expect = named.scenario.expect.model_copy(update={"order": (loose,)})
    scenario = named.scenario.model_copy(update={"expect": expect})
    for seed in range(3):
        result = run_virtual(Named("happy", scenario), seed, jitter=jitter, station=station)
        assert not result.misses, (seed, result.misses)


# --------------------------------------------------------------------------------------------------------- the loader

GOOD = """
title = "t"
description = "d"
[[act]]
when = { time_s = 0 }
do = { inject = "bolt-stuck", args = { point = 4 } }
[expect]
faults = []
place = "S0"
[[expect.order]]
outcome = "completed"
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"bolt-stuck"', '"bolt-stuk"', "did you mean 'bolt-stuck'"),
        ("point = 4", "pont = 4", "did you mean 'point'"),
        ("time_s = 0", 'time_s = 0, step = "8"', "exactly one of step, state, fault, time_s"),
        ("time_s = 0", 'state = "Heled"', "did you mean 'Held'"),
        ("faults = []", 'faults = ["estop"]', "expect.faults.0"),
        ('place = "S0"', 'place = "S0"\nrow = []', "did you mean 'rows'"),
        ('[[expect.order]]\noutcome = "completed"', "order = []", "one entry per order: 1"),
        ('inject = "bolt-stuck"', 'operator = "reset"', "only with inject or clear"),
        ('inject = "bolt-stuck", args = { point = 4 }', 'operator = "mode"', "mode goes with operator = mode"),
        ('inject = "bolt-stuck"', 'row = "8", inject = "bolt-stuck"', "row with operator = step"),
        ('title = "t"', "", "title: (absent)"),
        ('title = "t"', 'title = "t"\neach_of = ["8"]', 'together with an act on step = "each"'),
        ("time_s = 0", 'step = "each"', "each_of"),
        ("time_s = 0", "start = true, after_s = 1.0", "start goes without after_s"),
        ("faults = []", 'faults = []\nreaction = ["HALT"]', "expect.reaction.0"),
        ("faults = []", 'faults = []\nreason = "x"', "expect.reason"),
        ('title = "t"', 'title = "t"\ncar = [{ at_once = true }]', "nobody comes before the first car"),
    ],
)
def test_the_loader_names_the_mistake(tmp_path: Path, old: str, new: str, said: str) -> None:
    file = tmp_path / "one.toml"
    file.write_text(GOOD)
    assert load_scenario(str(file)).name == "one"
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_scenario(str(file))
    assert said in str(caught.value)


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'wrong-vin'"):
        load_scenario("wrong-win")


EACH = GOOD.replace("time_s = 0", 'step = "each"').replace('title = "t"', 'title = "t"\neach_of = ["8", "10"]')


def test_a_scenario_of_several_runs_puts_the_row_in_its_place(tmp_path: Path) -> None:
    file = tmp_path / "one.toml"
    file.write_text(EACH)
    runs = runs_of(load_scenario(str(file)))
    assert [run.name for run in runs] == ["one@8", "one@10"]
    assert [run.scenario.act[0].when.key for run in runs] == [("step", "8", "started"), ("step", "10", "started")]
