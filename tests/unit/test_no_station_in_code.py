"""No line of code knows a station: names of stations, cars, packs and products stand in `config/` alone."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = sorted(
    path.stem
    for folder in ("stations", "vehicles", "packs", "chargers", "devices")
    for path in (ROOT / "config" / folder).rglob("*.toml")
    if path.stem != "TEMPLATE" and path.parent.name != "generic"
)
PRODUCTION = sorted(p for package in ("firmware_py", "hal") for p in (ROOT / package).rglob("*.py"))
SIMULATOR = sorted((ROOT / "sim").rglob("*.py"))
STATIONS = sorted(p.stem for p in (ROOT / "config" / "stations").glob("*.toml") if p.stem != "TEMPLATE")
SHOWN = {"sim/campaigns/demo_cli.py": "choco-14", "sim/scenario/load.py": "choco-14"}
"""The one station that is shown when nobody names another."""


def spoken(path: Path) -> list[str]:
    """String constants of a module that are not documentation or examples of a command line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {
        node.value
        for scope in ast.walk(tree)
        if isinstance(body := getattr(scope, "body", None), list)
        for node in body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    constants = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and n not in documentation]
    return [n.value for n in constants if isinstance(n.value, str) and "\n" not in n.value]


@pytest.mark.parametrize("path", PRODUCTION, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_name_of_the_configuration_in_the_controller(path: Path) -> None:
    assert [(name, text) for text in spoken(path) for name in NAMES if name in text] == []


@pytest.mark.parametrize("path", SIMULATOR, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_station_in_the_simulator(path: Path) -> None:
    found = {name for text in spoken(path) for name in STATIONS if name in text}
    assert found <= {SHOWN.get(path.relative_to(ROOT).as_posix(), "")}


def test_a_name_in_code_would_be_seen(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text('"""choco-14"""\nif name == "latch-30":\n    pass\n', encoding="utf-8")
    assert spoken(path) == ["latch-30"]
    assert {"latch-30", "choco-14", "leadshine-cs2rs", "latch-52", "aion-ut"} <= set(NAMES)
