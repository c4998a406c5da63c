"""What the cloud is told of the devices: names and units as in the contract, unknown as nothing."""

from collections.abc import Mapping
from typing import Any

from firmware_py.core.image import Image
from firmware_py.shell.device_states import device_states
from hal.commands import DriverText, Lamp
from hal.contract import Topics
from hal.readings import (
    ChargerReading,
    CodeReading,
    FireReading,
    HoistReading,
    InsulationReading,
    InsulationState,
    MeterReading,
    PackReading,
    PlatformReading,
    RackReading,
    SignalsReading,
    UpsReading,
    VisionReading,
)

TOPICS = Topics("demo", "choco-14")
ROOT = "swap/v1/demo/choco-14/state"


def told(image: Image) -> dict[str, Mapping[str, Any]]:
    found = {}
    for topic, model, values in device_states(image, TOPICS, ("rack", "lane")):
        message = model.model_validate({"ts": 1, "id": "m", "seq": 0, "values": values})
        found[topic] = message.model_dump()["values"]
    return found


def test_what_is_known_is_told_with_its_unit() -> None:
    said = told(
        Image(
            platform=PlatformReading(bay_present=(True, False)),
            packs=(PackReading(serial="P" * 24, soc_pct=50.0), PackReading()),
            rack=RackReading((True, False), (False, False), (False, False), (True, True), (False, True)),
            chargers=(ChargerReading(True, 380.0, 40.0, 31.0, 0), ChargerReading()),
            vision=VisionReading(12.5, -3.0, 0.5, True, 1.0),
            hoist=HoistReading((100.0, 101.5, 100.2, 100.1), True, False, 1.0),
            scanner=CodeReading("C" * 24, 1.0),
            signals=SignalsReading(Lamp.AMBER, DriverText.WAIT, 1.0),
            fire=FireReading((True, False), (True, True), True, False, 1.0),
            meter=MeterReading(power_w=23_456.7, import_kwh=12.345),
            ups=UpsReading(True, 99.6, 1790.0, True, 1.0),
            insulation=InsulationReading(180_000.0, None, InsulationState.ALARM, 380.0, 1.0),
        )
    )
    one, two = said[f"{ROOT}/bay/1"], said[f"{ROOT}/bay/2"]
    assert (one["power_connector"], one["coolant_connector"], one["coolant_leak"]) == ("mated", "home", False)
    assert (one["charger_on"], one["charger_v"], one["charger_a"]) == (True, 380.0, 40.0)
    assert (two["power_connector"], two["coolant_connector"], two["coolant_leak"]) == ("between", "home", True)
    assert (two["present"], two["charger_on"], two["serial"]) == (False, None, None)
    lane = said[f"{ROOT}/lane"]
    assert (lane["offset_x_mm"], lane["offset_y_mm"], lane["offset_yaw_deg"]) == (12.5, -3.0, 0.5)
    assert (lane["hoist_mm"], lane["hoist_step_mm"], lane["catch_engaged"]) == (100.0, 1.5, True)
    assert (lane["buffer_code"], lane["lamp"], lane["text"]) == ("C" * 24, "amber", "wait")
    fire = said[f"{ROOT}/fire"]
    assert (fire["smoke"], fire["gas"], fire["panel_ok"], fire["extraction_on"]) == ("rack", "rack,lane", True, False)
    power = said[f"{ROOT}/power"]
    assert (power["grid_w"], power["import_kwh"], power["on_mains"], power["ups_charge_pct"]) == (
        23457,
        12.3,
        True,
        100,
    )
    assert (power["insulation_ohm"], power["insulation_state"]) == (180_000.0, "alarm")


def test_what_is_unknown_is_told_as_nothing_and_stale() -> None:
    for topic, values in told(Image(packs=(PackReading(),))).items():
        assert values["q"] == "stale", topic
        assert all(value is None for name, value in values.items() if name not in {"q", "bay"}), topic
