"""What a disk may hold after the power went: all that was synced, and of the rest whatever it likes.

Writes that were not synced survive in any subset and any order, whole or by sectors of 512 bytes; a sector itself is
whole, old or new, and its neighbours are not harmed (SQLite's "powersave overwrite", the default on Linux).
"""

import random
from collections.abc import Mapping
from typing import Final

from sim.disk.vfs import Op

SECTOR: Final = 512
"""Bytes that a disk writes whole. Real ones have 512 or 4096: the smaller is the harder case."""


class Platter:
    """Takes the operations one after another; `after_cut` may be asked at any time and changes nothing."""

    def __init__(self) -> None:
        self._synced: dict[str, bytearray] = {}
        self._pending: dict[str, list[Op]] = {}

    def done(self, op: Op) -> None:
        """An operation was done, as far as the program above can tell."""
        match op.kind:
            case "write" | "truncate":
                self._pending.setdefault(op.file, []).append(op)
            case "sync":
                if op.lasting:
                    self._forget_deleted()
                there = self._synced.setdefault(op.file, bytearray())
                for waiting in self._pending.pop(op.file, ()):
                    _apply(there, waiting)
            case "delete" if op.lasting:
                self._pending.setdefault(op.file, []).append(op)
                self._forget_deleted()
            case "delete":
                self._pending.setdefault(op.file, []).append(op)
            case _:
                pass

    def _forget_deleted(self) -> None:
        for name, waiting in list(self._pending.items()):
            if any(op.kind == "delete" for op in waiting):
                last = max(index for index, op in enumerate(waiting) if op.kind == "delete")
                self._synced.pop(name, None)
                self._pending[name] = waiting[last + 1 :]

    def after_cut(self, draw: random.Random) -> Mapping[str, bytes]:
        """File -> content, one of the many possible ones."""
        found: dict[str, bytearray] = {name: bytearray(content) for name, content in self._synced.items()}
        for name, waiting in self._pending.items():
            survives = _fate(draw, len(waiting))
            for index, op in enumerate(waiting):
                if not survives[index]:
                    continue
                if op.kind == "delete":
                    found.pop(name, None)
                elif survives[index] > 1:
                    _apply(found.setdefault(name, bytearray()), op)
                else:
                    for torn in _sectors(op, draw):
                        _apply(found.setdefault(name, bytearray()), torn)
        return {name: bytes(content) for name, content in found.items()}


def _fate(draw: random.Random, count: int) -> list[int]:
    """Of each waiting operation: 0 lost, 1 torn, 2 whole."""
    match draw.randrange(5):
        case 0:
            return [0] * count
        case 1:
            return [2] * count
        case 2:
            kept = draw.randrange(count + 1)
            return [2] * kept + [1] * (kept < count) + [0] * (count - kept - 1)
        case 3:
            return [2 * draw.randrange(2) for _ in range(count)]
        case _:
            return [draw.randrange(3) for _ in range(count)]


def _sectors(op: Op, draw: random.Random) -> list[Op]:
    """The part of a write that got through."""
    if op.kind != "write":
        return [op]
    parts = []
    start = op.offset
    while start < op.offset + len(op.data):
        end = min((start // SECTOR + 1) * SECTOR, op.offset + len(op.data))
        if draw.randrange(2):
            parts.append(Op("write", op.file, start, op.data[start - op.offset : end - op.offset]))
        start = end
    return parts


def _apply(content: bytearray, op: Op) -> None:
    if op.kind == "delete":
        content.clear()
    elif op.kind == "truncate":
        del content[op.offset :]
        content.extend(bytes(max(0, op.offset - len(content))))
    else:
        content.extend(bytes(max(0, op.offset - len(content))))
        content[op.offset : op.offset + len(op.data)] = op.data
