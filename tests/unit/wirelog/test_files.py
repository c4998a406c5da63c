"""The files of a wire log: whole lines whatever ends the process, and a station that never waits for them."""

import asyncio
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import can
import pytest

from firmware_py.shell.wirelog import files
from firmware_py.shell.wirelog.files import InlineFiles, LogTaken, WireFiles
from firmware_py.shell.wirelog.kinds import CanBatch, CanFormat
from firmware_py.shell.wirelog.lines import candump, line
from firmware_py.shell.wirelog.reading import BadLog, WireLog
from hal.ports import Frame

HEADER = line({"wire-log": 1, "station": "choco-14"})
LIMIT_S = 10.0
KILLED = """
import asyncio, os, pathlib, sys
from firmware_py.shell.wirelog.files import WireFiles
from firmware_py.shell.wirelog.kinds import CanBatch, CanFormat
from firmware_py.shell.wirelog.lines import line
from hal.ports import Frame

async def main():
    async with WireFiles(pathlib.Path(sys.argv[1]), line({"wire-log": 1, "can": sys.argv[2]}), CanFormat(sys.argv[2]), ("car",)) as log:
        n = 0
        while True:
            n += 1
            log.put(line({"n": n, "wire": "can", "got": 1, "text": "x" * 300}), CanBatch("car", (Frame(n, b"abcdefgh"),), 1.5, False))
            if n == 2000:
                print("go", flush=True)
            await asyncio.sleep(0.0001)

asyncio.run(main())
"""  # noqa: E501


def _said(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(each) for each in (folder / "wires.jsonl").read_text().splitlines()]


async def test_closed_at_once_it_is_whole(tmp_path: Path) -> None:
    async with WireFiles(tmp_path / "log", HEADER) as log:
        for n in range(1000):
            log.put(line({"n": n}))
    said = _said(tmp_path / "log")
    assert said[0]["station"] == "choco-14"
    assert [each["n"] for each in said[1:-1]] == list(range(1000))
    assert said[-1] == {"end": "closed"}


@pytest.mark.parametrize("kind", ["candump", "blf"])
@pytest.mark.parametrize("wait_s", [0.0, 0.07, 0.2])
def test_a_killed_process_leaves_whole_lines(tmp_path: Path, wait_s: float, kind: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path), kind], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"go\n"
    threading.Event().wait(wait_s)
    process.kill()
    process.wait()
    process.stdout.close()
    raw = (tmp_path / "wires.jsonl").read_bytes()
    assert raw.endswith(b"\n")
    entries = list(WireLog(tmp_path))
    assert [entry.said["n"] for entry in entries] == list(range(1, len(entries) + 1))
    assert len(entries) > 1000, "what came in before the last 50 ms is there"
    assert all(entry.frames == (Frame(entry.said["n"], b"abcdefgh"),) for entry in entries)


async def test_what_does_not_fit_is_dropped_counted_and_marked(tmp_path: Path) -> None:
    async with WireFiles(tmp_path, HEADER, waiting_bytes=len(HEADER) + 25) as log:
        for n in range(10):
            log.put(line({"n": n}))  # 8 bytes each: three fit
        async with asyncio.timeout(LIMIT_S):
            while len(_said(tmp_path)) < 4:
                await asyncio.sleep(0.01)
        log.put(line({"n": 10}))
    assert _said(tmp_path)[1:] == [{"n": 0}, {"n": 1}, {"n": 2}, {"gap": 7}, {"n": 10}, {"end": "closed"}]
    assert (log.dropped, log.lines) == (7, 4)


async def test_a_gap_at_the_end_is_marked_too(tmp_path: Path) -> None:
    async with WireFiles(tmp_path, HEADER, waiting_bytes=len(HEADER)) as log:
        log.put(line({"n": 0}))
    assert _said(tmp_path)[1:] == [{"gap": 1}, {"end": "closed"}]


async def test_it_ends_by_itself_at_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "EVERY_S", 0.001)
    async with WireFiles(tmp_path, HEADER, max_bytes=500) as log, asyncio.timeout(LIMIT_S):
        while not log.error:
            log.put(line({"n": 0}))
            await asyncio.sleep(0.001)
        log.put(line({"n": 1}))
    assert "limit of 500 bytes" in log.error
    assert _said(tmp_path)[-1] == {"end": "limit of 500 bytes"}
    assert log.dropped == 1


async def test_a_disk_that_fails_ends_the_log_and_raises_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    async with WireFiles(tmp_path, HEADER) as log:
        monkeypatch.setattr(files, "write_all", full)
        log.put(line({"n": 0}))
        async with asyncio.timeout(LIMIT_S):
            while not log.error:
                await asyncio.sleep(0.01)
    assert "No space left on device" in log.error


async def test_a_log_is_never_written_over(tmp_path: Path) -> None:
    async with WireFiles(tmp_path, HEADER):
        pass
    with pytest.raises(LogTaken, match="File exists"):
        await WireFiles(tmp_path, HEADER).__aenter__()
    with pytest.raises(LogTaken, match="Not a directory"):
        await WireFiles(tmp_path / "wires.jsonl" / "x", HEADER).__aenter__()


