"""The local control socket: bad input gets an answer, never an end; only a dead socket is replaced."""

import asyncio
import getpass
import json
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from firmware_py.shell.control import Control
from firmware_py.shell.line_client import NobodyListens, ask
from firmware_py.shell.line_socket import BOUNDS, LineServer, Request, RequestError
from firmware_py.shell.peer import Peer
from firmware_py.shell.roles import Roster
from firmware_py.shell.socket_path import SocketTaken

LIMIT_S = 5.0
ME = Peer(1001, 1001, name="me")
LONGEST_LINE = BOUNDS.line_bytes


@pytest.fixture(name="path")
def _path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="swap-") as folder:  # a socket's path has 107 bytes
        yield Path(folder) / "station" / "control.sock"


async def answer(request: Request, peer: Peer) -> Mapping[str, Any]:
    if request.get("action") == "burst":
        raise RuntimeError("a mistake of ours")
    if request.get("action") == "refuse":
        raise RequestError("not that")
    return {"ok": True, "who": peer.name, "request": dict(request)}


@pytest.fixture(name="server")
async def _server(path: Path) -> AsyncIterator[LineServer]:
    async with LineServer(path, answer) as server:
        yield server


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _write(path: Path, text: str) -> None:
    path.write_text(text)


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


async def _talk(path: Path, *lines: bytes) -> list[dict[str, Any]]:
    """Send lines on one connection; the answers until it is closed, or one for each line."""
    async with asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.writelines(lines)
        answers: list[dict[str, Any]] = []
        while len(answers) < len(lines) and (line := await reader.readline()):
            answers.append(json.loads(line))
        writer.close()
    return answers


@pytest.mark.usefixtures("server")
async def test_who_asks_is_what_the_kernel_says(path: Path) -> None:
    (found,) = await _talk(path, b'{"action": "reset", "who": "somebody else"}\n')
    assert found["who"] == getpass.getuser()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"\n", "not JSON"),
        (b"status\n", "not JSON"),
        (b"\xff\xfe\n", "not JSON"),
        (b'"status"\n', "JSON object"),
        (b'["status"]\n', "JSON object"),
        (b"[" * 5000 + b"\n", "not JSON"),
        (b'{"why": "\\ud800"}\n', "not JSON"),
        (b'{"action": "refuse"}\n', "not that"),
        (b'{"action": "burst"}\n', "internal error"),
    ],
)
@pytest.mark.usefixtures("server")
async def test_bad_input_gets_an_error_and_the_next_line_its_answer(path: Path, line: bytes, said: str) -> None:
    bad, good = await _talk(path, line, b'{"action": "status"}\n')
    assert (bad["ok"], said in bad["error"]) == (False, True)
    assert good["ok"] is True


@pytest.mark.usefixtures("server")
async def test_a_line_without_end_is_told_and_dropped(path: Path) -> None:
    (found,) = await _talk(path, b"x" * (2 * LONGEST_LINE))
    assert str(LONGEST_LINE) in found["error"]
    assert (await _talk(path, b"{}\n"))[0]["ok"] is True


@pytest.mark.usefixtures("server")
async def test_only_owner_and_group_may_talk(path: Path) -> None:
    assert _mode(path) == 0o660


async def test_the_socket_is_gone_afterwards_and_talks_are_ended(path: Path) -> None:
    async with LineServer(path, answer):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"{}\n")
        await reader.readline()
    assert _text(path) is None
    async with asyncio.timeout(LIMIT_S):
        assert await reader.read() == b""
    writer.close()


@pytest.mark.usefixtures("server")
async def test_a_living_server_is_not_pushed_out(path: Path) -> None:
    with pytest.raises(SocketTaken, match="somebody listens"):
        await LineServer(path, answer).__aenter__()
    assert (await _talk(path, b"{}\n"))[0]["ok"] is True


async def test_what_a_killed_server_left_is_replaced(path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with LineServer(path, answer):
        assert (await _talk(path, b"{}\n"))[0]["ok"] is True


async def test_a_file_that_is_no_socket_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    _write(path, "precious")
    with pytest.raises(SocketTaken, match="no socket"):
        await LineServer(path, answer).__aenter__()
    assert _text(path) == "precious"


async def test_a_path_longer_than_a_socket_address_serves_too(path: Path) -> None:
    far = path.parent / ("x" * 120) / "control.sock"
    async with LineServer(far, answer):
        found = await asyncio.get_running_loop().run_in_executor(None, ask, far, {"action": "status"}, LIMIT_S)
        assert found["ok"] is True
        with pytest.raises(SocketTaken, match="somebody listens"):
            await LineServer(far, answer).__aenter__()
    assert _text(far) is None


async def test_a_name_that_no_address_holds_is_an_error_that_says_so(path: Path) -> None:
    with pytest.raises(SocketTaken, match="too long"):
        await LineServer(path.parent / ("x" * 120), answer).__aenter__()


def test_the_client_says_that_nobody_listens(path: Path) -> None:
    with pytest.raises(NobodyListens):
        ask(path, {"action": "status"}, LIMIT_S)


def test_the_client_does_not_wait_for_ever(path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(path))
        mute.listen()
        with pytest.raises(TimeoutError, match=r"0\.05 s"):
            ask(path, {"action": "status"}, 0.05)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({}, "allowed: status, watch, reset, hold, resume, abort, clear, mode, step, jog, wire-log"),
        ({"action": "jump"}, "unknown action 'jump'"),
        ({"action": ["reset"]}, "unknown action"),
        ({"action": "reset", "who": "root"}, "unknown key 'who'"),
        ({"action": "reset", "why": 5}, "why is a text"),
        ({"action": "reset", "why": "x" * 501}, "at most 500"),
        ({"action": "wire-log"}, "seconds is a number above 0 and at most 3600"),
        ({"action": "wire-log", "seconds": True}, "seconds is a number"),
        ({"action": "wire-log", "seconds": 3601}, "at most 3600"),
        ({"action": "wire-log", "seconds": 1, "dir": "log"}, "dir is an absolute path"),
        ({"action": "wire-log", "seconds": 1, "stop": True}, "unknown key 'stop'"),
    ],
)
async def test_a_request_that_is_none_never_reaches_the_station(request_: Request, said: str) -> None:
    nobody: Any = None
    with pytest.raises(RequestError, match=said):
        await Control(nobody, nobody, nobody, Path(), Roster({}, {}, ME.uid)).answer(request_, ME)
