"""Who is at the other end of a Unix socket: what the kernel says of the process, never a word of its own."""

import asyncio
import pwd
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

_PEERGROUPS: Final = 59
"""SO_PEERGROUPS of asm-generic/socket.h, in Linux since 4.13; Python has no name for it."""
_GROUPS_BYTES: Final = 1024
"""The most that `socket.getsockopt` takes: 256 groups."""
NAME_S: Final = 1.0
"""A directory service that has not told a user's name by then is not waited for."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The process that connected, as it was when it did: a group that its user got since then does not count."""

    uid: int
    gid: int
    groups: frozenset[int] = frozenset()
    """Supplementary groups."""
    name: str = ""

    def __str__(self) -> str:
        return f"{self.name or 'a user'} (uid {self.uid})" if self.has_name else nameless(self.uid)

    @property
    def has_name(self) -> bool:
        """This machine knows the user."""
        return self.name != nameless(self.uid)


def nameless(uid: int) -> str:
    """Stands for the name of a user that this machine does not know."""
    return f"uid {uid}"


def peer_of(connection: socket.socket) -> Peer:
    """Raises OSError."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, gid = struct.unpack("iII", raw)
    return Peer(uid, gid, _groups(connection))


def _groups(connection: socket.socket) -> frozenset[int]:
    """None where the kernel does not tell, or tells of too many: then user and primary group count alone."""
    try:
        raw = connection.getsockopt(socket.SOL_SOCKET, _PEERGROUPS, _GROUPS_BYTES)
    except OSError:
        return frozenset()
    return frozenset(struct.unpack(f"{len(raw) // 4}I", raw))


class Names:
    """Names of users. They may come over a network, so they are looked up beside the loop, each once."""

    def __init__(self) -> None:
        self._found: dict[int, asyncio.Future[str]] = {}

    async def of(self, uid: int) -> str:
        """The name; `uid 1001` where there is none, or not soon enough."""
        if uid not in self._found:
            self._found[uid] = asyncio.get_running_loop().create_future()
            threading.Thread(target=_look_up, args=(uid, self._found[uid]), name="user-name", daemon=True).start()
        try:
            async with asyncio.timeout(NAME_S):
                return await asyncio.shield(self._found[uid])
        except TimeoutError:
            return nameless(uid)


def _look_up(uid: int, found: asyncio.Future[str]) -> None:
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = nameless(uid)
    with suppress(RuntimeError):  # the loop has ended meanwhile
        found.get_loop().call_soon_threadsafe(found.set_result, name)
