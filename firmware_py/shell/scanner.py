"""Watches a device that speaks by itself: silent for too long it is lost, heard again it is found."""

import asyncio
from typing import Protocol

from hal.devices.code_reader import CodeReader


class ReaderWatcher(Protocol):
    """Who wants to know."""

    def reader_lost(self, reader: CodeReader, why: str) -> None: ...
    def reader_found(self, reader: CodeReader) -> None: ...


class ReaderWatch:
    """One task for one code reader. `heard` is to be called with each reading."""

    def __init__(self, reader: CodeReader, watcher: ReaderWatcher) -> None:
        self._reader = reader
        self._watcher = watcher
        self._heard = asyncio.Event()

    def heard(self) -> None:
        """It has said something."""
        self._heard.set()

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            try:
                async with asyncio.timeout(self._reader.stale_after_s):
                    await self._wait()
            except TimeoutError:
                limit = f"{self._reader.stale_after_s:g} s"
                self._watcher.reader_lost(self._reader, f"{self._reader.name}: no reading for {limit}")
                await self._wait()
                self._watcher.reader_found(self._reader)

    async def _wait(self) -> None:
        self._heard.clear()
        await self._heard.wait()
