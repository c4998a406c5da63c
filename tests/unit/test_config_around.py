"""Configuration of the devices around the swap: each mistake is named with its place and what is allowed."""

import shutil
from pathlib import Path

import pytest

from hal.config.loader import load_station
from hal.errors import ConfigError

CONFIG = Path(__file__).resolve().parents[2] / "config"
STATION = "stations/choco-14.toml"
SIGNALS, RACK, FIRE = (f"devices/generic/{name}.toml" for name in ("signals", "rack", "fire-panel"))
CHARGER = "chargers/infypower-reg.toml"
READER = 'end = "\\r\\n", no_read = "NOREAD"'


def mistakes(tmp_path: Path, file: str, old: str, new: str) -> dict[str, str]:
    root = shutil.copytree(CONFIG, tmp_path / "config")
    path = root / file
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    path.write_text(text.replace(old, new))
    with pytest.raises(ConfigError) as error:
        load_station("choco-14", roots=(root,))
    return {mistake.key: str(mistake) for mistake in error.value.mistakes}


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "says"),
    [
        (STATION, 'hoist = { kind = "hoist", units = ["hoist_columns"] }\n', "", "devices", "no hoist"),
        (
            STATION,
            'kind = "code-reader", link = "scanner"',
            'kind = "code-reader", link = "hoist"',
            "devices.scanner.link",
            "scanner",
        ),
        (STATION, READER, 'end = "", no_read = "NOREAD"', "devices.scanner.end", "1 character"),
        (STATION, READER, 'end = "\\r\\n"', "devices.scanner.no_read", "required"),
        (
            STATION,
            'pattern = "[0-9A-Z]{24}"',
            'pattern = "[0-9A-Z{24}"',
            "devices.scanner.pattern",
            "regular expression",
        ),
        (STATION, 'pattern = "[0-9A-Z]{24}"', 'pattern = "[A-Z]+"', "devices.scanner.no_read", "no code"),
        (
            STATION,
            'pattern = "[0-9A-Z]{24}"',
            'pattern = "[0-9A-Z]{24}", max_chars = 5',
            "devices.scanner.max_chars",
            "at least 6",
        ),
        (STATION, READER, 'end = "RE", no_read = "NOREAD"', "devices.scanner.end", "no part of no_read"),
        (STATION, "periods = 3\n", "periods = 4\n", "chargers.bay-1.type", "at most off_after_s (10)"),
        (CHARGER, "idle_s = 8.0", "idle_s = 9.5", "chargers.bay-1.type", "less than the 9.2 s"),
        (STATION, "[units.supply]", "[units.meter]", "units.meter", "no device has"),
        (
            STATION,
            'zones = ["rack", "lane"]',
            'zones = ["rack"]',
            "units.fire_panel.device.smoke",
            "1, as the station has",
        ),
        (STATION, 'zones = ["rack", "lane"]', "zones = []", "process.fire.zones", "at least 1"),
        (
            STATION,
            "hot_degc = 60.0",
            "hot_degc = 45.0",
            "process.isolation.hot_degc",
            "more than eligibility.temp_max_degc",
        ),
        (
            STATION,
            "overrun_mm = 5.0 ",
            "overrun_mm = 250.0 ",
            "process.lift.overrun_mm",
            "less than the way from home to transfer",
        ),
        (STATION, "overrun_mm = 5.0 ", "overrun_mm = 0.0 ", "process.lift.overrun_mm", "greater than 0"),
        (
            STATION,
            "gap_min_mm = 2070.0",
            "gap_min_mm = 3001.0",
            "process.rail.gap_min_mm",
            "at most the shorter way from the car to the end of a slot (3000)",
        ),
        (
            STATION,
            "columns_step_max_mm = 5.0",
            "columns_step_max_mm = 0.0",
            "process.hoist.columns_step_max_mm",
            "greater than 0",
        ),
        (STATION, 'isolation = { level_mm = 3750, side = "right" }\n', "", "places", "no isolation"),
        (STATION, 'isolation_present = "di34"\n', "", "devices.platform", "nobody offers isolation_present"),
        (
            RACK,
            'power_mated = { table = "input", address = 0, type = "bool", bit = 0, repeat = 14 }',
            'power_mated = { table = "input", address = 0, type = "bool", bit = 0, repeat = 12 }',
            "units.rack_connectors.device.power_mated",
            "14, as the station has",
        ),
        (
            RACK,
            ', enum = { "1" = "power", "2" = "coolant" }',
            "",
            "commands.mate.steps.0.write.job_connector",
            "power, coolant",
        ),
        (RACK, '"2" = "coolant"', '"2" = "water"', "commands.mate.steps.0.write.job_connector", "power, coolant"),
        (RACK, "[commands.stop]", "[commands.reset]", "devices.rack", "stop from nobody"),
        (
            FIRE,
            '[commands.extract]\nsteps = [{ write = { extraction = "$on" } }]\n',
            "",
            "devices.fire",
            "extract from nobody",
        ),
        (SIGNALS, ', "8" = "evacuate"', "", "units.lane_signals.device.text", "no evacuate"),
        (SIGNALS, '"$lamp"', '"$bay"', "commands.show.steps.0.write.lamp", "lamp"),
    ],
)
def test_one_mistake(tmp_path: Path, file: str, old: str, new: str, key: str, says: str) -> None:
    found = mistakes(tmp_path, file, old, new)
    assert key in found
    assert says in found[key]


def test_a_number_is_not_written_where_a_word_is_kept(tmp_path: Path) -> None:
    old = 'job_bay = { table = "holding", address = 0, type = "u16", access = "w" }'
    new = old.replace(' access = "w"', ' access = "w", enum = { "1" = "first" }')
    found = mistakes(tmp_path, RACK, old, new)
    assert "the argument is a number" in found["commands.mate.steps.0.write.job_bay"]


@pytest.mark.parametrize(
    ("entry", "key", "allowed"),
    [
        ("window = 0", "links.cloud.window", "greater than or equal to 1"),
        ("publish_timeout_s = 0.0", "links.cloud.publish_timeout_s", "greater than 0"),
        ("reconnect_min_s = 9.0, reconnect_max_s = 5.0", "links.cloud", "reconnect_min_s <= reconnect_max_s"),
    ],
)
def test_numbers_of_the_session_with_the_broker(tmp_path: Path, entry: str, key: str, allowed: str) -> None:
    name = 'client_id = "choco-14"'
    assert allowed in mistakes(tmp_path, STATION, name, f"{name}, {entry}")[key]
