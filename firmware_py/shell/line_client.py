"""The asking end of a socket of lines: one JSON object a line, each answered by one, or by a stream of them."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any, Final

from firmware_py.shell.socket_path import reachable

LONGEST_ANSWER: Final = 1 << 20
"""Bytes of one line of an answer."""


class NobodyListens(OSError):
    """No server answers at the path. The text says what was tried."""


def ask(path: Path, request: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
    """Send one request and wait for its answer. Blocks. Raises `NobodyListens`, and TimeoutError after `timeout_s`."""
    try:
        with _connected(path, timeout_s) as connection:
            connection.settimeout(timeout_s)
            connection.sendall(line_of(request))
            answer = connection.makefile("rb").readline()
    except (TimeoutError, BlockingIOError):
        raise TimeoutError(f"no answer within {timeout_s:g} s at {path}") from None
    except OSError as error:
        raise NobodyListens(f"{path}: {error.strerror or error}") from error
    return _answer_of(answer, path)


async def ask_async(path: Path, request: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
    """As `ask`, without blocking the loop."""
    answers = hear(path, request, timeout_s)
    try:
        return await anext(answers)
    finally:
        await answers.aclose()


async def hear(path: Path, request: Mapping[str, Any], timeout_s: float) -> AsyncGenerator[dict[str, Any], None]:
    """Send one request; its answers, for as long as they come.

    Raises `NobodyListens` where the connection cannot be made or is closed, TimeoutError where nothing came for
    `timeout_s`.
    """
    try:
        connection = _connected(path, timeout_s)
        reader, writer = await asyncio.open_unix_connection(sock=connection, limit=LONGEST_ANSWER)
        try:
            writer.write(line_of(request))
            while True:
                async with asyncio.timeout(timeout_s):
                    line = await reader.readline()
                yield _answer_of(line, path)
        finally:
            writer.close()
    except (TimeoutError, BlockingIOError):
        raise TimeoutError(f"no answer within {timeout_s:g} s at {path}") from None
    except NobodyListens:
        raise
    except OSError as error:
        raise NobodyListens(f"{path}: {error.strerror or error}") from error


def _connected(path: Path, timeout_s: float) -> socket.socket:
    """A connection, or BlockingIOError after `timeout_s`: where many wait for the server, so does this one.

    A socket in non-blocking mode is not put into the queue at all (connect(2), EAGAIN), hence the kernel's time-out.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    whole = int(timeout_s)
    try:
        limit = struct.pack("ll", whole, int((timeout_s - whole) * 1e6))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        with reachable(path) as name:
            connection.connect(name)
    except BaseException:
        connection.close()
        raise
    return connection


def line_of(words: Mapping[str, Any]) -> bytes:
    """A request or an answer as it goes over the wire."""
    return json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _answer_of(line: bytes, path: Path) -> dict[str, Any]:
    if not line.endswith(b"\n"):
        raise NobodyListens(f"{path}: the connection was closed without an answer")
    found: dict[str, Any] = json.loads(line)
    return found
