"""A step in the making: the new state and the effects so far. Lives only inside one `step`."""

from dataclasses import replace
from typing import Final

from firmware_py.core.effects import ClearFault, Effect, Keep, Note, RaiseFault, StopMotion
from firmware_py.core.faults import Fault, FaultCode
from firmware_py.core.packml import PackML
from firmware_py.core.state import Active, Phase, State

_HELD: Final = frozenset({PackML.HOLDING, PackML.HELD})


class Draft:
    """Mutable view of a `State`; `result()` freezes it."""

    def __init__(self, state: State) -> None:
        self.packml = state.packml
        self.place = state.place
        self.active = state.active
        self.swap = state.swap
        self.waiting = state.waiting
        self.faults = state.faults
        self.swaps_started = state.swaps_started
        self.fault_rows = state.fault_rows
        self.enable_asked = state.enable_asked
        self.mode = state.mode
        self.jog = state.jog
        self.released = state.released
        self.recovery = state.recovery
        self.pending = state.pending
        self.held_for = state.held_for
        self.effects: list[Effect] = []
        self.before = state

    def result(self) -> tuple[State, tuple[Effect, ...]]:
        """The new state (the same object when nothing changed) and the effects in order."""
        if self.packml is not self.before.packml:
            self.keep(Note.STATE, state=self.packml.value)
        state = State(
            packml=self.packml,
            place=self.place,
            active=self.active,
            swap=self.swap,
            waiting=self.waiting,
            faults=self.faults,
            swaps_started=self.swaps_started,
            enable_asked=self.enable_asked,
            pending=self.pending,
            fault_rows=self.fault_rows,
            mode=self.mode,
            jog=self.jog,
            released=self.released,
            held_for=self.held_for if self.packml in _HELD or self.jog is not None else "",
            recovery=self.recovery,
        )
        return (self.before if state == self.before else state), tuple(self.effects)

    def keep(self, note: Note, **body: object) -> None:
        """Add a fact for the journal."""
        self.effects.append(Keep(note, body))

    def change(self, active: Active, *, phase: Phase | None = None, armed: bool | None = None) -> Active:
        """Replace one active row by a changed one."""
        new = replace(
            active, phase=active.phase if phase is None else phase, armed=active.armed if armed is None else armed
        )
        self.active = tuple(new if a.row == active.row else a for a in self.active)
        return new

    def raise_fault(self, code: FaultCode, device: str, text: str, row: str = "") -> None:
        """A fault stands, once per (code, device). A fault of a row goes when that row is done after all."""
        if all(f.key != (code, device) for f in self.faults):
            fault = Fault(code, device, text)
            self.faults = tuple(sorted((*self.faults, fault)))
            self.fault_rows = (*self.fault_rows, (code, device, row))
            self.effects.append(RaiseFault(fault))

    def fault_stands(self, code: FaultCode) -> bool:
        """A fault of this code stands, on whatever device."""
        return any(f.code is code for f in self.faults)

    def clear_fault(self, code: FaultCode, device: str) -> None:
        """A fault is gone, if it stood."""
        for fault in self.faults:
            if fault.key == (code, device):
                self.effects.append(ClearFault(fault))
        self.faults = tuple(f for f in self.faults if f.key != (code, device))
        self.fault_rows = tuple(r for r in self.fault_rows if r[:2] != (code, device))

    def settle_faults(self, row: str) -> None:
        """Faults that were raised by a row are over once that row is done."""
        for code, device, owner in self.fault_rows:
            if owner == row:
                self.clear_fault(code, device)

    def stop(self, devices: tuple[str, ...]) -> None:
        """Stop devices on the way to another row; drives stay enabled."""
        if devices:
            self.effects.append(StopMotion(devices, "leaving the step", drop_enable=False))

    def hold(self, reason: str, devices: tuple[str, ...], fault: tuple[FaultCode, str] | None = None) -> None:
        """Motion stops now, run-enable drops; the station waits for a person. `fault` is what holds it, if one does."""
        if self.packml in _HELD:
            return
        if self.jog is None:  # a move by hand leaves the swap held for what it was held for
            self.held_for = reason if fault is None else f"{fault[0].value} {fault[1]}: {reason}"
        self.effects.append(StopMotion(devices, reason, drop_enable=True))
        self.packml = PackML.HOLDING
