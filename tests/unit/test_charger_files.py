"""The loader names what is wrong with a charger file: one broken copy for each rule."""

import shutil
from pathlib import Path

import pytest

from hal.config.loader import check_file

CONFIG = Path(__file__).resolve().parents[2] / "config"
FILE = "chargers/infypower-reg.toml"


@pytest.mark.parametrize(
    ("old", "new", "key", "value"),
    [
        ("every_s = 3.0", "every_s = 6.0", "charger.every_s", "6.0"),
        ("idle_s = 8.0", "idle_s = 2.0", "charger.idle_s", "2.0"),
        ("timeout_s = 0.2", "timeout_s = 3.0", "charger.timeout_s", "3.0"),
        ("destination = { bit = 8,", "destination = { bit = 7,", "id.destination", "bit 7"),
        ("error = { bit = 26, bits = 3 }", "error = { bit = 26, bits = 4 }", "id.error", "bit 29"),
        ("controller = 0xF0", "controller = 0x1F0", "id.controller", "496"),
        ("to_device = 0x0A", "to_device = 0x1A", "id.to_device", "26"),
        ('"3" = "data invalid"', '"7" = "data invalid"', "id.errors.7", "'7'"),
        ("command = 0x1C", "command = 0x5C", "writes.set.command", "92"),
        ("command = 0x1C", "command = 0x1A", "writes", "command 26 twice"),
        (
            'output_a = { byte = 4, type = "f32"',
            'output_a = { byte = 5, type = "f32"',
            "reads.output.values.output_a.byte",
            "5",
        ),
        (
            'output_a = { byte = 4, type = "f32"',
            'output_a = { byte = 4, type = "f64"',
            "reads.output.values.output_a.type",
            "'f64'",
        ),
        ("output_a = {", "outptu_a = {", "reads.output.values.outptu_a", "'outptu_a'"),
        ("output_a = {", "temp_degc = {", "reads.status.values.temp_degc", "also in output"),
        ("output_a = {", "# output_a = {", "reads", "no output_a"),
        ("mask = 0xFEBE21", "mask = 0x1FEBE21", "reads.status.values.fault_word.mask", "0x1febe21"),
        ("mask = 0xFEBE21, ", "", "reads.status.values.fault_word", "a number"),
        (
            'type = "u8", bit = 0, invert = true, confidence = "M"',
            'type = "u8", bit = 8',
            "reads.status.values.enabled.bit",
            "8",
        ),
        (
            'type = "u8", confidence = "M" }     # by',
            'type = "u8", invert = true }  #',
            "reads.status.values.temp_degc.invert",
            "true",
        ),
        ("[reads.limits", "[reads.limit", "reads", "no limits"),
        ("voltage_min_v = {", "# voltage_min_v = {", "reads.limits.values", "no voltage_min_v"),
        ("scale = 0.1", "scale = 0", "reads.limits.values.current_max_a.scale", "0"),
        ("[writes.enable", "[writes.enabel", "writes.enabel", "'enabel'"),
        ("[writes.enable", "[writes.enabel", "writes", "no enable"),
        (
            "verified_on_hardware",
            "verified_on_hardwear",
            "charger.verified_on_hardwear",
            "unknown key 'verified_on_hardwear'",
        ),
    ],
)
def test_one_mistake(tmp_path: Path, old: str, new: str, key: str, value: str) -> None:
    root = tmp_path / "config"
    shutil.copytree(CONFIG, root)
    text = (root / FILE).read_text(encoding="utf-8")
    assert old in text
    (root / FILE).write_text(text.replace(old, new), encoding="utf-8")
    found = [(m.key, m.value) for m in check_file(root / FILE)]
    assert (key, value) in found, found
