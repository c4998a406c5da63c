"""A Unix socket that takes one JSON object per line and answers each with one: server, and client of the CLI."""

import asyncio
import errno
import json
import logging
import os
import pwd
import socket
import stat
import struct
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

_log = logging.getLogger(__name__)
LONGEST_LINE: Final = 64 * 1024
"""Bytes of one request. A client that sends more without an end of line is told so and dropped."""
IDLE_S: Final = 60.0
"""A connection that says nothing for so long is closed."""
LONGEST_PATH: Final = 107
"""Bytes of a socket's address, by the kernel's sockaddr_un."""
SOCKET_MODE: Final = 0o660

Request = Mapping[str, Any]
Answerer = Callable[[Request, str], Awaitable[Mapping[str, Any]]]
"""Answers one request of a named user. Raises `RequestError` for one that it does not take."""


class RequestError(ValueError):
    """A request that is no request. The text says what is allowed."""


class SocketTaken(OSError):
    """The path cannot be listened on. The text says why."""


class NobodyListens(OSError):
    """No server answers at the path. The text says what was tried."""


class LineServer:
    """Async context manager that listens at `path` and owns the tasks of its connections.

    A socket file that a killed server left behind is replaced; entering raises `SocketTaken` where somebody lives.
    """

    def __init__(self, path: Path, answer: Answerer) -> None:
        self._path = path
        self._answer = answer
        self._talks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._inode = 0

    async def __aenter__(self) -> Self:
        listener = _listener(self._path)
        self._inode = self._path.stat().st_ino
        self._server = await asyncio.start_unix_server(self._accept, sock=listener, limit=LONGEST_LINE)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        if self._path.exists() and self._path.stat().st_ino == self._inode:
            self._path.unlink()
        talks = tuple(self._talks)
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.get_running_loop().create_task(self._talk(reader, writer), name="control-client")
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        who = _peer(writer)
        try:
            while True:
                async with asyncio.timeout(IDLE_S):
                    line = await reader.readline()
                if not line:
                    return
                writer.write(_line(await self._reply(line, who)))
                await writer.drain()
        except ValueError:
            writer.write(_line(_error(f"a request is one line of at most {LONGEST_LINE} bytes")))
        except (TimeoutError, ConnectionError):
            pass  # the client has gone, or forgot us
        finally:
            writer.close()

    async def _reply(self, line: bytes, who: str) -> Mapping[str, Any]:
        try:
            return await self._answer(_parse(line), who)
        except RequestError as error:
            return _error(str(error))
        except Exception:  # edge of the socket: a mistake in one answer must not end the station
            _log.exception("request of %s failed", who)
            return _error("internal error: see the log of the station")


def ask(path: Path, request: Request, timeout_s: float) -> dict[str, Any]:
    """Send one request and wait for its answer. Blocks. Raises `NobodyListens`, and TimeoutError after `timeout_s`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        try:
            with _reachable(path) as name:
                connection.connect(name)
            connection.sendall(_line(request))
            answer = connection.makefile("rb").readline()
        except TimeoutError:
            raise TimeoutError(f"no answer within {timeout_s:g} s at {path}") from None
        except OSError as error:
            raise NobodyListens(f"{path}: {error.strerror or error}") from error
    return _answer_of(answer, path)


async def ask_async(path: Path, request: Request, timeout_s: float) -> dict[str, Any]:
    """As `ask`, without blocking the loop."""
    try:
        async with asyncio.timeout(timeout_s):
            with _reachable(path) as name:
                reader, writer = await asyncio.open_unix_connection(name)
            try:
                writer.write(_line(request))
                answer = await reader.readline()
            finally:
                writer.close()
    except TimeoutError:
        raise TimeoutError(f"no answer within {timeout_s:g} s at {path}") from None
    except OSError as error:
        raise NobodyListens(f"{path}: {error.strerror or error}") from error
    return _answer_of(answer, path)


def _answer_of(line: bytes, path: Path) -> dict[str, Any]:
    if not line:
        raise NobodyListens(f"{path}: the connection was closed without an answer")
    found: dict[str, Any] = json.loads(line)
    return found


def _listener(path: Path) -> socket.socket:
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _reachable(path) as name:
            listener.bind(name)
        path.chmod(SOCKET_MODE)  # nobody can connect before `listen`
    except OSError as error:
        listener.close()
        raise SocketTaken(f"{path}: {error.strerror or error}") from error
    return listener


@contextmanager
def _reachable(path: Path) -> Iterator[str]:
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
            with _reachable(path) as name:
                probe.connect(name)
        except ConnectionRefusedError:
            path.unlink()
        except OSError as error:
            raise SocketTaken(f"{path}: {error.strerror or error}") from error
        else:
            raise SocketTaken(f"{path}: somebody listens there already")


def _peer(writer: asyncio.StreamWriter) -> str:
    raw = writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", raw)
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _parse(line: bytes) -> Request:
    try:
        request = json.loads(line)
    except ValueError as error:
        raise RequestError(f"not JSON: {error}") from None
    if not isinstance(request, dict):
        raise RequestError('a request is a JSON object, such as {"action": "status"}')
    return request


def _error(text: str) -> dict[str, Any]:
    return {"ok": False, "error": text}


def _line(answer: Mapping[str, Any]) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
