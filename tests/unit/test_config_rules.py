"""Rules of device files that protect machinery: each has a file that breaks it and one that does not."""

import shutil
from pathlib import Path

import pytest

from hal.config.loader import check_file, load_station
from hal.errors import ConfigError

CONFIG = Path(__file__).resolve().parents[2] / "config"
HEAD = """
[device]
model = "m"
title = "t"
protocol = "modbus"
source = "s"
verified_on_hardware = false
address_base = 0
functions = [1, 3, 4, 5, 6, 16]
timeout_s = 0.1
max_read = 8
max_write = 8
max_gap = 0
reply_s = 0.01
memory_every_s = 10.0
"""
H = 'table = "holding", address'
W = 'type = "u16", access = "w"'
COIL = 'table = "coil", address = 9, type = "bool", access = "w"'


def mistakes(tmp_path: Path, registers: str, commands: str = "") -> dict[str, str]:
    path = tmp_path / "devices" / "m.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{HEAD}[registers]\n{registers}\n{commands}", encoding="utf-8")
    return {m.key: m.allowed for m in check_file(path)}


def move(*steps: str) -> str:
    return f"[commands.move]\nsteps = [{', '.join(steps)}]"


ENABLED = f'enabled = {{ {H} = 0, type = "bool", bit = 0 }}\n'
GO = f'go = {{ {H} = 9, {W}, hazard = "motion" }}\n'
SEEN = "{ wait = { enabled = true }, limit_s = 1.0 }"


@pytest.mark.parametrize(
    ("registers", "commands", "key"),
    [
        # 1: one address base in a file
        (
            f'a = {{ {H} = 5, type = "u16", ref = 40006 }}\nb = {{ {H} = 8, type = "u16", ref = 40008 }}',
            "",
            "registers.b.ref",
        ),
        # 2: word order belongs to the value
        (f'a = {{ {H} = 5, type = "s32" }}', "", "registers.a.word_order"),
        (f'a = {{ {H} = 5, type = "u16", word_order = "ABCD" }}', "", "registers.a.word_order"),
        # 3: seen enabled before it moves
        (ENABLED + GO, move("{ write = { go = 1 } }"), "commands.move.steps.0.write.go"),
        (ENABLED + GO, move("{ write = { go = 1 } }", SEEN), "commands.move.steps.0.write.go"),
        # 4: edges both ways
        (
            f"go = {{ {H} = 9, {W}, edge = true }}",
            move("{ write = { go = 1 } }"),
            "commands.move.go",
        ),
        (
            f"go = {{ {H} = 9, {W}, edge = true }}",
            move("{ write = { go = 1 } }", "{ write = { go = 0 } }"),
            "commands.move.go",
        ),
        (
            f'go = {{ {H} = 9, {W}, edge = true, hazard = "motion", rest = 5 }}',
            move("{ write = { go = 0 } }", "{ write = { go = 5 } }", "{ write = { go = 0 } }"),
            "commands.move.go",
        ),
        (f'go = {{ {H} = 9, type = "u16", edge = true }}', "", "registers.go.edge"),
        (
            f"go = {{ {H} = 9, {W}, edge = true, rewrite_every_s = 1.0 }}",
            "",
            "registers.go.rewrite_every_s",
        ),
        # 5: nothing that moves is written again and again
        (
            f'go = {{ {H} = 9, {W}, hazard = "motion", rewrite_every_s = 1.0 }}',
            "",
            "registers.go.rewrite_every_s",
        ),
        (
            GO,
            "[commands.heartbeat]\nsteps = [{ write = { go = 1 } }]",
            "commands.heartbeat.steps.0.write.go",
        ),
        (
            f"go = {{ {H} = 9, {W}, edge = true }}",
            "[commands.heartbeat]\nsteps = [{ write = { go = 0 } }, { write = { go = 1 } }]",
            "commands.heartbeat.steps.0.write.go commands.heartbeat.steps.1.write.go",
        ),
        (
            f'a = {{ {H} = 9, type = "u16", access = "rw", eeprom = true }}',
            "[commands.heartbeat]\nsteps = [{ unless = { a = 1 }, write = { a = 1 } }]",
            "commands.heartbeat.steps.0.write.a",
        ),
        (f"a = {{ {H} = 9, {W}, rest = 0 }}", "", "registers.a.rest"),
        # 6: cleared by a read: never polled, one reader
        (
            'a = { table = "input", address = 9, type = "u16", clears_on_read = true, cyclic = true }',
            "",
            "registers.a.cyclic",
        ),
        (
            'a = { table = "input", address = 9, type = "u16", clears_on_read = true }',
            move("{ wait = { a = 1 }, limit_s = 1.0 }")
            + "\n[commands.stop]\nsteps = [{ wait = { a = 1 }, limit_s = 1.0 }]",
            "registers.a.clears_on_read",
        ),
        # 7: memories that wear out
        (f"a = {{ {H} = 9, {W}, eeprom = true }}", "", "registers.a.access"),
        (
            f'a = {{ {H} = 9, type = "u16", access = "rw", eeprom = true }}',
            move("{ write = { a = 1 } }"),
            "commands.move.steps.0.write.a",
        ),
        (
            f"a = {{ {H} = 9, {W}, eeprom_values = [99] }}",
            move("{ write = { a = 99 } }"),
            "commands.move.steps.0.write.a",
        ),
        (
            f"a = {{ {H} = 9, {W}, eeprom_values = [99] }}",
            move('{ write = { a = "$position_mm" } }'),
            "commands.move.steps.0.write.a",
        ),
        (
            f'a = {{ {H} = 9, type = "u16", access = "rw", eeprom = true, rewrite_every_s = 1.0 }}',
            "",
            "registers.a.rewrite_every_s",
        ),
        # 8: dead-man
        (f'a = {{ {COIL}, hazard = "dead-man" }}', "", "registers.a.rewrite_every_s"),
        (f"a = {{ {H} = 9, {W}, rewrite_every_s = 0.005 }}", "", "registers.a.rewrite_every_s"),
        (f'a = {{ {H} = 9, type = "u16", rewrite_every_s = 0.5 }}', "", "registers.a.rewrite_every_s"),
        (
            f"a = {{ {H} = 9, {W}, rewrite_every_s = 0.5, drops_after_s = 0.6 }}",
            "",
            "registers.a.drops_after_s",
        ),
        # 9: a value and what says that it counts
        (f'a = {{ {H} = 0, type = "u16", valid = {{ b = [1] }} }}', "", "registers.a.valid.b"),
        (
            f'a = {{ {H} = 0, type = "u16", valid = {{ b = [1] }} }}\nb = {{ {H} = 8, type = "u16" }}',
            "",
            "registers.a.valid",
        ),
        (
            f'a = {{ {H} = 0, type = "u16", valid = {{ b = ["good"] }} }}\n'
            f'b = {{ {H} = 1, type = "u16", enum = {{ "0" = "ok" }} }}',
            "",
            "registers.a.valid.b",
        ),
        (
            f'a = {{ {H} = 0, type = "u16", valid = {{ b = [1] }} }}\nb = {{ {H} = 2, type = "u16" }}\n'
            f'c = {{ {H} = 1, type = "u16", clears_on_read = true }}',
            "",
            "registers.a.valid",
        ),
        # bits of a word
        (f'a = {{ {H} = 0, type = "u16", bit = 14, width = 3 }}', "", "registers.a.width"),
        (f'a = {{ {H} = 0, type = "s16", bit = 1, width = 3 }}', "", "registers.a.width"),
        (
            f'a = {{ {H} = 0, type = "u16", bit = 0, width = 5 }}\nb = {{ {H} = 0, type = "bool", bit = 4 }}',
            "",
            "registers.b.address",
        ),
    ],
)
def test_a_broken_rule_is_named(tmp_path: Path, registers: str, commands: str, key: str) -> None:
    found = mistakes(tmp_path, registers, commands)
    assert list(found) == key.split()


