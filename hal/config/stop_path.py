"""How long a stop may take to leave, worst case, computed from the files; and that it is short enough.

One step of a line is the longest request that may be under way, its time-out, the quiet that follows, and the gap
between frames. A stop waits for the request under way, and for every stop that is queued before it on the same line,
each of which may run into its own time-out. Where a unit needs several frames a poll may slip in between. So the last
frame of a stop is out after

    steps * (wire + timeout_s + quiet_s + gap) + wire of the frame,    steps = 1 + frames before it + polls that slip in

and with nobody answering, run-enable is dropped at the safety PLC over its own link after one time-out more and the
same sum there, its heartbeat counted as a frame before it. When that link is gone too, the PLC's dead-man is left.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from hal.codecs.blocks import Block, merge
from hal.codecs.registers import UnitCodec, Write
from hal.config.bundle import Unit
from hal.config.draft import Draft
from hal.config.links import LinkConfig, ModbusRtuConfig
from hal.config.process import LeavingProcess, SafetyProcess
from hal.config.station import DeviceConfig, UnitsDevice
from hal.ports import Table

MOVERS: Final = ("lift", "lock-set", "shuttle", "stacker", "platform")
"""Kinds of device that a stop is for."""
SAFETY: Final = "safety-plc"
_ANSWER_BYTES: Final = 5
_REQUEST_BYTES: Final = 8
_WRITE_BYTES: Final = 9
"""Modbus over Serial Line V1.02: address, function, count and CRC around the data of an answer, a read, a write."""
_FRAME_GAP_S: Final = 0.00175
_BITS: Final = (Table.COIL, Table.DISCRETE)


@dataclass(frozen=True, slots=True)
class StopPath:
    """One unit's: seconds from the decision until its last stop frame is out, and until run-enable is out behind it."""

    device: str
    unit: str
    link: str
    leaves_s: float
    enable_s: float


@dataclass(frozen=True, slots=True)
class _Line:
    """Step of a line in s, and how many frames of stops may stand before another."""

    step_s: float
    byte_s: float
    frames: int
    slips: int

    def leaves_s(self, frame_bytes: int) -> float:
        """Until the last of all frames that a stop of everything puts on it is out."""
        return (self.frames + self.slips) * self.step_s + frame_bytes * self.byte_s


def stop_paths(
    units: Mapping[str, Unit], devices: Mapping[str, DeviceConfig], links: Mapping[str, LinkConfig]
) -> tuple[StopPath, ...]:
    """Every unit that a stop goes to, the slowest first. Empty where the safety PLC has no unit."""
    made = {name: d for name, d in devices.items() if isinstance(d, UnitsDevice)}
    codecs = {name: UnitCodec(unit) for name, unit in units.items()}
    movers = [(name, codecs[u]) for name, d in made.items() if d.kind in MOVERS for u in d.units if u in codecs]
    stops = [(name, codec, _frames(codec)) for name, codec in movers]
    boundary = [codecs[u] for d in made.values() if d.kind == SAFETY for u in d.units if u in codecs]
    enabling = next((codec for codec in boundary if "run_enable" in codec.unit.commands), None)
    if enabling is None:
        return ()
    asked = [(codec.unit.link, frames) for _, codec, frames in stops if frames]
    asked += [(enabling.unit.link, [0]), (enabling.unit.link, [0])]  # run-enable, and the heartbeat before it
    lines = {link: _line(link, links[link], codecs.values(), asked) for link, _ in asked}
    enable_s = lines[enabling.unit.link].leaves_s(_REQUEST_BYTES)
    paths = []
    for name, codec, frames in stops:
        if frames:
            line = lines[codec.unit.link]
            leaves_s = line.leaves_s(frames[-1])
            given_up_s = leaves_s + codec.info.timeout_s + _REQUEST_BYTES * line.byte_s
            paths.append(StopPath(name, codec.unit.name, codec.unit.link, leaves_s, given_up_s + enable_s))
    return tuple(sorted(paths, key=lambda path: -path.enable_s))


