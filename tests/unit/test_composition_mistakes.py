"""Mistakes in how a device is put together from units alike: roles and verbs by station, rows in parts, latches."""

import shutil
from pathlib import Path

import pytest

from hal.config.loader import load_station
from hal.errors import ConfigError, Mistake

CONFIG = Path(__file__).resolve().parents[2] / "config"
STATION = "latch-30"


def mistakes(tmp_path: Path, *pairs: tuple[str, str]) -> list[Mistake]:
    root = tmp_path / "config"
    shutil.copytree(CONFIG, root)
    path = root / "stations" / f"{STATION}.toml"
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_station(STATION, roots=(root,))
    return list(caught.value.mistakes)


DRIVES = "units.latch_actuators.outputs"
CLOSED = 'latch_closed = ["do1", "do3"]'
IN_VERBS = 'verbs = { move_in = "move", '
STORE = 'store_present = "di15"'


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ('out_mm = "position_mm"', 'out_mm = "positon_mm"', "units.slot_out.roles.out_mm", "position_mm"),
        ('out_mm = "position_mm"', 'oute_mm = "position_mm"', "units.slot_out.roles.oute_mm", "out_mm"),
        ('out_mm = "position_mm"', 'out_mm = "moving"', "units.slot_out.roles.out_mm", "a number"),
        ('out_mm = "position_mm", ', "", "devices.shuttle", "nobody offers out_mm"),
        ('in_moving = "moving"', 'out_moving = "moving"', "devices.shuttle", "out_moving from slot_out and slot_in"),
        ('move_out = "move"', 'move_out = "mvoe"', "units.slot_out.verbs.move_out", "move"),
        ('move_out = "move"', 'move_aut = "move"', "units.slot_out.verbs.move_aut", "move_out"),
        ('move_out = "move", ', "", "devices.shuttle", "move_out from nobody"),
        ('move_in = "move"', 'move_out = "move"', "devices.shuttle", "move_out from slot_out and slot_in"),
        (IN_VERBS, IN_VERBS + 'reset = "move", ', "units.slot_in.verbs.reset", "move needs position_mm"),
        ('"di13", "di14"]\nbuffer', '"di13"]\nbuffer', "devices.platform", "29|14 of bays_low"),
        (STORE, STORE + '\nlane_clear = "!di15"', "units.bays_high.inputs.lane_clear", "already store_present"),
        (CLOSED, 'latch_closed = ["do1"]', DRIVES, "2 points"),
        (CLOSED, 'latch_closed = ["do1", "do2"]', DRIVES + ".latch_closed", "a free channel"),
        ('latch_closed = ["do1", "do3"]\n', "", DRIVES, "2 points"),
        ('latch_open = ["do0", "do2"]', 'latch_opne = ["do0", "do2"]', DRIVES + ".latch_opne", "latch_open"),
        ('latch_closed = ["di2", "di3"]\n', "", "devices.locks", "nobody offers latch_closed"),
        ('["di2", "di3"]', '["di2"]', "units.latch_switches.inputs.latch_closed", "2, as the station has"),
        ('proof_locked = ["di8", "di9"]\n', "", "devices.locks", "nobody offers proof_locked"),
        ('gain = { load_kg = 0.1 }', 'gain = { load_gk = 0.1 }', "units.lift_cell.gain.load_gk", "load_kg"),
    ],
)  # fmt: skip
def test_a_mistake_names_its_place(tmp_path: Path, old: str, new: str, key: str, words: str) -> None:
    found = [m for m in mistakes(tmp_path, (old, new)) if m.key == key]
    assert found, key
    told = " ".join(str(m) for m in found)
    assert any(word in told for word in words.split("|")), told


def test_latches_are_not_bolts(tmp_path: Path) -> None:
    """Switches of latches on a station that says bolts: its tightening controller is missing."""
    bolts = (
        '[process.locks]\ntechnology = "bolt"\ntorque_target_nm = 65.0\ntorque_min_nm = 58.5\ntorque_max_nm = 71.5\n'
        "angle_target_deg = 1440.0\nangle_min_deg = 1260.0\nangle_max_deg = 1620.0\n"
    )
    found = mistakes(tmp_path, ('[process.locks]\ntechnology = "latch"\n', bolts))
    told = [str(m) for m in found if m.key == "devices.locks"]
    for lacking in ("state", "torque_nm", "angle_deg", "fault_word"):
        assert any(f"nobody offers {lacking}" in text for text in told), lacking
    assert any("latch_open from latch_switches" in text for text in told)


def test_a_latch_station_takes_no_windows_of_torque(tmp_path: Path) -> None:
    found = mistakes(tmp_path, ('technology = "latch"', 'technology = "latch"\ntorque_min_nm = 3.0'))
    assert [m.key for m in found] == ["process.locks.torque_min_nm"]


def test_the_rows_of_the_racks_come_in_the_order_of_the_units() -> None:
    station = load_station(STATION, roots=(CONFIG,))
    rows = [station.units[name].inputs["bay_present"] for name in ("bays_low", "bays_high")]
    assert [len(row) for row in rows if isinstance(row, tuple)] == [15, 15]
    device = station.config.devices["platform"]
    assert device.kind == "platform"
    assert device.units.index("bays_low") < device.units.index("bays_high")
