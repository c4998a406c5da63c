"""A disk under SQLite: each operation is seen, and may be recorded, refused or held up, before the real one is done.

The very SQLite that Python's `sqlite3` runs on gets one more VFS ("OS interface", sqlite.org/vfs.html): the unix one
with its write, sync, truncate, open and delete passed through here. So the code above is the one that runs in
production, library and settings included; nothing is installed for it.
"""

import _sqlite3
import ctypes
import itertools
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int, c_int64, c_void_p, cast, pointer, string_at
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

OK: Final = 0
"""Result codes of sqlite3.h; the extended ones say what an I/O error was about."""
FULL: Final = 13
CANTOPEN: Final = 14
READONLY: Final = 8
IOERR_WRITE: Final = 10 | 3 << 8
IOERR_FSYNC: Final = 10 | 4 << 8
IOERR_TRUNCATE: Final = 10 | 6 << 8
IOERR_DELETE: Final = 10 | 10 << 8

_CREATE: Final = 0x4
_LOGS: Final = 0x800 | 0x4000 | 0x80000
"""Flags of an open: a new file may be made; it is a rollback journal, a super-journal or a write-ahead log."""

_Open = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
# the name is passed on as the very pointer it came as: SQLite keeps the parameters of the URI behind it
_Delete = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
_Close = CFUNCTYPE(c_int, c_void_p)
_Write = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_Truncate = CFUNCTYPE(c_int, c_void_p, c_int64)
_Sync = CFUNCTYPE(c_int, c_void_p, c_int)


class _Methods(Structure):
    """sqlite3_io_methods, version 3."""

    _fields_ = (
        ("version", c_int),
        ("close", _Close),
        ("read", c_void_p),
        ("write", _Write),
        ("truncate", _Truncate),
        ("sync", _Sync),
        ("others", c_void_p * 13),
    )


class _File(Structure):
    """sqlite3_file: what follows it is the unix VFS's own."""

    _fields_ = (("methods", POINTER(_Methods)),)


class _Vfs(Structure):
    """sqlite3_vfs, version 3."""

    _fields_ = (
        ("version", c_int),
        ("file_size", c_int),
        ("longest_path", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", _Open),
        ("delete", _Delete),
        ("others", c_void_p * 14),
    )


@dataclass(frozen=True, slots=True)
class Op:
    """One operation on a file, named without its folder. `kind`: open, write, sync, truncate or delete.

    `data` stands at `offset`; for a truncate `offset` is the new size. `lasting`: the folder is synced
    with it, which makes every delete before it last; so it is with the first sync of a new log.
    """

    kind: str
    file: str
    offset: int = 0
    data: bytes = b""
    lasting: bool = False


_numbers = itertools.count(1)
_registered: dict[str, "Disk"] = {}
"""SQLite holds pointers into these."""


class Disk:
    """A VFS by the name `vfs`, until it is closed. `watch` is told of each operation before it is done.

    What `watch` returns is what SQLite gets instead of the operation; `OK` lets it be done. It may block: that is a
    disk that hangs. It is called in the thread that uses the connection.
    """

    def __init__(self, watch: Callable[[Op], int]) -> None:
        self.watch = watch
        self.vfs = f"disk-{next(_numbers)}"
        self._library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
        find = self._library.sqlite3_vfs_find
        find.restype, find.argtypes = POINTER(_Vfs), (c_char_p,)
        self._real: _Vfs = find(b"unix").contents
        self._names: dict[int, str] = {}
        self._new_logs: set[int] = set()
        self._tables: dict[int, tuple[_Methods, _Methods]] = {}
        """Address of a table of the unix VFS -> (that table, ours)."""
        self._table_of: dict[int, _Methods] = {}
        """Open file -> the table of the unix VFS that it is served by."""
        self._mine = _Vfs.from_buffer_copy(self._real)
        self._mine.name, self._mine.next = self.vfs.encode(), None
        self._mine.open, self._mine.delete = _Open(self._on_open), _Delete(self._on_delete)
        if self._library.sqlite3_vfs_register(byref(self._mine), 0) != OK:
            raise RuntimeError("SQLite does not take a VFS")
        _registered[self.vfs] = self

    def close(self) -> None:
        """Take the VFS away. No file may be open on it."""
        self._library.sqlite3_vfs_unregister(byref(self._mine))
        del _registered[self.vfs]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def uri(self, path: Path) -> str:
        """What `sqlite3.connect(..., uri=True)` opens a file on this disk by."""
        return f"{path.absolute().as_uri()}?vfs={self.vfs}"

    def _on_open(self, _vfs: int, path: int | None, file: int, flags: int, out: int | None) -> int:
        name = Path(string_at(path).decode() if path else "unnamed").name
        code = self.watch(Op("open", name))
        if code == OK:
            code = self._real.open(ctypes.addressof(self._mine), path, file, flags, out)
        there = cast(file, POINTER(_File)).contents
        if code != OK:
            there.methods = POINTER(_Methods)()
            return code
        self._names[file] = name
        if flags & _CREATE and flags & _LOGS:
            self._new_logs.add(file)
        theirs, ours = self._tables.setdefault(*self._table(there.methods))
        self._table_of[file] = theirs
        there.methods = pointer(ours)
        return OK

    def _table(self, methods: Any) -> tuple[int, tuple[_Methods, _Methods]]:
        theirs = methods.contents
        ours = _Methods.from_buffer_copy(theirs)
        ours.close, ours.write = _Close(self._on_close), _Write(self._on_write)
        ours.truncate, ours.sync = _Truncate(self._on_truncate), _Sync(self._on_sync)
        return ctypes.addressof(theirs), (theirs, ours)

    def _on_close(self, file: int) -> int:
        del self._names[file]
        self._new_logs.discard(file)
        return int(self._table_of.pop(file).close(file))

    def _on_delete(self, vfs: int, path: bytes, sync_folder: int) -> int:
        code = self.watch(Op("delete", Path(path.decode()).name, lasting=bool(sync_folder)))
        return code if code != OK else int(self._real.delete(vfs, path, sync_folder))

    def _on_write(self, file: int, data: int, length: int, offset: int) -> int:
        code = self.watch(Op("write", self._names[file], offset, string_at(data, length)))
        return code if code != OK else int(self._table_of[file].write(file, data, length, offset))

    def _on_truncate(self, file: int, size: int) -> int:
        code = self.watch(Op("truncate", self._names[file], size))
        return code if code != OK else int(self._table_of[file].truncate(file, size))

    def _on_sync(self, file: int, flags: int) -> int:
        code = self.watch(Op("sync", self._names[file], lasting=file in self._new_logs))
        if code != OK:
            return code
        self._new_logs.discard(file)
        return int(self._table_of[file].sync(file, flags))
