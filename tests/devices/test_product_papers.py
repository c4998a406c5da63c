"""Every file that follows a product: golden bytes of somebody else's, how sure each value is, and what is open."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.devices.test_config_files import device_file, names
from tests.unit.test_borders import ROOT


def text_of(product: str) -> str:
    return (ROOT / "config" / f"{product}.toml").read_text(encoding="utf-8")


def products() -> list[str]:
    """Files that follow a product: those of nobody's own map."""
    found = []
    for folder in ("devices", "packs", "chargers"):
        for name in names(folder):
            text = text_of(f"{folder}/{name}")
            own = 'source = "own' in text or "own DBC" in text or name.endswith("TEMPLATE")
            found += [] if own else [f"{folder}/{name}"]
    return found


GOLDEN = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests" / "golden").glob("test_*.py"))}


@pytest.mark.parametrize("product", products())
def test_every_product_has_golden_bytes(product: str) -> None:
    """A golden test names the file, and types frames by hand."""
    folder, _, name = product.partition("/")
    naming = [text for text in GOLDEN.values() if f'"{name}"' in text or f'"{product}"' in text]
    assert naming, f"no test in tests/golden names {name} of config/{folder}"
    assert any(re.search(r'"[^"\n]*(?:[0-9A-F]{2} ){3}', text) for text in naming), "and it types no bytes"


@pytest.mark.parametrize("product", [p for p in products() if p.startswith("devices/")])
def test_every_product_says_how_sure_each_register_is(product: str) -> None:
    """H: the maker's text, or two sources that agree; M: one secondary source. A stamp is our own map's."""
    device = device_file(product.removeprefix("devices/"))
    told = {name: register for name, register in device.registers.items() if not register.is_stamp}
    assert [name for name, register in told.items() if register.confidence is None] == []
    assert device.device.source


SURE: dict[str, tuple[str, str]] = {
    # product: (confidence H), (confidence M)
    "devices/axis/altivar-320": (
        "ready switched_on enabled drive_fault quick_stop_off disabled command speed_setup",
        "speed_mm_s fault_word reference_mm_s ramps_s",
    ),
    "devices/axis/iai-robo-cylinder": (
        "position_mm fault_word emergency_stop ready enabled push_missed major_failure brake_released paused homed "
        "in_position system_status speed_mm_s servo_on alarm_reset home slow_stop control position_number start "
        "target_mm band_mm target_speed_mm_s accel_g push_limit move_flags",
        "status_2 moving",  # derived from the coils
    ),
    "devices/axis/leadshine-cs2rs": (
        "position_mm speed_mm_s fault_word enable control save_state target_mm target_speed_mm_s accel "
        "decel pause trigger",
        "fault enabled moving command_done path_done home_done pr_position quick_stop mode",
    ),
    "devices/io/moxa-e1210": ("di_word model firmware", ""),
    "devices/io/moxa-e1211": ("do_word safe_mode watchdog_alarm model firmware", ""),
    "devices/io/wago-750": (
        "series",
        # the text read is of another generation
        "model analog_output_bits analog_input_bits output_bits input_bits watchdog_time watchdog_mask_low "
        "watchdog_mask_high watchdog_trigger watchdog_least watchdog_stop watchdog_state watchdog_restart watchdog_off "
        "watchdog_closes watchdog_save modules",
    ),
    "devices/meter/eastron-sdm630": (
        "phase_v phase_a phase_w power_w power_factor frequency_hz import_kwh export_kwh total_kwh", "",
    ),
    "devices/safety/pilz-pnozmulti": (
        "project version estop_ok gate_closed curtain_clear cell_clear smoke_clear "
        "chain_ok drives_enabled reset_pressed "
        "maintenance_key output_words run_enable input_word_0 heartbeat watchdog_time watchdog", "",
    ),
    "devices/sensor/bender-isocha425": (
        "name insulation_ohm insulation_test insulation_state insulation_bound "
        "insulation_unit insulation_channel link_v "
        "link_bound link_unit prealarm_kohm alarm_kohm measuring",
        "self_test",
    ),
    "devices/sensor/laumas-tlb4": (
        "firmware type year serial program status_word load_kg net peak division_and_unit", "command",
    ),
    "devices/tightening/kolver-kducer": (
        "",  # everything from the maker's open library
        "version new_result barcode tightening_ok result_program tool_model "
        "tool_serial target_torque_nm tool_speed_rpm "
        "tightening_ms ok_count target_count sequence torque_nm peak_torque_nm angle_deg result_code finished_at "
        "result_tail lever tool_locked program memory_session",
    ),
    "packs/pylontech-lv": (
        "soc_pct soh_pct voltage_v current_a temp_degc charge_limit_v "
        "charge_limit_a discharge_limit_a discharge_limit_v",
        "fault_bits charge_allowed discharge_allowed",
    ),
    "packs/rec-victron": (
        "soc_pct soh_pct voltage_v temp_degc charge_limit_v charge_limit_a discharge_limit_a discharge_limit_v",
        "current_a fault_bits",
    ),
    "chargers/infypower-reg": (
        "output_v output_a voltage_v current_a on",
        "temp_degc enabled fault_word voltage_max_v voltage_min_v current_max_a",
    ),
}  # fmt: skip
"""What each product's papers say of the worth of each value, typed by hand."""

OPEN = {
    "devices/axis/altivar-320": "identification",
    "devices/axis/leadshine-cs2rs": "the unit of accel",
    "devices/io/moxa-e1210": "how many words the name has",
    "devices/io/moxa-e1211": "how many words the name has",
    "devices/io/wago-750": "the unit of time of 0x1000",
    "devices/meter/eastron-sdm630": "parity",
    "devices/safety/pilz-pnozmulti": "how many words the project name has",
    "devices/sensor/bender-isocha425": "codes 3, 6 and 7",
    "devices/sensor/laumas-tlb4": "the bits of the status word",
    "devices/tightening/kolver-kducer": "without the lever coil",
    "packs/pylontech-lv": "of byte 1 of 0x359",
    "packs/rec-victron": "0x35A",
    "chargers/infypower-reg": "which byte is status 0",
}
"""What the papers leave open, by a word that stands in the file behind "Open:"."""


def marked(table: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and confidence of everything in a file that has one."""
    for name, entry in table.items():
        if isinstance(entry, dict):
            if "confidence" in entry:
                yield name, entry["confidence"]
            yield from marked(entry)


@pytest.mark.parametrize("product", SURE)
def test_each_value_is_as_sure_as_its_source(product: str) -> None:
    found = list(marked(tomllib.loads(text_of(product))))
    high, low = SURE[product]
    assert {name for name, confidence in found if confidence == "H"} == set(high.split())
    assert {name for name, confidence in found if confidence == "M"} == set(low.split())


@pytest.mark.parametrize("product", OPEN)
def test_what_is_open_is_said(product: str) -> None:
    said = [text.replace("\n# ", " ") for text in re.findall(r"Open:(.*(?:\n#.*)*)", text_of(product))]
    assert any(OPEN[product] in text for text in said), f"{product}: no Open: {OPEN[product]}"


def test_the_lists_name_every_product_that_came_with_the_papers() -> None:
    assert len(SURE) == 14
    assert SURE.keys() <= set(products())
    assert SURE.keys() - OPEN == {"devices/axis/iai-robo-cylinder"}
