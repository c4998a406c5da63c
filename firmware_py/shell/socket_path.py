"""The file of a Unix socket: listened on by one alone, replaced where a killed server left it."""

import errno
import logging
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)
LONGEST_PATH: Final = 107
"""Bytes of a socket's address, by the kernel's sockaddr_un."""
SOCKET_MODE: Final = 0o660
BACKLOG: Final = 128


class SocketTaken(OSError):
    """The path cannot be listened on. The text says why."""


def listener(path: Path, group: int | None = None) -> socket.socket:
    """A socket that listens at the path, for its owner and a group: `group`, or the owner's. Raises `SocketTaken`."""
    _remove_stale(path)
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with reachable(path) as name:
            found.bind(name)
        if group is not None:
            _give(path, group)
        path.chmod(SOCKET_MODE)
        found.listen(BACKLOG)  # nobody can connect before
    except OSError as error:
        found.close()
        raise SocketTaken(f"{path}: {error.strerror or error}") from error
    found.setblocking(False)
    return found


def _give(path: Path, group: int) -> None:
    try:
        os.chown(path, -1, group)
    except PermissionError:
        _log.warning("%s stays with its own group: we are no member of group %d", path, group)


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """The path in no more bytes than a socket's address has, by way of its open folder. Raises OSError."""
    if len(os.fsencode(path)) <= LONGEST_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        name = f"/proc/self/fd/{folder}/{path.name}"
        if len(os.fsencode(name)) > LONGEST_PATH:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        yield name
    finally:
        os.close(folder)


def _remove_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return
    if not stat.S_ISSOCK(mode):
        raise SocketTaken(f"{path} is there and is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            with reachable(path) as name:
                probe.connect(name)
        except ConnectionRefusedError:
            path.unlink()
        except OSError as error:
            raise SocketTaken(f"{path}: {error.strerror or error}") from error
        else:
            raise SocketTaken(f"{path}: somebody listens there already")
