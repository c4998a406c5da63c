"""Branch coverage of the pure core (gate and engine in it) and of the codecs, by the tests of `make coverage`."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench.figure import Comparison, Figure

ROOT: Final = Path(__file__).parents[1]
SUBJECT: Final = ("firmware_py/core/**/*.py", "hal/codecs/*.py", "tests/unit/**/*.py", "tests/golden/*.py")
COMMAND: Final = "make bench NAMES=coverage"


def run() -> list[Figure]:
    """Statements and branches that a test passes, in % of all. Raises CalledProcessError when a test fails."""
    with tempfile.TemporaryDirectory() as folder:
        data, report = Path(folder) / "data", Path(folder) / "report.json"
        environment = os.environ | {"COVERAGE_FILE": str(data)}
        subprocess.run(["make", "--no-print-directory", "coverage"], cwd=ROOT, env=environment, check=True)
        words = [sys.executable, "-m", "coverage", "json", "-o", str(report)]
        words += ["--include=firmware_py/core/*,hal/codecs/*"]
        subprocess.run(words, cwd=ROOT, env=environment, check=True)
        files = json.loads(report.read_text())["files"]
    return [
        _figure("gate", [f for name, f in files.items() if name.startswith("firmware_py/core/gate")]),
        _figure("engine and all of the core", [f for n, f in files.items() if n.startswith("firmware_py/core/")]),
        _figure("codecs", [f for name, f in files.items() if name.startswith("hal/codecs/")]),
    ]


def _figure(name: str, files: list[dict[str, dict[str, float]]]) -> Figure:
    seen = sum(f["summary"]["covered_branches"] for f in files)
    there = sum(f["summary"]["num_branches"] for f in files)
    note = f"{seen:,.0f} of {there:,.0f} branches in {len(files)} files"
    value = 100 * seen / there
    return Figure(f"branch coverage, {name}", "100", Comparison.EQUAL, value, "%", COMMAND, SUBJECT, note)
