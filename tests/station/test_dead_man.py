"""A device whose start word is a dead-man, in a whole station: repeated while it moves, ended with the motion."""

import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from hal.config.bundle import Station
from hal.config.loader import load_station
from sim.campaigns.scenario_run import run_virtual
from sim.emulators.unit import UnitEmulator
from sim.scenario import load_scenario

CONFIG = Path(__file__).resolve().parents[2] / "config"
EVERY_S = 0.1


@pytest.fixture(name="station", scope="module")
def _station(tmp_path_factory: pytest.TempPathFactory) -> Station:
    root = tmp_path_factory.mktemp("dead-man") / "config"
    shutil.copytree(CONFIG, root)
    file = root / "devices" / "generic" / "shuttle.toml"
    dead_man = f'hazard = "dead-man", rest = 0, rewrite_every_s = {EVERY_S}, drops_after_s = 0.4'
    text = file.read_text()
    assert text.count('hazard = "motion"') == 2
    file.write_text(text.replace('hazard = "motion"', dead_man))
    return load_station("choco-14", roots=(root,))


def test_a_swap_with_a_dead_man_in_its_shuttle(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three moves of about 7 s: some 70 writes each, and silence after the end of the motion but for one stop."""
    writes: list[tuple[float, dict[str, object]]] = []
    act = UnitEmulator.act

    def noted(unit: UnitEmulator, written: dict[str, object]) -> None:
        if unit.unit.name == "shuttle_rail":
            writes.append((round(unit.world.now, 3), written))
        act(unit, written)  # type: ignore[arg-type]

    monkeypatch.setattr(UnitEmulator, "act", noted)
    result = run_virtual(load_scenario("happy"), station=station)
    assert result.misses == ()
    starts = {slot: [at for at, w in writes if w.get(f"{slot}_start")] for slot in ("out", "in")}
    assert all(len(at) > 50 for at in starts.values())
    for at in starts.values():
        gaps = Counter(round(b - a, 1) for a, b in pairwise(at))
        assert gaps[EVERY_S] > 0.95 * len(at), "at its pace"
    stops = [at for at, w in writes if w.get("stop")]
    assert stops
    assert max(writes)[0] == stops[-1], "the last word is a stop"