def check_stop_path(draft: Draft, units: Mapping[str, Unit]) -> None:
    """Note a stop that may come too late. Call it when nothing else is wrong."""
    safety: SafetyProcess = draft.process_parts["safety"]
    leaving: LeavingProcess = draft.process_parts["leaving"]
    for path in stop_paths(units, draft.devices, draft.links):
        device = units[path.unit].device.device
        text = f"a stop of {path.device} may need {path.enable_s:.3f} s until run-enable is dropped behind it"
        if path.enable_s > safety.stop_path_s:
            allowed = (
                f"at most {safety.stop_path_s:g} s (process.safety.stop_path_s): a shorter quiet_s, fewer units on the "
                f"link, or a shorter timeout_s in their device files ({device.model}: {device.timeout_s:g} s)"
            )
            (draft.spot / "units" / path.unit / "link").note(text, allowed)
        if path.leaves_s > leaving.last_stop_s:
            allowed = f"at least {path.leaves_s:.3f}: a stop of {path.device} may leave so late"
            (draft.spot / "process" / "leaving" / "last_stop_s").note(f"{leaving.last_stop_s:g}", allowed)


def _frames(codec: UnitCodec) -> list[int]:
    """Bytes of each exchange that a stop of the unit needs, in order; reads of a condition count too."""
    body = codec.unit.commands.get("stop") or ("stop" if codec.unit.outputs else None)
    if body is None:
        return []
    frames = []
    for action in codec.plan(body, {}):
        if isinstance(action, Write):
            frames += [_REQUEST_BYTES] * len(action.unless.reads if action.unless is not None else ())
            frames.append(_write_bytes(action.table, len(action.values)) if action.multiple else _REQUEST_BYTES)
        else:
            frames += [_REQUEST_BYTES] * len(action.reads)
    return frames


def _line(name: str, link: LinkConfig, codecs: Iterable[UnitCodec], asked: list[tuple[str, list[int]]]) -> _Line:
    here = [codec for codec in codecs if codec.unit.link == name]
    byte_s, quiet_s, gap_s = 0.0, 0.0, 0.0
    if isinstance(link, ModbusRtuConfig):
        byte_s, quiet_s = link.byte_s, link.quiet_s
        gap_s = max(3.5 * byte_s, _FRAME_GAP_S)
    longest_s = max(codec.info.timeout_s + _longest_bytes(codec) * byte_s for codec in here)
    gap_s = max([gap_s, *(codec.info.min_gap_s for codec in here)])
    mine = [frames for link_name, frames in asked if link_name == name]
    slips = sum(len(frames) - 1 for frames in mine)
    return _Line(longest_s + quiet_s + gap_s, byte_s, sum(map(len, mine)), slips)


def _longest_bytes(codec: UnitCodec) -> int:
    """Request and answer of the longest exchange with a unit: a poll, a look at a condition, a write of a verb."""
    info = codec.info
    reads = [*codec.blocks]
    writes = [0]
    for verb in codec.unit.device.commands.values():
        for step in verb.steps:
            named = [codec.fields[n].read for n in {**(step.unless or {}), **(step.wait or {})} if n in codec.fields]
            reads += merge([block for block in named if block is not None], (), info.max_read, info.max_gap)
            written = [codec.fields[n].write for n in step.write or {} if n in codec.fields]
            writes.append(sum(block.count for block in written if block is not None))
    read = max((_REQUEST_BYTES + _ANSWER_BYTES + _data_bytes(block) for block in reads), default=0)
    return max(read, _WRITE_BYTES + 2 * max(writes) + _REQUEST_BYTES)


def _data_bytes(block: Block) -> int:
    return (block.count + 7) // 8 if block.table in _BITS else 2 * block.count


def _write_bytes(table: Table, count: int) -> int:
    return _WRITE_BYTES + ((count + 7) // 8 if table in _BITS else 2 * count)
