"""A Unix socket that takes one JSON object per line and answers each with one, or with a stream: the serving end.

Whoever may connect may also misbehave. What one user can take of the loop is bounded: connections, requests a second,
bytes of a line, time to finish one, time to take an answer.
"""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

from firmware_py.shell.line_client import line_of
from firmware_py.shell.peer import Names, Peer, peer_of
from firmware_py.shell.socket_path import listener

_log = logging.getLogger(__name__)

Request = Mapping[str, Any]
Stream = AsyncGenerator[Mapping[str, Any], None]
Answerer = Callable[[Request, Peer], Awaitable[Mapping[str, Any] | Stream]]
"""Answers one request of a peer. Raises `RequestError` for one that it does not take."""


class RequestError(ValueError):
    """A request that is no request. The text says what is allowed."""


@dataclass(frozen=True)
class Bounds:
    """What clients may take."""

    line_bytes: int = 8 * 1024
    """Of one request. A client that sends more without an end of line is told so and dropped."""
    line_s: float = 60.0
    """From the end of one answer to the end of the next request."""
    take_s: float = 5.0
    """A client that does not read what it is sent for so long is dropped."""
    talks: int = 64
    talks_each: int = 8
    """Connections of one user; the one that has been silent the longest makes room for the next."""
    requests_s: float = 50.0
    """Requests of one user a second: more wait for their turn."""
    doors_s: float = 200.0
    """Connections of all a second."""
    at_once: int = 50
    """As many of either may come together."""
    wrong: int = 20
    """Lines in a row that are no requests, after which the client is dropped."""


BOUNDS: Final = Bounds()
_PAUSE_S: Final = 0.5
"""After a connection that the system would not give."""


class _Turns:
    """A bucket of turns that fills by `a_second` up to `at_once`."""

    def __init__(self, a_second: float, at_once: int) -> None:
        self._a_second = a_second
        self._room = at_once / a_second
        self._next = 0.0
        """When the next turn would be if none had been saved up."""

    async def take(self) -> None:
        """Returns when it is the caller's turn."""
        now = asyncio.get_running_loop().time()
        self._next = max(self._next, now - self._room) + 1 / self._a_second
        if self._next > now:
            await asyncio.sleep(self._next - now)


@dataclass(eq=False)
class _Talk:
    """One connection. `since`: silent from then on, by the loop's clock; `busy`: a request of it is being answered."""

    uid: int
    since: float
    busy: bool = False
    task: asyncio.Task[None] | None = None