@pytest.mark.parametrize(
    ("registers", "commands"),
    [
        (
            f'a = {{ {H} = 5, type = "u16", ref = 40006 }}\n'
            'b = { table = "input", address = 5, type = "u16", ref = 30006 }',
            "",
        ),
        (ENABLED + GO, move("{ unless = { enabled = true }, write = { x = 1 } }", SEEN, "{ write = { go = 1 } }")),
        (ENABLED + GO, "[commands.stop]\nsteps = [{ write = { go = 0 } }]"),
        (
            ENABLED + GO.replace('"motion"', '"motion", rest = 0'),
            move("{ write = { go = 0 } }", SEEN, "{ write = { go = 1 } }"),
        ),
        (
            f"go = {{ {H} = 9, {W}, edge = true }}",
            move("{ write = { go = 0 } }", "{ write = { go = 1 } }"),
        ),
        (
            'a = { table = "input", address = 9, type = "u16", clears_on_read = true }',
            move("{ wait = { a = 1 }, limit_s = 1.0 }"),
        ),
        (
            f'a = {{ {H} = 9, type = "u16", access = "rw", eeprom = true }}',
            move("{ unless = { a = 1 }, write = { a = 1 } }"),
        ),
        (f"a = {{ {H} = 9, {W}, eeprom_values = [99] }}", move("{ write = { a = 8 } }")),
        (
            f'a = {{ {COIL}, hazard = "dead-man", rewrite_every_s = 0.05, drops_after_s = 0.2 }}',
            "",
        ),
        (f'a = {{ {H} = 0, type = "u16", valid = {{ b = [1] }} }}\nb = {{ {H} = 7, type = "u16" }}', ""),
    ],
)
def test_a_kept_rule_is_no_mistake(tmp_path: Path, registers: str, commands: str) -> None:
    x = f"x = {{ {H} = 20, {W} }}\n"
    assert mistakes(tmp_path, x + registers, commands) == {}


def test_a_memory_that_wears_out_has_a_stated_pace(tmp_path: Path) -> None:
    path = tmp_path / "devices" / "m.toml"
    path.parent.mkdir()
    head = HEAD.replace("memory_every_s = 10.0\n", "")
    path.write_text(f'{head}[registers]\na = {{ {H} = 9, type = "u16", access = "rw", eeprom = true }}\n')
    assert [m.key for m in check_file(path)] == ["registers.a.eeprom"]


def test_a_unit_that_drops_out_in_silence_is_polled_in_time(tmp_path: Path) -> None:
    root = tmp_path / "config"
    shutil.copytree(CONFIG, root)
    drive = root / "devices/axis/leadshine-cs2rs.toml"
    drive.write_text(drive.read_text().replace("reply_s =", "silence_s = 1.5\nreply_s =", 1))
    with pytest.raises(ConfigError) as caught:
        load_station("choco-14", roots=(root,))
    assert [m.key for m in caught.value.mistakes] == ["units.lift_drive.poll.idle_s"]
