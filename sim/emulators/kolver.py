"""Quirks of the K-Ducer: it turns while its lever is written again and again, and a read takes the new-result flag."""

from typing import Final

from hal.config.bundle import Unit
from hal.ports import Table
from hal.readings import LockState
from sim.emulators.acts import act_nothing
from sim.emulators.dead_man import DeadMan
from sim.emulators.unit import Rows, UnitEmulator
from sim.emulators.view import Values, View
from sim.world import World

MODEL: Final = "kolver-kducer"
LAPSE_S: Final = 0.1
"""After so long without a lever write the tool stops: twice the pace of the maker's library [EST]."""
FLAG: Final = 294
SCREW_OK, LEVER_RELEASED, UNDER_TORQUE, OVER_TORQUE, OVER_ANGLE, UNDER_ANGLE = 13, 25, 31, 32, 34, 35
"""Result codes of the maker's library."""
POINT: Final = 1
"""The lock point that this one tool turns."""
IDLE: Final[Values] = {
    "barcode": (0,) * 8, "tightening_ok": False, "torque_nm": 0.0, "peak_torque_nm": 0.0, "angle_deg": 0,
    "result_code": 0, "result_program": 0, "ok_count": 0, "target_count": 0, "new_result": 0, "program": 1,
}  # fmt: skip


class KolverEmulator(UnitEmulator):
    """One tool on lock point 1. A result is made when the run ends, well or not."""

    def __init__(self, world: World, unit: Unit, _kind: str, rows: Rows) -> None:
        super().__init__(world, unit, View(lambda _: {}, lambda w: (w.locks,)), act_nothing, rows)
        self._memory.kept |= IDLE
        self._lever = DeadMan(world, self._released)
        self._running = False

    def read(self, table: Table, address: int, count: int, now: float) -> tuple[int, ...]:
        """The flag is gone once it was read, also when the answer gets lost."""
        self.world.advance(now)
        self._look()
        found = super().read(table, address, count, now)
        if table is Table.INPUT and address <= FLAG < address + count:
            self._set(new_result=0)
        return found

    def act(self, written: Values) -> None:
        """Lever, lock."""
        self._look()
        if written.get("tool_locked") or written.get("lever") is False:
            self._released()
        if written.get("lever") and not self._memory.kept.get("tool_locked"):
            if not self._lever.awake:
                self._running = True
                self.world.locks.lock((POINT,))
            self._lever.feed(LAPSE_S)

    def _look(self) -> None:
        """A run that came to its end by itself; the lever does nothing more until it was let go."""
        point = self.world.locks.points[POINT - 1]
        if self._running and not point.job:
            self._ended(SCREW_OK if point.state is LockState.LOCKED else self._why())

    def _released(self) -> None:
        self._look()
        self._lever.sleep()
        if self._running:
            self.world.locks.release((POINT,))
            self._ended(LEVER_RELEASED)

    def _why(self) -> int:
        plant, point = self.world.plant, self.world.locks.points[POINT - 1]
        if point.angle_deg > plant.turn_deg:
            return OVER_ANGLE
        return UNDER_ANGLE if point.torque_nm >= plant.target_nm else UNDER_TORQUE

    def _ended(self, code: int) -> None:
        self._running = False
        point = self.world.locks.points[POINT - 1]
        self._set(
            new_result=1,
            tightening_ok=code == SCREW_OK,
            result_code=code,
            result_program=int(self._memory.number("program")),
            torque_nm=max(0.0, point.torque_nm),
            peak_torque_nm=max(0.0, point.torque_nm),
            angle_deg=max(0, round(point.angle_deg)),
            ok_count=int(self._memory.number("ok_count")) + (code == SCREW_OK),
            sequence=int(self._memory.number("sequence")) + 1,
        )

    def _set(self, **values: bool | float) -> None:
        self._memory.kept |= values
        self._writes += 1
