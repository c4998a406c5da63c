"""The engine of the chart: runs rows, purely, from (state, image, event) to (state', effects). It knows no recipe."""

from collections.abc import Mapping
from dataclasses import replace

from firmware_py.core import fault_table, modes
from firmware_py.core.chart.rows import Route, Row, Watch
from firmware_py.core.checks import Miss, View
from firmware_py.core.draft import Draft
from firmware_py.core.effects import Act, Answer, Arm, Disarm, Keep, Note, Reply
from firmware_py.core.faults import FaultCode, Reaction
from firmware_py.core.image import Image
from firmware_py.core.packml import PackML, StablePlace
from firmware_py.core.params import Params
from firmware_py.core.state import Active, Install, Phase, Purpose, Swap
from hal.commands import RunEnable

LIMIT, DWELL, GUARD, PATIENCE = "limit", "dwell", "guard", "patience"


def timer(kind: str, row: str) -> str:
    """Name of a row's timer."""
    return f"{kind}:{row}"


class Chart:
    """Runs the active rows of one swap. All methods change a `Draft`, never anything else."""

    def __init__(self, rows: Mapping[str, Row], params: Params) -> None:
        self.rows = rows
        self.params = params

    def view(self, swap: Swap, image: Image) -> View:
        """What the rows' functions may look at."""
        return View(swap, image, self.params)

    def scan(self, draft: Draft, image: Image) -> None:
        """Judge every active row once against the Image, in order.

        A row that is entered meanwhile is judged by the next scan: by then its devices are read at the pace of motion,
        and what was read slowly before counts as stale.
        """
        for name in tuple(a.row for a in draft.active):
            active = next((a for a in draft.active if a.row == name), None)
            if (
                active is not None
                and draft.swap is not None
                and draft.packml in _RUNNING
                and not modes.waits(draft, name)
            ):
                self._judge(draft, image, active)
        if draft.swap is not None and not draft.active and draft.packml in _RUNNING:
            self._end(draft)

    def enter(self, draft: Draft, name: str, *, resumed: bool = False) -> None:
        """Make a row active. It waits for its guards first."""
        if any(a.row == name for a in draft.active) or draft.swap is None:
            return
        draft.swap = replace(draft.swap, passed=draft.swap.passed - {name})
        draft.active = (*draft.active, Active(name, Phase.WAITING, resumed=resumed))
        if not modes.waits(draft, name):
            draft.effects.append(Arm(timer(GUARD, name), self.params.guard_wait_s))
            if patience := self.rows[name].patience:
                draft.effects.append(Arm(timer(PATIENCE, name), self.params.limit_s[patience]))

    def _judge(self, draft: Draft, image: Image, active: Active) -> None:
        assert draft.swap is not None
        row, view = self.rows[active.row], self.view(draft.swap, image)
        if active.phase is Phase.WAITING:
            self._try_start(draft, row, active, view)
            return
        bad = self._violation(row, view, active)
        if bad is not None:
            watch, miss = bad
            self._fault(draft, row, watch.code, watch.device, miss)
            return
        if not active.armed and _is_anew(row, view):
            active = draft.change(active, armed=True)
        self._try_finish(draft, row, active, view)

    def _try_start(self, draft: Draft, row: Row, active: Active, view: View) -> None:
        if self._violation(row, view, active) is not None or (row.moves and not _may_move(view, row)):
            return
        finished = row.anew is None and row.done(view) is None
        on_the_way_back = active.resumed or view.swap.install is Install.OLD
        if not (on_the_way_back and finished) and _lacks(row, active, view) is not None:
            return
        draft.effects.append(Disarm(timer(GUARD, row.name)))
        if row.patience:
            draft.effects.append(Disarm(timer(PATIENCE, row.name)))
        commands, stretch = modes.slowed(draft.mode, row.command(view), self.params.manual)
        draft.effects.append(Arm(timer(LIMIT, row.name), stretch * self._limit_s(row)))
        draft.keep(
            Note.STEP_STARTED, row=row.name, step=row.step, title=row.title, attempt=view.swap.attempt(row.name) + 1
        )
        if row.seals:
            draft.keep(Note.SWAP_SEALED, **summary(view.swap))
        running = draft.change(active, phase=Phase.RUNNING, armed=row.anew is not None and _is_anew(row, view))
        under_way = active.resumed and row.under_way is not None and row.under_way(view) is None
        if not (on_the_way_back and finished) and not under_way:
            draft.effects.extend(Act(row.name, command) for command in commands)
        if not commands:
            self._try_finish(draft, row, running, view)

    def _try_finish(self, draft: Draft, row: Row, active: Active, view: View) -> None:
        seen = row.done(view) is None and (row.anew is None or active.armed)
        dwell = self.params.dwell_s[row.dwell] if row.dwell else 0.0
        if not seen:
            if active.phase is Phase.SETTLING:
                draft.change(active, phase=Phase.RUNNING)
                draft.effects.append(Disarm(timer(DWELL, row.name)))
            return
        if dwell > 0 and active.phase is Phase.RUNNING:
            draft.change(active, phase=Phase.SETTLING)
            draft.effects.append(Arm(timer(DWELL, row.name), dwell))
            return
        if active.phase is Phase.RUNNING:
            self._finish(draft, row, active, view)

    def _finish(self, draft: Draft, row: Row, active: Active, view: View) -> None:
        draft.active = tuple(a for a in draft.active if a.row != active.row)
        draft.effects.append(Disarm(timer(LIMIT, row.name)))
        if row.evidence is not None:
            note = Note.LOCK_EVIDENCE if "points" in row.evidence(view) else Note.PACK_EVIDENCE
            draft.keep(note, row=row.name, **row.evidence(view))
        draft.keep(Note.STEP_DONE, row=row.name, step=row.step, title=row.title)
        swap = row.update(view) if row.update is not None else view.swap
        draft.swap = replace(swap, passed=swap.passed | {row.name})
        draft.settle_faults(row.name)
        if row.place is not None and row.place is not draft.place:
            draft.place = row.place
            draft.keep(Note.PLACE, place=row.place.value)
        after = self.view(draft.swap, view.image)
        for link in row.then:
            if link.when(after) and draft.swap.passed >= set(self.rows[link.to].needs):
                self.enter(draft, link.to)

    def time_up(self, draft: Draft, image: Image, name: str) -> None:
        """A timer of a row has passed: a guard or a limit becomes a fault, a dwell becomes done."""
        kind, _, row_name = name.partition(":")
        active = next((a for a in draft.active if a.row == row_name), None)
        if active is None or draft.swap is None or draft.packml not in _RUNNING:
            return
        row, view = self.rows[row_name], self.view(draft.swap, image)
        if kind == GUARD and active.phase is Phase.WAITING and self._may_wait(row, active, view):
            draft.effects.append(Arm(timer(GUARD, row_name), self.params.guard_wait_s))
        elif kind in {GUARD, PATIENCE} and active.phase is Phase.WAITING:
            self._guard_up(draft, row, active, view)
        elif kind == DWELL and active.phase is Phase.SETTLING and row.done(view) is None:
            self._finish(draft, row, active, view)
        elif kind == LIMIT and active.phase is not Phase.WAITING:
            self._limit_up(draft, row, view)

    def _may_wait(self, row: Row, active: Active, view: View) -> bool:
        """A patient row waits on for the pose that it starts from; for nothing else, and not in the dark."""
        if not row.patience or self._violation(row, view, active) is not None or (row.moves and not _enabled(view)):
            return False
        miss = _lacks(row, active, view)
        return miss is not None and not miss.unknown

    def _guard_up(self, draft: Draft, row: Row, active: Active, view: View) -> None:
        bad = self._violation(row, view, active)
        if bad is not None:
            self._fault(draft, row, bad[0].code, bad[0].device, bad[1])
        elif row.moves and not _enabled(view):
            self._fault(draft, row, FaultCode.DRIVES_NOT_ENABLED, "safety", Miss("drives are not enabled"))
        else:
            miss = _lacks(row, active, view) or Miss("not ready")
            case = next((w for w in row.guard_cases if w.check(view) is not None), None)
            code, device = (case.code, case.device) if case else (FaultCode.START_POSE_WRONG, row.limit_device)
            if miss.unknown:
                code, device = FaultCode.LINK_LOST, miss.unknown
            self._fault(draft, row, code, device, miss)

    def _limit_up(self, draft: Draft, row: Row, view: View) -> None:
        limit = modes.slowed(draft.mode, row.command(view), self.params.manual)[1] * self._limit_s(row)
        case = next(((w, m) for w in row.limit_cases if (m := w.check(view)) is not None), None)
        miss = case[1] if case else (row.done(view) or Miss("done too late"))
        code, device = (case[0].code, case[0].device) if case else (row.limit_fault, row.limit_device)
        if miss.unknown:
            code, device = FaultCode.LINK_LOST, miss.unknown
        self._fault(draft, row, code, device, Miss(f"not done within {limit:g} s: {miss.text}"))

    def _violation(self, row: Row, view: View, active: Active) -> tuple[Watch, Miss] | None:
        for watch in row.watches:
            if watch.while_running_only and not active.armed:
                continue
            miss = watch.check(view)
            if miss is not None:
                if miss.unknown:
                    return replace(watch, code=FaultCode.LINK_LOST, device=miss.unknown), miss
                return watch, miss
        return None

    def trouble(self, draft: Draft, row_name: str, code: FaultCode, device: str, text: str) -> None:
        """An effect of a row could not be carried out."""
        self._fault(draft, self.rows[row_name], code, device, Miss(text))

    def _fault(self, draft: Draft, row: Row, code: FaultCode, device: str, miss: Miss) -> None:
        assert draft.swap is not None
        draft.raise_fault(code, device, f"step {row.name} ({row.title}): {miss.text}", row.name)
        draft.keep(
            Note.STEP_FAILED,
            row=row.name,
            step=row.step,
            title=row.title,
            code=code.value,
            device=device,
            text=miss.text,
        )
        route = _route(row, code, device)
        if route.retries and draft.swap.attempt(row.name) < self.params.retries.get(route.retries, 0):
            self._retry(draft, row, route)
        elif route.reaction in {Reaction.ABORT, Reaction.BACK_OUT} and (route.to or row.exit == ()):
            self._leave(draft, row, route, code)
        else:
            draft.hold(miss.text, self.moving(draft), (code, device))

    def _retry(self, draft: Draft, row: Row, route: Route) -> None:
        assert draft.swap is not None
        count = draft.swap.attempt(row.name) + 1
        attempts = (*(a for a in draft.swap.attempts if a[0] != row.name), (row.name, count))
        draft.keep(Note.RETRY, row=row.name, attempt=count + 1)
        self._drop(draft, (row.name,))
        draft.swap = replace(draft.swap, attempts=tuple(sorted(attempts)))
        self.enter(draft, route.via)

    def _leave(self, draft: Draft, row: Row, route: Route, code: FaultCode) -> None:
        assert draft.swap is not None
        if route.fails:
            self.abandon(draft, route.to, code)
        else:
            self._drop(draft, (row.name,))
            draft.swap = replace(draft.swap, setback=code)
            for name in route.to:
                self.enter(draft, name)

    def way_out(self, draft: Draft) -> tuple[str, ...] | None:
        """Where the car's rows go when the order is given up here; `None` = the only way out is on.

        A car that was released has been served: its order cannot be given up any more.
        """
        if draft.place is StablePlace.S4:
            return None
        exits = [self.rows[a.row].exit for a in draft.active if not self.rows[a.row].beside]
        if None in exits:
            return None
        return tuple(dict.fromkeys(name for way in exits for name in way or ()))

    def abandon(self, draft: Draft, to: tuple[str, ...], code: FaultCode | None) -> None:
        """Give the order up: leave the car's rows and take the way out. The car keeps, or gets back, its own pack.

        What runs beside the car goes on to rest. A row that was left counts for the joins, unless a place was its end.
        """
        assert draft.swap is not None
        left = tuple(a.row for a in draft.active if not self.rows[a.row].beside)
        self._drop(draft, left)
        passed = draft.swap.passed | {name for name in left if self.rows[name].place is None}
        draft.swap = replace(draft.swap, install=Install.OLD, failure=draft.swap.failure or code, passed=passed)
        for name in to:
            self.enter(draft, name)

    def _drop(self, draft: Draft, names: tuple[str, ...]) -> None:
        """Leave rows and stop what they had in motion, unless a row that stays moves the same device."""
        begun = {a.row for a in draft.active if a.row in names and a.phase is not Phase.WAITING}
        draft.active = tuple(a for a in draft.active if a.row not in names)
        draft.effects.extend(Disarm(timer(kind, n)) for n in names for kind in (GUARD, PATIENCE, LIMIT, DWELL))
        busy = frozenset[str]().union(*(self.rows[a.row].mover_devices for a in draft.active))
        draft.stop(tuple(sorted(frozenset[str]().union(*(self.rows[n].mover_devices for n in begun)) - busy)))

    def moving(self, draft: Draft) -> tuple[str, ...]:
        """Devices that the active rows may have in motion, sorted."""
        return tuple(sorted({d for a in draft.active for d in self.rows[a.row].moves}))

    def _end(self, draft: Draft) -> None:
        assert draft.swap is not None
        swap = draft.swap
        draft.keep(Note.SWAP_ENDED, **summary(swap))
        served = swap.failure is None
        if swap.purpose is Purpose.SERVE:
            why = "" if swap.failure is None else swap.failure.value
            draft.effects.append(Reply(swap.order.id, Answer.COMPLETED if served else Answer.FAILED, why))
        for code, device, row in draft.fault_rows:
            if row:
                draft.clear_fault(code, device)
        draft.effects.append(Act("", RunEnable(on=False)))
        draft.swap = None
        draft.packml = PackML.ABORTED if draft.packml is PackML.ABORTING else PackML.COMPLETING

    def _limit_s(self, row: Row) -> float:
        return self.params.limit_s[row.limit]


