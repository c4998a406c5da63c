"""The loader reports every mistake of every file at once: file, key path, value seen, what is allowed, nearest word."""

import copy
import random
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hal.config.loader import check_file, load_station
from hal.config.station import StationConfig
from hal.config.tree import ConfigTree
from hal.errors import ConfigError, Mistake

CONFIG = Path(__file__).resolve().parents[2] / "config"


@pytest.fixture(name="root")
def copied(tmp_path: Path) -> Path:
    root = tmp_path / "config"
    shutil.copytree(CONFIG, root)
    return root


def change(path: Path, *pairs: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")


def mistakes(root: Path, overlay: Path | None = None) -> tuple[Mistake, ...]:
    with pytest.raises(ConfigError) as caught:
        load_station("choco-14", overlay=overlay, roots=(root,))
    assert str(caught.value).splitlines() == [str(m) for m in caught.value.mistakes]
    return caught.value.mistakes


def by_key(found: Sequence[Mistake], key: str) -> Mistake:
    (mistake,) = [m for m in found if m.key == key]
    return mistake


STATION = "stations/choco-14.toml"
DRIVE = "devices/axis/leadshine-cs2rs.toml"
SHUTTLE = "devices/generic/shuttle.toml"
LOCKS = "devices/generic/lock-controller.toml"
PACK = "packs/choco-20.toml"


def test_every_section_of_a_station_is_read(root: Path) -> None:
    path = root / STATION
    text = path.read_text(encoding="utf-8")
    for section in StationConfig.model_fields:
        wrong = f"[{section}]\nnobody_knows = 5"
        text, found = re.subn(rf"^\[{section}\].*$", wrong, text, count=1, flags=re.MULTILINE)
        text = text if found else f"{wrong}\n{text}"
    path.write_text(text, encoding="utf-8")
    told = {m.key.partition(".")[0] for m in mistakes(root) if "nobody_knows" in str(m)}
    assert told == set(StationConfig.model_fields)


def test_what_a_station_says_of_reservations_and_of_roles_counts(root: Path) -> None:
    change(root / STATION, ("most = 3 ", "most = 7 "), ('view = "swapstation-view"', 'view = "people"'))
    found = load_station("choco-14", roots=(root,)).config
    assert (found.reservations.most, found.reservations.longest_s, found.control.view) == (7, 1800.0, "people")
    change(root / STATION, ("most = 7 ", "most = 65 "))
    assert by_key(mistakes(root), "reservations.most").value == "65"


def test_many_mistakes_of_many_files_at_once(root: Path) -> None:
    change(
        root / STATION,
        ('client_id = "choco-14"', 'clientid = "choco-14"'),
        ('kind = "shuttle", units = ["shuttle_rail"]', 'kind = "shutle", units = ["shuttle_rail"]'),
        ('at_home = "di0"', 'at_hom = "di0"'),
        ('"lock_tools", "lock_proof"', '"lock_tool", "lock_proof"'),
        ('device = "generic/stacker"', 'device = "generic/staker"'),
        ("torque_min_nm = 58.5", "torque_min_nm = 85.0"),
        ("dead_man_s", "deadman_s"),
        ('buffer = { link = "packs", node = 15 }', 'buffer = { link = "packs", node = 3 }'),
    )
    change(root / DRIVE, ('type = "s32"', 'type = "s23"'), ("min_gap_s", "min_gab_s"))
    change(root / PACK, ('signal = "Soc"', 'signal = "Socc"'))
    found = mistakes(root)
    expected = [
        (STATION, "links.cloud.clientid", "client_id"),
        (STATION, "links.cloud.client_id", ""),
        (STATION, "devices.shuttle.kind", "shuttle"),
        (STATION, "units.lift_switches.inputs.at_hom", "at_home"),
        (STATION, "devices.locks.units", "lock_tools"),
        (STATION, "units.stacker_crane.device", "generic/stacker"),
        (STATION, "process.locks.torque_min_nm", ""),
        (STATION, "process.safety.deadman_s", "dead_man_s"),
        (STATION, "packs.at.buffer", ""),
        (DRIVE, "registers.position_mm.type", "s32"),
        (DRIVE, "device.min_gab_s", "min_gap_s"),
        (PACK, "can.signals.soc_pct.signal", "Soc"),
    ]
    for file, key, hint in expected:
        mistake = by_key(found, key)
        assert mistake.file == str(root / file)
        assert mistake.hint == hint
        assert mistake.value
        assert mistake.allowed


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "hint"),
    [
        (STATION, 'host = "192.0.2.10"', 'host = "192.0.2.10", prot = 502', "links.locks.prot", "port"),
        (STATION, "baudrate = 115200", "baudrate = 115201", "links.lift_line.baudrate", "115200"),
        (STATION, "unit = 3", 'unit = "3"', "units.lift_switches.unit", ""),
        (STATION, "unit = 3", "unit = 2", "units.lift_switches.unit", ""),
        (STATION, 'link = "locks"', 'link = "car"', "units.lock_tools.link", ""),
        (STATION, "poll = { idle_s = 2.0", "poll = { idle_s = 0.001", "units.lift_drive.poll", ""),
        (STATION, "target_mm = 0.001", "traget_mm = 0.001", "units.lift_drive.gain.traget_mm", "target_mm"),
        (STATION, "target_mm = 0.001", "target_mm = 0", "units.lift_drive.gain.target_mm", ""),
        (STATION, 'at_seat = "di2"', 'at_seat = "di16"', "units.lift_switches.inputs.at_seat", ""),
        (STATION, 'at_seat = "di2"', 'at_seat = "ai2"', "units.lift_switches.inputs.at_seat", ""),
        (STATION, 'at_seat = "di2"', 'at_seat = "!di1"', "units.lift_switches.inputs.at_seat", ""),
        (STATION, 'at_seat = "di2"', 'at_seat = ["di2"]', "units.lift_switches.inputs.at_seat", ""),
        (STATION, 'at_seat = "di2"\n', "", "devices.lift", ""),
        (STATION, ', "di53"]', "]", "units.platform_io.inputs.bay_present", ""),
        (STATION, 'rods_out = "do0"', 'rod_out = "do0"', "units.platform_io.outputs.rod_out", "rods_out"),
        (STATION, 'rods_out = "do0"', 'rods_out = "di63"', "units.platform_io.outputs.rods_out", ""),
        (STATION, '["stacker_crane"]', '["shuttle_rail"]', "devices.stacker.units", ""),
        (STATION, 'model = "aion-ut"', 'model = "aion-tu"', "devices.car.model", "aion-ut"),
        (STATION, 'bay-1 = { link = "packs", node = 1 }\n', "", "packs.at", ""),
        (STATION, 'bay-1 = { link = "packs"', 'bay-1 = { link = "pakcs"', "packs.at.bay-1.link", "packs"),
        (STATION, 'bay-1 = { link = "packs", node = 1 }', 'bay-1 = { link = "packs" }', "packs.at.bay-1.node", ""),
        (STATION, '"packs", node = 15', '"packs", node = 254', "packs.at.buffer.node", ""),
        (STATION, 'bay-2 = { link = "packs", node = 2 }', 'bay-2 = { link = "packs", node = 1 }', "packs.at.bay-2", ""),
        (STATION, 'bay-2 = { link = "packs", node', 'bay-15 = { link = "packs", node', "packs.at.bay-15", "bay-5"),
        (STATION, 'node = 2 }', 'node = 2, type = "choco-30" }', "packs.at.bay-2.type", "choco-20"),
        (STATION, 'car = { link = "car", node = 1 }', 'car = { link = "packs", node = 16 }', "packs.at.car.link", ""),
        (STATION, "bay-14 = { level", "bay-15 = { level", "places.bay-15", "bay-5"),
        (STATION, 'bay-3 = { level_mm = 1050', 'bay-3 = { level_mm = 600', "places.bay-3", ""),
        (STATION, "bay-3 = { level_mm = 1050", "bay-3 = { level_mm = 9050", "places.bay-3.level_mm", ""),
        (STATION, 'technology = "bolt"', 'technology = "bold"', "process.locks.technology", "bolt"),
        (STATION, "dock_mm = 900.0", "dock_mm = 905.0", "process.lift.dock_mm", ""),
        (STATION, "tolerance_mm = 1.0", "tolerance_mm = 2.0", "process.lift.tolerance_mm", ""),
        (STATION, "home = 453.0", "home = 553.0", "process.lift.speeds_mm_s.home", ""),
        (STATION, "settle_s = 0.3", "settle_s = nan", "process.car.settle_s", ""),
        (STATION, "heartbeat_s = 0.1", "heartbeat_s = 0.4", "process.safety.heartbeat_s", ""),
        (STATION, "slot_mm_s = 50.0", "slot_mm_s = 700.0", "process.manual.slot_mm_s", ""),
        (STATION, "max_step_mm = 50.0", "max_step_mm = 300.0", "process.manual.max_step_mm", ""),
        (STATION, "7 = 5.0", "7 = 1.5", "limits.7", ""),
        (STATION, "7 = 5.0\n", "", "limits", ""),
        (STATION, 'link = "cloud"', 'link = "clod"', "cloud.link", "cloud"),
        (STATION, "[freshness]", "[freshnes]", "freshnes", "freshness"),
        (STATION, "wheelbase_max_mm = 3100", "wheelbase_max_mm = 2700", "station.vehicles", ""),
        (STATION, 'vehicles = ["aion-ut"]', 'vehicles = ["aion-ut", "aion-rt"]', "station.vehicles", "aion-ut"),
        (DRIVE, "functions = [3, 6, 16]", "functions = [4, 6, 16]", "registers.fault_word.table", ""),
        (DRIVE, "functions = [3, 6, 16]", "functions = [3, 6]", "registers.target_mm.access", ""),
        (DRIVE, "functions = [3, 6, 16]", "functions = [3, 6, 23]", "device.functions.2", "3"),
        (DRIVE, "max_write = 32", "max_write = 4", "commands.move.steps.2.write", ""),
        (DRIVE, "address = 0x6203", "address = 0x6202", "registers.target_speed_mm_s.address", ""),
        (DRIVE, "bit = 2", "bit = 1", "registers.moving.address", ""),
        (DRIVE, "bit = 2", "bit = 16", "registers.moving.bit", ""),
        (DRIVE, "bit = 2\n", "", "registers.moving.bit", ""),
        (DRIVE, "address = 0x2203", "address = 0x12203", "registers.fault_word.address", ""),
        (DRIVE, '"$position_mm"', '"$positon_mm"', "commands.move.steps.2.write.target_mm", "position_mm"),
        (DRIVE, "write = { enable = 1 }", "write = { enabel = 1 }", "commands.move.steps.0.write.enabel", "enable"),
        (DRIVE, "write = { enable = 1 }", "write = { enable = 70000 }", "commands.move.steps.0.write.enable", ""),
        (DRIVE, ", limit_s = 0.5", "", "commands.move.steps.1.limit_s", ""),
        (DRIVE, "[commands.stop]", "[commands.sotp]", "commands.sotp", "stop"),
        (DRIVE, "address_base = 0  ", "address_base = 2  ", "device.address_base", ""),
        (DRIVE, "address_base = 0  ", "# ", "device.address_base", ""),
        (SHUTTLE, "scale = 0.1 }\nin_mm", "scale = 0 }\nin_mm", "registers.out_mm.scale", ""),
        (SHUTTLE, 'type = "bool", bit = 3', 'type = "u16", bit = 3', "registers.out_present.bit", ""),
        (PACK, 'fits = ["aion-ut"]', 'fits = ["other"]', "packs.types", ""),
        (PACK, "lock_points = 10", "lock_points = 8", "packs.types", ""),
        (PACK, "voltage_min_v = 280.0", "voltage_min_v = 480.0", "pack.voltage_min_v", ""),
        (PACK, 'dbc = "choco-generic.dbc"', 'dbc = "choco-genric.dbc"', "can.dbc", "choco-generic.dbc"),
        (
            PACK,
            '"PACK_THERMAL", signal = "TempMax"',
            '"PACK_THERMLA", signal = "TempMax"',
            "can.signals.temp_max_degc.message",
            "PACK_THERMAL",
        ),
        (PACK, 'signal = "FaultBits", kind = "bits"', 'signal = "FaultBits"', "can.signals.fault_bits.kind", ""),
        (PACK, 'code_pattern = ".{3}', 'code_pattern = "(.{3}', "pack.code_pattern", ""),
        ("vehicles/aion-ut.toml", '"2" = "ok"', '"2" = "okay"', "can.signals.self_check.enum", ""),
        (LOCKS, '"2" = "turning"', '"2" = "turnin"', "units.lock_tools.device.state", "turning"),
        (LOCKS, "scale = 0.01\nrepeat = 10", "scale = 0.01\nrepeat = 9", "units.lock_tools.device.torque_nm", ""),
        (SHUTTLE, '0, type = "bool", bit = 0 ', '6, type = "u16" ', "units.shuttle_rail.device.out_moving", ""),
        (PACK, "temp_min_degc = {", "temp_mim_degc = {", "can.signals.temp_mim_degc", "temp_min_degc"),
        (PACK, 'temp_degc = "the', 'temp_dgc = "the', "can.absent.temp_dgc", "temp_degc"),
        (PACK, 'temp_degc = "the', 'soc_pct = "the', "can.absent.soc_pct", ""),
        (PACK, 'temp_degc = "the hottest and the coldest cell are told apart"', "", "can.signals", ""),
        (PACK, 'alive = { message = "PACK_ST', 'alive = { message = "PACK_TS', "can.alive.message", "PACK_STATUS"),
        (PACK, "fits = [", "# fits = [", "packs.types", ""),
        (PACK, "lock_points = 10\n", "", "pack.lock_points", ""),
        ("vehicles/aion-ut.toml", ', signal = "Alive" }', " }", "can.alive.signal", ""),
        (PACK, "length = 24", "length = 29", "can.texts.serial.length", ""),
        (PACK, "mass_kg = \"", "mass = \"", "placeholders.mass", "mass_kg"),
        ("packs/choco-generic.dbc", "BO_ 2560688128 100;", "BO_ 2560688128 0;", "can.dbc", ""),
        ("vehicles/aion-ut.toml", 'packs = ["choco-20", "choco-25"]', 'packs = ["choco-25"]', "packs.types", ""),
        ("vehicles/aion-ut.toml", "wake = 2, ", "", "can.request.modes", ""),
    ],
)  # fmt: skip
def test_one_mistake(root: Path, file: str, old: str, new: str, key: str, hint: str) -> None:
    change(root / file, (old, new))
    found = [m for m in mistakes(root) if m.key == key]
    assert found, [str(m) for m in mistakes(root)]
    assert hint in {m.hint for m in found}


