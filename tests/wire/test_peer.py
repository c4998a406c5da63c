"""Who is at the other end of a Unix socket, by the kernel: of this process, and of one with another user and groups."""

import asyncio
import getpass
import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware_py.shell.line_socket import LineServer, Request
from firmware_py.shell.peer import Names, Peer

LIMIT_S = 10.0
UID, GID, GROUPS = 61234, 61235, [61236, 61237]
ASK = (
    "import os, socket, sys\n"
    "if who := [int(word) for word in sys.argv[2:]]:\n"
    "    os.setgroups(who[2:]); os.setgid(who[1]); os.setuid(who[0])\n"
    "with socket.socket(socket.AF_UNIX) as connection:\n"
    "    connection.connect(sys.argv[1])\n"
    "    connection.sendall(b'{}\\n')\n"
    "    sys.stdout.write(connection.makefile().readline())\n"
)


@pytest.fixture(name="path")
def _path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="swap-") as folder:
        yield Path(folder) / "control.sock"


async def answer(_: Request, peer: Peer) -> dict[str, Any]:
    return {"ok": True, "uid": peer.uid, "gid": peer.gid, "groups": sorted(peer.groups), "name": peer.name}


async def asked(path: Path, *who: int) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ASK, str(path), *map(str, who), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    async with asyncio.timeout(LIMIT_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_of_this_process_user_groups_and_name_are_told(path: Path) -> None:
    async with LineServer(path, answer):
        _, out, _ = await asked(path)
    said = json.loads(out)
    assert (said["uid"], said["gid"], said["name"]) == (os.getuid(), os.getgid(), getpass.getuser())
    assert said["groups"] == sorted(os.getgroups())


def _group_and_mode(path: Path) -> tuple[int, int]:
    return path.stat().st_gid, stat.S_IMODE(path.stat().st_mode)


@pytest.mark.needs_root
async def test_of_another_user_the_primary_and_the_supplementary_groups_are_told(path: Path) -> None:
    path.parent.chmod(0o755)
    async with LineServer(path, answer, GROUPS[1]):
        assert _group_and_mode(path) == (GROUPS[1], 0o660)
        code, out, err = await asked(path, UID, GID, *GROUPS)
        assert code == 0, err
        assert json.loads(out) == {"ok": True, "uid": UID, "gid": GID, "groups": GROUPS, "name": f"uid {UID}"}
        code, _, err = await asked(path, UID, GID, GROUPS[0])
        assert (code, "PermissionError" in err) == (1, True), "no member of the socket's group"


async def test_a_name_that_is_not_told_in_time_does_not_hold_the_answer_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from threading import Event

    from firmware_py.shell import peer

    told = Event()

    class Slow:
        def __init__(self, uid: int) -> None:
            told.wait(LIMIT_S)
            self.pw_name = f"late-{uid}"

    monkeypatch.setattr(peer.pwd, "getpwuid", Slow)
    monkeypatch.setattr(peer, "NAME_S", 0.05)
    names = Names()
    assert await names.of(7) == "uid 7"
    told.set()
    async with asyncio.timeout(LIMIT_S):
        while await names.of(7) != "late-7":
            await asyncio.sleep(0.01)