def _lacks(row: Row, active: Active, view: View) -> Miss | None:
    """What keeps a row from its command. One that goes on after a hold has left the pose that it starts from."""
    return (None if active.resumed else row.start(view)) or row.clear(view)


def _is_anew(row: Row, view: View) -> bool:
    """Nothing that an earlier run left behind is seen any more."""
    fresh = row.anew is None or row.anew(view) is None
    return fresh and all(w.check(view) is None for w in row.watches if w.while_running_only)


def _route(row: Row, code: FaultCode, device: str) -> Route:
    """What a fault of a row leads to: by device, by code, or as the table of faults says."""
    routes = row.routes or {}
    default = Route(fault_table.FAULTS[code].reaction, to=row.exit or ())
    return routes.get((code, device), routes.get(code, default))


_RUNNING = frozenset({PackML.EXECUTE, PackML.ABORTING})


def _enabled(view: View) -> bool:
    return view.image.safety.drives_enabled is True


def _may_move(view: View, row: Row) -> bool:
    """Drives are enabled, and what the row moves has been read at the pace of motion."""
    unsettled = view.image.unsettled
    return _enabled(view) and not (unsettled and (row.mover_devices & set(unsettled)))


def summary(swap: Swap) -> dict[str, object]:
    """The swap's identity and outcome, for the record."""
    return {
        "swap_id": swap.id,
        "order_id": swap.order.id,
        "purpose": swap.purpose.value,
        "outcome": "completed" if swap.failure is None else "aborted",
        "reason": "" if swap.failure is None else swap.failure.value,
        "serial_installed": swap.serial_new if swap.install is Install.NEW else swap.serial_old,
        "serial_returned": swap.serial_old if swap.install is Install.NEW else None,
        "retries": dict(swap.attempts),
        "tried": list(swap.tried),
    }


__all__ = ["Chart", "Keep", "summary", "timer"]