def test_a_role_from_two_units_is_a_mistake(root: Path) -> None:
    change(root / STATION, ('at_seat = "di2"', 'at_seat = "di2"\nload_kg = "di15"'))
    found = mistakes(root)
    assert any("load_kg from lift_load and lift_switches" in m.value for m in found)


def test_one_mistake_is_not_noted_twice(root: Path) -> None:
    change(
        root / STATION,
        ('kind = "modbus-rtu"', 'kind = "modbus-rut"'),
        ('side = "left" }\nstore', 'side = "lft" }\nstore'),
    )
    assert [(m.key, m.hint) for m in mistakes(root)] == [
        ("links.lift_line.kind", "modbus-rtu"),
        ("places.buffer.side", "left"),
    ]


def test_a_mistake_in_a_section_hides_none_of_the_names_beside_it(root: Path) -> None:
    change(root / STATION, ("bays = 14", 'bays = "14"'), ('vehicles = ["aion-ut"]', 'vehicles = ["aion-uy"]'))
    change(root / STATION, ('types = ["choco-20", "choco-25"]', 'types = ["choco-20", "choco-26"]\nspare = 1'))
    found = {m.key: m.hint for m in mistakes(root)}
    assert found["station.vehicles"] == "aion-ut"
    assert found["packs.types"] in {"choco-20", "choco-25"}
    assert {"station.bays", "packs.spare"} <= found.keys()


