"""The modes of the station: Production, Maintenance (a held swap row by row), Manual (one small move at a time).

A mode is changed by a person beside the station, at rest, with the key of the mode selector seen: turned to
maintenance for the way in, turned back for the way to Production. It never changes by itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from firmware_py.core.chart.rows import Row
from firmware_py.core.draft import Draft
from firmware_py.core.effects import Note
from firmware_py.core.faults import FaultCode
from firmware_py.core.image import Image
from firmware_py.core.packml import MOVING, Mode, PackML
from firmware_py.core.params import Manual
from firmware_py.core.standstill import seen_moving
from firmware_py.core.state import Active, Phase
from hal.commands import Command, MoveLift, MoveSlot

RESTING: Final = frozenset({PackML.STOPPED, PackML.IDLE, PackML.HELD, PackML.ABORTED})
"""States in which nothing moves and nothing begins by itself but an order."""
_KEY: Final = (FaultCode.MODE_KEY_MISSING, "safety")


def no_key(image: Image) -> str:
    """Why work in Maintenance or Manual is not permitted by the key; empty where it is."""
    key = image.safety.maintenance_key
    if key is None:
        return "safety.maintenance_key: no fresh reading"
    return "" if key else "the key of the mode selector is not turned to maintenance"


def change(draft: Draft, image: Image, wanted: Mode) -> str:
    """Change the mode, or say why not."""
    moving = seen_moving(image)
    if draft.packml not in RESTING or moving or draft.fault_stands(FaultCode.MOTION_NOT_STOPPED):
        return f"the mode changes at rest, station is {draft.packml.value}" + "".join(f", {m} moves" for m in moving)
    lacking = no_key(image)
    if wanted is Mode.PRODUCTION and image.safety.maintenance_key is not False:
        return lacking or "the key of the mode selector is turned to maintenance: turn it back first"
    if wanted is not Mode.PRODUCTION and lacking:
        return lacking
    if wanted is not draft.mode:
        draft.mode = wanted
        draft.keep(Note.MODE, mode=wanted.value)
    draft.clear_fault(*_KEY)
    if draft.packml is PackML.IDLE:
        draft.packml = PackML.STOPPED  # what stands where is looked at again before the next order
    return ""


def watch_key(draft: Draft, image: Image, devices: tuple[str, ...]) -> None:
    """Outside Production the key stays turned: without it, or not knowing, motion stops. The mode stays."""
    if draft.mode is Mode.PRODUCTION:
        return
    lacking = no_key(image)
    if not lacking:
        draft.clear_fault(*_KEY)
    elif draft.packml in MOVING:
        draft.raise_fault(*_KEY, f"{lacking}, mode is {draft.mode.value}")
        draft.hold(lacking, devices, _KEY)


def only_in(mode: Mode, action: str, allowed: Iterable[Mode], hint: str = "") -> str:
    """Why an act is not for the present mode; empty where it is."""
    names = [m.value for m in allowed]
    return "" if mode.value in names else f"{action} is for {' and '.join(names)}, mode is {mode.value}{hint}"


def release(draft: Draft, image: Image, wanted: str, rows: Mapping[str, Row], first: tuple[str, ...]) -> str:
    """Let one row of the held swap go on, or say why not. Run-enable is asked for by the caller."""
    lacking = only_in(draft.mode, "step", (Mode.MAINTENANCE,)) or no_key(image)
    if lacking:
        return lacking
    choices = [rows[a.row].resume or a.row for a in draft.active] or list(first)
    if wanted and wanted not in choices:
        return f"row {wanted} does not wait (allowed: {', '.join(choices)})"
    if not wanted and len(choices) > 1:
        return f"rows {', '.join(choices)} wait: name the one that is to go on"
    draft.released = wanted or choices[0]
    return ""


def waits(draft: Draft, row: str) -> bool:
    """In Maintenance only the row that a person has released may start."""
    return draft.mode is Mode.MAINTENANCE and row != draft.released


def waiting(mode: Mode, active: tuple[Active, ...]) -> tuple[Active, ...]:
    """Active rows of a swap that is held. In Maintenance a row that never began keeps the pose that it starts from."""
    begun = {a.row for a in active if mode is Mode.PRODUCTION or a.resumed or a.phase is not Phase.WAITING}
    return tuple(Active(a.row, Phase.WAITING, resumed=a.row in begun) for a in active)


def after_scan(draft: Draft) -> None:
    """In Maintenance the swap is held again once the released row is over."""
    running = draft.packml in {PackML.EXECUTE, PackML.ABORTING}
    if draft.mode is not Mode.MAINTENANCE or draft.swap is None or not running:
        return
    if all(a.row != draft.released for a in draft.active):
        over, draft.released = draft.released, ""
        draft.hold(f"step {over} is over, the next one waits for a person", ())


def slowed(mode: Mode, commands: tuple[Command, ...], manual: Manual) -> tuple[tuple[Command, ...], float]:
    """The commands at the speed of the mode, and how many times longer they may last by it."""
    if mode is Mode.PRODUCTION:
        return commands, 1.0
    made: list[Command] = []
    stretch = 1.0
    for command in commands:
        if isinstance(command, MoveLift | MoveSlot):
            limit = manual.lift_mm_s if isinstance(command, MoveLift) else manual.slot_mm_s
            speed = min(command.speed_mm_s, limit)
            stretch = max(stretch, command.speed_mm_s / speed)
            made.append(replace(command, speed_mm_s=speed))
        else:
            made.append(command)
    return tuple(made), stretch
