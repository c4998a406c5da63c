"""`explain`: every value with the file and line that it stands in, every role with the unit behind it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from firmware_py.cli.app import build
from hal.config.explain import Entry, entries, notes, offers
from hal.config.loader import load_with_sources
from hal.config.sources import SourceFile

LINES = SourceFile(
    "station",
    Path("x.toml"),
    """# first line
[process.lift]
dock_mm = 900.0             # placeholder: nobody knows
title = "a # b = c"
[places]
bay-1 = { level_mm = 600, side = "left" }
""",
)


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    path = tmp_path / "links.toml"
    path.write_text('# where it is\n[links]\nlocks = { kind = "modbus-tcp", host = "127.0.0.1", port = 1502 }\n')
    return path


def told(overlay: Path | None = None) -> dict[str, Entry]:
    return {".".join(entry.keys): entry for entry in entries(*load_with_sources("choco-14", overlay))}


def test_each_value_stands_where_it_is_said_to_stand() -> None:
    found, sources = load_with_sources("choco-14")
    every = list(entries(found, sources))
    lines = sources.station.text.splitlines()
    own = [entry for entry in every if entry.origin == "station"]
    assert len(own) > 250
    for entry in own:
        assert entry.keys[-1] in lines[entry.line - 1], entry
    assert len({entry.keys for entry in every}) == len(every)


def test_an_overlay_replaces_a_link_whole_and_its_defaults_are_defaults(overlay: Path) -> None:
    before, after = told(), told(overlay)
    assert (before["links.locks.host"].origin, before["links.locks.host"].value) == ("station", "192.0.2.10")
    assert (after["links.locks.host"].origin, after["links.locks.host"].line) == ("overlay", 3)
    assert (before["links.locks.port"].origin, after["links.locks.port"].origin) == ("default", "overlay")
    assert after["links.shuttle.host"].origin == "station"
    assert after["process.lift.dock_mm"] == before["process.lift.dock_mm"]


def test_placeholders_are_marked_with_their_reason(overlay: Path) -> None:
    found = told(overlay)
    assert found["plant.slot_length_mm"].placeholder == "the length of the pack is not published"
    assert "mass is not public" in found["pack.choco-20.mass_kg"].placeholder
    assert "number of locks" in found["vehicle.aion-ut.lock_points"].placeholder
    assert "RFC 5737" in found["links.shuttle.host"].placeholder
    assert found["links.locks.host"].placeholder == ""
    assert found["pack.choco-20.energy_lfp_kwh"].placeholder == ""


def test_lines_and_comments_of_keys() -> None:
    assert LINES.line(("process", "lift", "dock_mm")) == 3
    assert LINES.comment(("process", "lift", "dock_mm")) == "placeholder: nobody knows"
    assert LINES.comment(("process", "lift", "title")) == ""
    assert LINES.line(("places", "bay-1", "side")) == 6
    assert not LINES.has(("places", "bay-2"))


def test_roles_tell_their_unit_and_place() -> None:
    found, _ = load_with_sources("choco-14")
    by_role = {(offer.device, offer.role): offer for offer in offers(found)}
    assert by_role["lift", "position_mm"].place == "holding 0x1014 s32 × 0.001"
    assert (by_role["lift", "enabled"].unit, by_role["lift", "enabled"].confidence) == ("lift_drive", "M")
    assert by_role["lift", "dock_pins"].place == "di4 di5 di6 di7"
    assert by_role["car", "vin"].place == "CAR_IDENTITY in 3 parts"
    for name, device in found.devices.items():
        for unit in getattr(device, "units", ()):
            assert any(offer.unit == unit for (of, _), offer in by_role.items() if of == name), unit


def test_notes_count_what_no_manual_says() -> None:
    found, _ = load_with_sources("choco-14")
    device = found.units["lift_drive"].device
    marked = sum(register.confidence == "M" for register in device.registers.values())
    assert len(notes(device).doubtful) == marked > 0
    assert notes(found.units["safety_plc"].device).doubtful == ()


def test_the_command_says_it_for_people_and_machines(overlay: Path) -> None:
    run = CliRunner()
    shown = run.invoke(build(), ["explain", "choco-14", "--links", str(overlay)])
    assert shown.exit_code == 0
    assert "overlay:3" in shown.output
    assert "PLACEHOLDER: the length of the pack" in shown.output
    assert "registers M" in shown.output
    asked = run.invoke(build(), ["explain", "choco-14", "--links", str(overlay), "--json"])
    whole = json.loads(asked.output)
    assert {value["keys"]: value["origin"] for value in whole["values"]}["links.locks.port"] == "overlay"
    assert [file["label"] for file in whole["files"]][:2] == ["station", "overlay"]
    assert run.invoke(build(), ["explain", "choco-41"]).exit_code == 78
