"""A running controller and processes of other users: what each may do is what the kernel says of its groups."""

import asyncio
import grp
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.wire.processes import STATION, bench

CONFIG = Path(__file__).resolve().parents[2] / "config"
LIMIT_S = 15.0
UID = 61234
ASK = (
    "import os, socket, sys\n"
    "who = [int(word) for word in sys.argv[3:]]\n"
    "os.setgroups(who[1:]); os.setgid(who[0]); os.setuid(who[0])\n"
    "with socket.socket(socket.AF_UNIX) as connection:\n"
    "    connection.connect(sys.argv[1])\n"
    "    connection.sendall(sys.argv[2].encode() + b'\\n')\n"
    "    sys.stdout.write(connection.makefile().readline())\n"
)


def three_groups() -> list[grp.struct_group]:
    """Groups that are on this machine anyway."""
    return [group for group in sorted(grp.getgrall(), key=lambda g: g.gr_gid) if group.gr_gid > 0][:3]


def of_groups(folder: Path, names: list[str]) -> Path:
    """The station's file with these groups for its roles."""
    text = (CONFIG / "stations" / f"{STATION}.toml").read_text()
    for role, name in zip(("view", "operate", "maintain"), names, strict=True):
        assert f'"swapstation-{role}"' in text
        text = text.replace(f'"swapstation-{role}"', f'"{name}"')
    path = folder / "stations" / f"{STATION}.toml"
    path.parent.mkdir()
    path.write_text(text)
    return folder


async def ask(path: Path, request: dict[str, Any], *groups: int) -> dict[str, Any] | str:
    """As another user that is in these groups alone: the answer, or how the connection failed."""
    words = (str(path), json.dumps(request), str(UID), *map(str, groups))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ASK, *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    async with asyncio.timeout(LIMIT_S):
        out, err = await process.communicate()
    if process.returncode:
        return err.decode().splitlines()[-1]
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.mark.needs_root
@pytest.mark.timeout(90)
async def test_each_user_may_do_what_the_groups_give_and_is_told_the_way_to_the_rest(tmp_path: Path) -> None:
    view, operate, maintain = three_groups()
    config = of_groups(tmp_path, [view.gr_name, operate.gr_name, maintain.gr_name])
    async with bench() as on, on.simulator() as simulator:
        on.folder.chmod(0o755)
        wires = {**simulator, "run": [*simulator["run"], "--config", str(config)]}
        async with on.controller(wires):
            path = on.folder / "swapstation" / STATION / "control.sock"
            assert str(await ask(path, {"action": "status"})).startswith("PermissionError")

            seen = await ask(path, {"action": "status"}, view.gr_gid)
            assert isinstance(seen, dict)
            assert seen["status"]["packml"] == "Stopped"
            refused = await ask(path, {"action": "reset", "why": "x"}, view.gr_gid)
            assert isinstance(refused, dict)
            assert f"needs the role operate, uid {UID} has view" in refused["error"]
            assert f"`sudo usermod -aG {operate.gr_name} NAME`" in refused["error"]

            done = await ask(path, {"action": "reset", "why": "x"}, view.gr_gid, operate.gr_gid)
            assert isinstance(done, dict)
            assert done["answer"] == "accepted"
            refused = await ask(path, {"action": "mode", "mode": "manual", "why": "x"}, view.gr_gid, operate.gr_gid)
            assert isinstance(refused, dict)
            assert refused["needs"] == "maintain"

            jog = {"action": "jog", "device": "lift", "by_mm": 5, "why": "x"}
            judged = await ask(path, jog, view.gr_gid, maintain.gr_gid)
            assert isinstance(judged, dict)
            assert judged["reason"] == "jog is for Manual, mode is Production", "the mode is in the way, not the role"

        rows = (await on.command("db", "export", STATION)).out.splitlines()
        kept = [json.loads(row) for row in rows if '"kind": "operator' in row]
        acts = [
            (row["kind"], row["body"].get("action"), row["body"].get("uid"), row["body"].get("role")) for row in kept
        ]
        assert ("operator-refused", "reset", UID, "view") in acts
        assert ("operator", "reset", UID, "operate") in acts
        assert ("operator", "jog", UID, "maintain") in acts
