"""The demonstration as a person runs it: two processes, real wires, one swap; and its ends that are not good."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from firmware_py.screen import ScreenModel, View
from hal.config.loader import load_station
from sim.campaigns.children import ChildDied, child
from sim.campaigns.demo import DemoFailed, judged
from sim.campaigns.rehearsal import rehearse

COMMAND = [sys.executable, "-c", "from firmware_py.cli import main; main()", "demo"]


def processes_of(folder: Path) -> list[int]:
    """Children of a demonstration, known by the folder in their arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(folder).encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def view_of(faults: list[str]) -> View:
    model = ScreenModel("demo", "choco-14")
    heard = rehearse(load_station("choco-14"), 1, faults=faults)
    for message in heard:
        model.feed(message.topic, message.payload)
    return model.view(heard[-1].at_ms)


@pytest.mark.timeout(90)
def test_one_swap_over_the_wires(tmp_path: Path) -> None:
    ran = subprocess.run(
        [*COMMAND, "--speed", "4", "--json"],
        check=False,
        capture_output=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert ran.returncode == 0, (ran.stdout, ran.stderr)
    told = json.loads(ran.stdout)
    assert (told["ok"], told["outcome"], told["lock_proven"], told["simulated"]) == (True, "completed", True, True)
    assert {point["proof_locked"] for point in told["locks"]["points"]} == {True}
    assert 90 < told["duration_s"] < 130
    assert list(tmp_path.iterdir()) == []
    assert processes_of(tmp_path) == []


async def test_an_interrupt_ends_both_children(tmp_path: Path) -> None:
    demo = await asyncio.create_subprocess_exec(
        *COMMAND, "--speed", "4", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert demo.stdout is not None
    async with asyncio.timeout(40):
        while b"Execute" not in await demo.stdout.readline():
            pass
        assert len(processes_of(tmp_path)) == 2
        demo.send_signal(signal.SIGINT)
        _, said = await demo.communicate()
    assert demo.returncode == 130
    assert b"interrupted" in said
    assert processes_of(tmp_path) == []


async def test_a_child_that_dies_early_shows_its_last_words(tmp_path: Path) -> None:
    async with asyncio.timeout(20), child("controller", ["run", "no-such-station"], tmp_path / "log") as started:
        with pytest.raises(ChildDied, match=r"(?s)controller ended by itself, exit code 78.*no-such-station"):
            await started.watch()


def test_good_is_a_completed_swap_with_lock_proof() -> None:
    view = view_of([])
    assert judged(view, "order-1", [], {}).record.values.lock_proven
    with pytest.raises(DemoFailed, match="hazards"):
        judged(view, "order-1", [{"hazard": "x"}], {})
    with pytest.raises(DemoFailed, match="no record of the swap"):
        judged(view, "another", [], {})


def test_an_aborted_swap_is_not_good_though_its_locks_are_proven() -> None:
    with pytest.raises(DemoFailed, match=r"(?s)aborted with lock proof.*LOCK_FAILED_UNLOCK"):
        judged(view_of(["bolt-stuck point=4"]), "order-1", [], {})