def test_python_can_reads_the_frames(tmp_path: Path) -> None:
    path = tmp_path / "can.log"
    received = [Frame(0x18A40001, bytes.fromhex("00ff1e")), Frame(0x7FF, b"", extended=False)]
    sent = Frame(0x123, b"\x01", extended=False)
    path.write_bytes(candump("packs", received, 1.25, sent=False) + candump("car", [sent], 2.5, sent=True))
    found = [
        (m.timestamp, m.channel, m.arbitration_id, m.is_extended_id, bytes(m.data), m.is_rx)
        for m in can.CanutilsLogReader(path)
    ]
    assert found == [
        (1.25, "packs", 0x18A40001, True, b"\x00\xff\x1e", True),
        (1.25, "packs", 0x7FF, False, b"", True),
        (2.5, "car", 0x123, False, b"\x01", False),
    ]


def _batch(link: str, *frames: Frame, sent: bool = False) -> CanBatch:
    return CanBatch(link, frames, 1_700_000_000.25 + sent, sent)


LONG, SHORT = Frame(0x18A40001, bytes.fromhex("00ff1e")), Frame(0x123, b"", extended=False)


async def test_python_can_reads_frames_in_the_binary_format(tmp_path: Path) -> None:
    header = line({"wire-log": 1, "can": "blf"})
    async with WireFiles(tmp_path, header, CanFormat.BLF, ("packs", "car")) as log:
        log.put(line({"wire": "can", "got": 2}), _batch("packs", LONG, SHORT))
        async with asyncio.timeout(LIMIT_S):
            while len(_said(tmp_path)) < 2:
                await asyncio.sleep(0.01)
        log.put(line({"wire": "can", "sent": 1}), _batch("car", SHORT, sent=True))
    found = can.BLFReader(tmp_path / "can.blf")
    assert (found.object_count, found.start_timestamp) == (3, 1_700_000_000.25)
    assert [(m.timestamp, m.channel, m.arbitration_id, m.is_extended_id, bytes(m.data), m.is_rx) for m in found] == [
        (1_700_000_000.25, 0, 0x18A40001, True, b"\x00\xff\x1e", True),
        (1_700_000_000.25, 0, 0x123, False, b"", True),
        (1_700_000_001.25, 1, 0x123, False, b"", False),
    ]
    assert [entry.frames for entry in WireLog(tmp_path)] == [(LONG, SHORT), (SHORT,), ()]


@pytest.mark.parametrize("kind", list(CanFormat))
async def test_a_log_without_a_frame_is_whole_too(tmp_path: Path, kind: CanFormat) -> None:
    async with WireFiles(tmp_path, line({"wire-log": 1, "can": kind.value}), kind, ("car",)):
        pass
    assert [entry.said for entry in WireLog(tmp_path)] == [{"end": "closed"}]
    assert (tmp_path / kind.file).exists()


async def test_frames_in_the_binary_format_come_in_the_order_of_their_lines(tmp_path: Path) -> None:
    header = line({"wire-log": 1, "can": "blf"})
    with InlineFiles(tmp_path, header, CanFormat.BLF, ("car",)) as log:
        for n in range(2500):
            log.put(line({"wire": "can", "got": 1, "n": n}), _batch("car", Frame(n, n.to_bytes(4, "big"))))
    entries = list(WireLog(tmp_path))[:-1]
    assert [entry.frames for entry in entries] == [(Frame(n, n.to_bytes(4, "big")),) for n in range(2500)]


@pytest.mark.parametrize("spoiled", [b"", b"LOGG", b"candump" * 100])
def test_what_is_no_binary_log_is_refused(tmp_path: Path, spoiled: bytes) -> None:
    (tmp_path / "wires.jsonl").write_bytes(line({"wire-log": 1, "can": "blf"}))
    (tmp_path / "can.blf").write_bytes(spoiled)
    with pytest.raises(BadLog, match=r"can\.blf: ?no whole file in the binary log format"):
        WireLog(tmp_path)


def test_a_format_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "wires.jsonl").write_bytes(line({"wire-log": 1, "can": "asc"}))
    with pytest.raises(BadLog, match="frames as 'asc'; known: candump, blf"):
        WireLog(tmp_path)


def test_a_line_that_is_cut_is_no_line(tmp_path: Path) -> None:
    (tmp_path / "can.log").write_bytes(b"(1.000000) car 123#0011 R\n(1.0")
    (tmp_path / "wires.jsonl").write_bytes(
        HEADER + b'{"wire":"can","got":1,"text":"\xe2\x80\xa8"}\n{"got":1,"te\xe2\x80'
    )
    (entry,) = WireLog(tmp_path)
    assert entry.frames == (Frame(0x123, b"\x00\x11", extended=False),)


@pytest.mark.parametrize(
    ("wires", "frames", "why"),
    [
        (b"", b"", "no wire log"),
        (b'{"wire-log":2}\n', b"", "format 1"),
        (b"[1]\n", b"", "wires.jsonl:1: no JSON object"),
        (HEADER + b"{\n", b"", "wires.jsonl:2: no JSON"),
        (HEADER + b'{"wire":"can","got":2}\n', b"(1.0) car 123#00\n", "can.log:2: wires.jsonl announces"),
        (HEADER + b'{"wire":"can","got":1}\n', b"(1.0) car 123#0\n", "can.log:1: .* is no line of candump"),
    ],
)
def test_what_is_no_log_is_refused(tmp_path: Path, wires: bytes, frames: bytes, why: str) -> None:
    (tmp_path / "wires.jsonl").write_bytes(wires)
    (tmp_path / "can.log").write_bytes(frames)
    with pytest.raises(BadLog, match=why):
        list(WireLog(tmp_path))


def test_a_log_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadLog, match="No such file"):
        WireLog(tmp_path / "nothing")
