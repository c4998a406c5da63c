"""The composition root in this process: what it leaves behind when the controller falls."""

import asyncio
from pathlib import Path

import pytest

from firmware_py.shell.assembly import run_station
from firmware_py.shell.controller import Controller
from hal.config.loader import load_station
from hal.contract import Status
from sim.campaigns.serve import Served, serve_station

LIMIT_S = 15.0


async def test_a_controller_that_falls_is_offline_and_nothing_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fall(controller: Controller) -> None:
        await controller.ready.wait()
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(Controller, "_reports", fall)
    async with serve_station(load_station("choco-14"), seed=1) as served, asyncio.timeout(LIMIT_S):
        station = load_station("choco-14", overlay=_overlay(served, tmp_path))
        socket = tmp_path / "c.sock"
        with pytest.raises(ExceptionGroup) as fallen:
            await run_station(station, state_dir=tmp_path, control_socket=socket)
        assert fallen.group_contains(RuntimeError, match="a mistake of ours", depth=None)
        kept = served.broker.core.retained[served.topics.status]
    assert Status.model_validate_json(kept.payload).values.state == "offline"
    assert "c.sock" not in _names(tmp_path)


def _overlay(served: Served, folder: Path) -> Path:
    path = folder / "links.toml"
    path.write_text(served.overlay)
    return path


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]
