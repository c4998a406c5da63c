"""Borders that import-linter cannot draw: what `hal.contract` may import, and that the gate's rules really bite."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACT = sorted((ROOT / "hal" / "contract").rglob("*.py"))
FORBIDDEN_STDLIB = {"asyncio", "time", "random", "socket", "threading", "sqlite3", "os", "subprocess"}


def imported(source: str) -> set[str]:
    """Dotted names of everything that a module imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def strangers(source: str) -> list[str]:
    """Imports that the contract package may not have: anything but itself, pydantic and quiet parts of the library."""
    return sorted(
        name
        for name in imported(source)
        if not name.startswith("hal.contract")
        and name.partition(".")[0] != "pydantic"
        and (name.partition(".")[0] not in sys.stdlib_module_names or name.partition(".")[0] in FORBIDDEN_STDLIB)
    )


def test_the_contract_exists() -> None:
    assert CONTRACT


@pytest.mark.parametrize("path", CONTRACT, ids=lambda path: path.name)
def test_the_contract_can_be_handed_out_alone(path: Path) -> None:
    assert strangers(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line", ["import hal.readings", "from hal import ports", "import can", "import time", "def f():\n import rich.live"]
)
def test_a_stranger_is_seen(line: str) -> None:
    assert len(strangers(line)) == 1
