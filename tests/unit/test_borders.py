"""Borders that import-linter cannot draw: what `hal.contract` may import, and that the gate's rules really bite."""

import ast
import re
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


SILENCED = re.compile(r"#\s*(type: ignore|noqa)\b(?P<rest>.*)")
WITH_REASON = re.compile(r"(?:: [A-Z]+\d+(?:, [A-Z]+\d+)* - |\[[a-z-]+(?:, [a-z-]+)*\]  # )\S+")


def silenced_without_reason(source: str) -> list[str]:
    """Comments that turn a check off and do not name it, or do not say why."""
    found = (SILENCED.search(line) for line in source.splitlines())
    return [m.group(0) for m in found if m is not None and WITH_REASON.match(m["rest"]) is None]


@pytest.mark.parametrize("room", ["firmware_py", "hal", "sim"])
def test_a_check_is_turned_off_by_name_and_with_a_reason(room: str) -> None:
    found = {str(p): silenced_without_reason(p.read_text()) for p in (ROOT / room).rglob("*.py")}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("line", "bad"),
    [
        ("x = 1  # noqa: SLF001 - it has no public name", False),
        ("x = 1  # noqa: PLR0911, PLR0912 - one case per verb", False),
        ("x = 1  # type: ignore[return-value]  # one type in all parts", False),
        ("x = 1  # noqa", True),
        ("x = 1  # noqa: SLF001", True),
        ("x = 1  # type: ignore", True),
        ("x = 1  # type: ignore[misc]", True),
        ("x = 1  # type: ignore[misc]  # ", True),
    ],
)
def test_what_is_a_reason(line: str, bad: bool) -> None:
    assert bool(silenced_without_reason(line)) is bad


def test_every_room_is_small() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("firmware_py", "hal", "sim", "tests", "bench")
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long, "split them by subject"