def test_files_that_are_no_toml_or_no_dbc_are_named(root: Path) -> None:
    change(root / SHUTTLE, ("[registers]", "[registers"))
    change(root / "vehicles/aion-ut.dbc", ("BO_ ", "BO "))
    found = mistakes(root)
    assert {m.file for m in found} == {str(root / SHUTTLE), str(root / "vehicles/aion-ut.dbc")}
    assert "line" in found[0].value


def test_a_station_that_is_not_there_names_those_that_are(root: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_station("choco-41", roots=(root,))
    (mistake,) = caught.value.mistakes
    assert mistake.hint == "choco-14"


def test_an_overlay_replaces_links_and_nothing_else(root: Path, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay.toml"
    overlay.write_text('[links]\nlocks = { kind = "modbus-tcp", host = "127.0.0.1", port = 1502 }\n')
    plain, moved = load_station("choco-14", roots=(root,)), load_station("choco-14", overlay=overlay, roots=(root,))
    said = moved.config.links["locks"].model_dump(exclude_defaults=True)
    assert said == {"kind": "modbus-tcp", "host": "127.0.0.1", "port": 1502}
    assert moved.config.links["shuttle"] == plain.config.links["shuttle"]
    assert moved.hash == plain.hash
    overlay.write_text('[links]\nlock = { kind = "modbus-tcp", host = "h" }\n[station]\nbays = 3\n')
    found = mistakes(root, overlay)
    assert {(m.file, m.key, m.hint) for m in found} == {
        (str(overlay), "links.lock", "locks"),
        (str(overlay), "station", ""),
    }


def test_the_hash_follows_content_not_place(root: Path) -> None:
    there, here = load_station("choco-14", roots=(root,)), load_station("choco-14", roots=(CONFIG,))
    assert there.hash == here.hash
    change(root / PACK, ("mass_kg = 300.0", "mass_kg = 301.0"))
    assert load_station("choco-14", roots=(root,)).hash != here.hash


def test_a_path_finds_the_files_beside_it(root: Path) -> None:
    change(root / PACK, ("mass_kg = 300.0", "mass_kg = 301.0"))
    assert load_station(str(root / STATION)).packs["choco-20"].pack.mass_kg == 301.0


def test_addresses_that_count_from_one_become_wire_addresses(root: Path) -> None:
    change(
        root / "devices/generic/di16.toml",
        ("address_base = 0", "address_base = 1"),
        *((f"address = {n}\n", f"address = {n + 1}\n") for n in (2, 1, 0)),
    )
    station = load_station("choco-14", roots=(root,))
    assert station.units["lift_switches"].device.channels["di"].address == 0
    assert load_station("choco-14", roots=(CONFIG,)).units["lift_switches"].device.channels["di"].address == 0


def test_a_file_of_no_known_kind_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text("[other]\n")
    (mistake,) = check_file(path)
    assert (mistake.file, mistake.value) == (str(path), "tables other")


def test_a_pack_code_names_its_class_or_nothing() -> None:
    station = load_station("choco-14", roots=(CONFIG,))
    found = [station.pack_type(f"001PB{digits}ABCDEFGHIJKLMNOPQ") for digits in ("20", "25", "35")]
    assert [p.name if p else None for p in found] == ["choco-20", "choco-25", None]
    assert station.pack_type("001PB20") is None


JUNK: list[Any] = [0, -1, 2**40, 1.5, float("nan"), "", "di1", "$x", True, [], [[1]], {}, {"kind": ["x"]}, "lift"]


def entries(table: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for key, value in table.items() if isinstance(table, dict) else enumerate(table):
        found.append((*path, key))
        if isinstance(value, dict | list):
            found += entries(value, (*path, key))
    return found


@pytest.mark.parametrize("seed", range(40))
def test_junk_in_any_place_is_a_mistake_or_harmless(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    chance = random.Random(seed)
    read = ConfigTree.table

    def spoiled(self: ConfigTree, path: Path) -> dict[str, Any] | None:
        table = copy.deepcopy(read(self, path))
        if table is not None and chance.random() < 0.5:
            *parents, last = chance.choice(entries(table))
            spot: Any = table
            for key in parents:
                spot = spot[key]
            spot[last] = chance.choice(JUNK)
        return table

    monkeypatch.setattr(ConfigTree, "table", spoiled)
    found: tuple[Mistake, ...] = ()
    try:
        load_station("choco-14", roots=(CONFIG,))
    except ConfigError as error:
        found = error.mistakes
    assert all(m.file and m.key and m.value and m.allowed for m in found)


PACKS_LINK = 'packs = { kind = "can", interface = "socketcan", channel = "can0", bitrate = 250000 }'


@pytest.mark.parametrize(
    ("entry", "key", "said"),
    [
        ('interface = "socketcan", channel = "can0", host = "x"', "host", "unknown key 'host'"),
        ('interface = "socketcan", channel = "can0", port = 5', "port", "unknown key 'port'"),
        ('interface = "socketcan", channel = "/dev/ttyACM0"', "channel", "'/dev/ttyACM0'"),
        ('interface = "socketcand", channel = "can0", port = 29536', "host", "(absent)"),
        ('interface = "socketcand", channel = "can0", host = "192.0.2.1"', "port", "(absent)"),
        ('interface = "slcan", channel = "can0", bitrate = 250000', "channel", "'can0'"),
        ('interface = "slcan", channel = "/dev/ttyACM0"', "bitrate", "(absent)"),
        ('interface = "slcan", channel = "/dev/ttyACM0", bitrate = 800000', "bitrate", "800000"),
        ('interface = "slcan", channel = "/dev/ttyACM0", bitrate = 250000, host = "x"', "host", "unknown key 'host'"),
        ('interface = "udp_multicast", channel = "192.0.2.1", port = 43113', "channel", "'192.0.2.1'"),
        ('interface = "udp_multicast", channel = "239.74.163.2"', "port", "(absent)"),
        ('interface = "udp_multicast", channel = "239.74.163.2", port = 43113, bitrate = 1', "bitrate", "unknown key"),
        ('interface = "virtual", channel = "a", bitrate = 250000', "bitrate", "unknown key"),
        ('interface = "socketcam", channel = "can0"', "interface", "'socketcam'"),
    ],
)
def test_options_of_a_can_link_belong_to_its_interface(root: Path, entry: str, key: str, said: str) -> None:
    change(root / STATION, (PACKS_LINK, f'packs = {{ kind = "can", {entry} }}'))
    (mistake,) = mistakes(root)
    assert mistake.key == f"links.packs.{key}"
    assert said in mistake.value
    if key == "interface":
        assert mistake.hint == "socketcan"


@pytest.mark.parametrize(
    "entry",
    [
        'interface = "socketcan", channel = "can0"',
        'interface = "socketcand", channel = "can0", host = "192.0.2.1", port = 29536',
        'interface = "slcan", channel = "/dev/serial/by-id/usb-adapter", bitrate = 250000, baudrate = 1000000',
        'interface = "udp_multicast", channel = "239.74.163.2", port = 43113, hop_limit = 1',
        'interface = "udp_multicast", channel = "ff15::1", port = 43113',
        'interface = "virtual", channel = "packs"',
    ],
)
def test_one_word_chooses_the_interface_of_a_can_link(root: Path, entry: str) -> None:
    change(root / STATION, (PACKS_LINK, f'packs = {{ kind = "can", {entry} }}'))
    assert load_station("choco-14", roots=(root,)).config.links["packs"].kind == "can"