class LineServer:
    """Async context manager that listens at `path` and owns the tasks of its connections.

    A socket file that a killed server left behind is replaced; entering raises `SocketTaken` where somebody lives.
    `group`: whose members may connect, beside the owner; left out, the owner's group.
    """

    def __init__(self, path: Path, answer: Answerer, group: int | None = None, bounds: Bounds = BOUNDS) -> None:
        self._path = path
        self._answer = answer
        self._group = group
        self._bounds = bounds
        self._names = Names()
        self._talks: dict[_Talk, None] = {}
        self._turns: dict[int, _Turns] = {}
        self._door: asyncio.Task[None] | None = None
        self._inode = 0

    async def __aenter__(self) -> Self:
        found = listener(self._path, self._group)
        self._inode = self._path.stat().st_ino
        self._door = asyncio.get_running_loop().create_task(self._accept(found), name="control-door")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._path.exists() and self._path.stat().st_ino == self._inode:
            self._path.unlink()
        tasks = [task for task in (self._door, *(talk.task for talk in self._talks)) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ---------------------------------------------------------------- connections

    async def _accept(self, found: socket.socket) -> None:
        loop, doors = asyncio.get_running_loop(), _Turns(self._bounds.doors_s, self._bounds.at_once)
        with found:
            while True:
                await doors.take()
                try:
                    connection, _ = await loop.sock_accept(found)
                except OSError as error:
                    _log.warning("no connection could be taken: %s", error)
                    await asyncio.sleep(_PAUSE_S)
                    continue
                self._begin(connection)

    def _begin(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            peer = peer_of(connection)
        except OSError as error:
            _log.warning("who connects cannot be told: %s", error)
            connection.close()
            return
        if not self._make_room(peer.uid):
            with suppress(OSError), connection:
                connection.send(line_of(_error("too many connections: try again later")))
            return
        talk = _Talk(peer.uid, loop.time())
        self._talks[talk] = None
        talk.task = loop.create_task(self._talk(talk, peer, connection), name="control-client")
        talk.task.add_done_callback(lambda _: self._end(talk, connection))

    def _end(self, talk: _Talk, connection: socket.socket) -> None:
        self._talks.pop(talk, None)
        connection.close()

    def _make_room(self, uid: int) -> bool:
        """The user's own silent connections make room for the next one; others' are never touched."""
        own = [talk for talk in self._talks if talk.uid == uid]
        if len(own) < self._bounds.talks_each and len(self._talks) < self._bounds.talks:
            return True
        silent = min((talk for talk in own if not talk.busy), key=lambda talk: talk.since, default=None)
        if silent is None or silent.task is None:
            return False
        silent.task.cancel()
        self._talks.pop(silent, None)
        return True

    async def _talk(self, talk: _Talk, peer: Peer, connection: socket.socket) -> None:
        reader, writer = await asyncio.open_unix_connection(sock=connection, limit=self._bounds.line_bytes)
        writer.transport.set_write_buffer_limits(0)  # what was sent has left: nothing is kept for who does not read
        try:
            await self._converse(talk, replace(peer, name=await self._names.of(peer.uid)), reader, writer)
        except (TimeoutError, ConnectionError):
            pass  # the client has gone, forgot us, or does not read
        except Exception:  # edge of the socket, see `_reply`
            _log.exception("talk with %s failed", peer)
        finally:
            writer.transport.abort()

    async def _converse(
        self, talk: _Talk, peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        turns = self._turns.setdefault(peer.uid, _Turns(self._bounds.requests_s, self._bounds.at_once))
        wrong, loop = 0, asyncio.get_running_loop()
        while wrong < self._bounds.wrong:
            try:
                async with asyncio.timeout(self._bounds.line_s):
                    line = await reader.readline()
            except ValueError:
                await self._send(writer, _error(f"a request is one line of at most {self._bounds.line_bytes} bytes"))
                return
            if not line:
                return
            talk.busy = True
            await turns.take()
            right, answer = await self._reply(line, peer)
            wrong = 0 if right else wrong + 1
            if not isinstance(answer, Mapping):
                talk.busy, talk.since = False, loop.time()  # who only listens makes room for who has a request
                await self._stream(answer, reader, writer)
                return
            await self._send(writer, answer)
            talk.busy, talk.since = False, loop.time()
        await self._send(writer, _error(f"{wrong} lines in a row were no requests: closed"))

    async def _reply(self, line: bytes, peer: Peer) -> tuple[bool, Mapping[str, Any] | Stream]:
        """Whether it was a request, and the answer."""
        try:
            return True, await self._answer(_parse(line), peer)
        except RequestError as error:
            return False, _error(str(error))
        except Exception:  # edge of the socket: a mistake in one answer must not end the station
            _log.exception("request of %s failed", peer)
            return False, _error("internal error: see the log of the station")

    async def _stream(self, answers: Stream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send what comes until the client says another word, or goes."""

        async def send() -> None:
            async for answer in answers:
                await self._send(writer, answer)

        try:
            async with asyncio.TaskGroup() as group:
                sending = group.create_task(send(), name="control-stream")
                await reader.read(1)
                sending.cancel()
        except* (TimeoutError, ConnectionError):
            pass
        finally:
            await answers.aclose()

    async def _send(self, writer: asyncio.StreamWriter, answer: Mapping[str, Any]) -> None:
        writer.write(line_of(answer))
        async with asyncio.timeout(self._bounds.take_s):
            await writer.drain()


def _parse(line: bytes) -> Request:
    try:
        request = json.loads(line)
        line_of(request)  # half a surrogate pair would fail at the first file that it is to be written to
    except (ValueError, RecursionError) as error:
        raise RequestError(f"not JSON: {error}") from None
    if not isinstance(request, dict):
        raise RequestError('a request is a JSON object, such as {"action": "status"}')
    return request


def _error(text: str) -> dict[str, Any]:
    return {"ok": False, "error": text}
