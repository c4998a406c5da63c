"""What a station says of itself to the person beside it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from firmware_py.core.chart import CHART
from firmware_py.core.effects import Reply, Told
from firmware_py.core.fault_table import FAULTS
from firmware_py.core.faults import FaultCode
from firmware_py.core.packml import PLACE_TEXT, Mode, PackML
from firmware_py.core.restart import concluded
from firmware_py.core.state import State
from firmware_py.shell.controller import Controller
from firmware_py.shell.plant import Links
from hal.readings import LockSetReading


def status_of(controller: Controller, links: Links) -> dict[str, Any]:
    """JSON-able. Unknown values are None, never a default."""
    state, image, held = controller.state, controller.observer.image, controller.desks.reservations
    return {
        "station": controller.station.name,
        "ready": controller.ready.is_set(),
        "packml": state.packml.value,
        "held_for": state.held_for,
        "mode": state.mode.value,
        "place": state.place.value,
        "place_text": PLACE_TEXT[state.place],
        "swap": _swap(state),
        "waiting_order": None if state.waiting is None else state.waiting.order.id,
        "reservations": [held.told(one) for one in held.book.open],
        "recovery": _recovery(state),
        "rows": [
            {"row": a.row, "step": CHART[a.row].step, "title": CHART[a.row].title, "phase": a.phase.value}
            for a in state.active
        ],
        "order": _answer(controller.answered),
        "operator": _answer(controller.operators.last),
        "next": _next(controller),
        "faults": [
            {
                "code": fault.code.value,
                "device": fault.device,
                "severity": FAULTS[fault.code].severity.value,
                "text": fault.text,
                "remedy": FAULTS[fault.code].remedy,
                "since_ts": controller.books.faults.since(fault).wall_ms,
                "age_s": round(controller.books.faults.age_s(fault), 1),
                "times": controller.books.faults.since(fault).times,
            }
            for fault in state.faults
        ],
        "locks": _locks(image.locks),
        "lift": {"position_mm": image.lift.position_mm, "load_kg": image.lift.load_kg},
        "safety": {"chain_ok": image.safety.chain_ok, "drives_enabled": image.safety.drives_enabled},
        "links": link_states(links),
        "swaps_started": state.swaps_started,
        "boot_id": controller.host.boot_id,
        "challenge": controller.cloud.challenge.current,
        "clock_source": controller.host.clock_source().value,
        "software": controller.host.software,
        "config_hash": controller.station.hash,
        "not_verified_on_hardware": list(controller.station.unproven),
    }


def _answer(answer: Reply | Told | None) -> dict[str, str] | None:
    return None if answer is None else {**asdict(answer), "answer": answer.answer.value}


def _next(controller: Controller) -> str:
    """What a person can do now; empty where the station goes on by itself."""
    state, codes = controller.state, {fault.code for fault in controller.state.faults}
    first = "mend what the faults name, then " if codes else ""
    match state.packml:
        case PackML.STOPPED if not controller.ready.is_set():
            return "wait until every device has a reading or a fault"
        case PackML.STOPPED if state.mode is not Mode.PRODUCTION:
            return "turn the key of the mode selector back, then mode production"
        case PackML.STOPPED:
            return f"{first}reset: the station takes orders from then on"
        case PackML.HELD:
            return _next_held(state, codes, first)
        case PackML.ABORTED:
            return "look at car and pack, then clear, then reset"
        case PackML.IDLE:
            return f"{first}wait: orders are refused till then" if codes else "nothing: it waits for an order"
        case _:
            return ""


def _next_held(state: State, codes: set[FaultCode], first: str) -> str:
    if FaultCode.JOURNAL_FAILED in codes:
        return "mend what JOURNAL_FAILED names, then start the controller again: till then it commands nothing"
    if codes & {FaultCode.CONFIGURATION_CHANGED, FaultCode.JOURNAL_RESTORED}:
        return "look at what the faults name and at where car and packs are, then clear"
    if state.recovery is not None:
        return "wait: everything is being read twice" if state.recovery.found is None else state.recovery.found.todo
    if state.mode is Mode.MAINTENANCE:
        return f"{first}step to let a row go on, or abort to take the way out step by step"
    if state.mode is Mode.MANUAL:
        return "jog what is in the way, then mode production"
    held = "" if codes or not state.held_for else f"held for {state.held_for}; "
    return f"{held}{first}resume to go on with the swap, or abort to give it up"


def _recovery(state: State) -> dict[str, str] | None:
    """What a restart has concluded; the outcome is one of a closed list. None while everything is being read twice."""
    found = concluded(state)
    return None if found is None else {"outcome": found.outcome.value, "text": found.text, "todo": found.todo}


def link_states(links: Links) -> dict[str, str]:
    """Name of each carrier -> its state; the cloud's session is `cloud`."""
    carriers: Mapping[str, Any] = {**links.modbus, **links.can, **links.lines, "cloud": links.cloud}
    return {name: str(carrier.state.value) for name, carrier in carriers.items()}


def _swap(state: State) -> dict[str, Any] | None:
    swap = state.swap
    if swap is None:
        return None
    return {
        "swap_id": swap.id,
        "order_id": swap.order.id,
        "bay": swap.bay,
        "serial_new": swap.serial_new,
        "serial_old": swap.serial_old,
        "install": swap.install.value,
        "failure": swap.failure.value if swap.failure else None,
    }


def _locks(locks: LockSetReading) -> dict[str, Any]:
    proof = locks.proof_locked
    return {
        "states": None if locks.state is None else [s.value for s in locks.state],
        "proof_locked": None if proof is None else list(proof),
        "all_proven": None if proof is None else all(proof),
    }
