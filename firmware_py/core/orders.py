"""Orders: which are taken, one that waits for its turn while another is served, and how each is answered.

An order is accepted on permissives that were read after it came. While a swap runs, one more is accepted: a pack is
held for it, and its turn comes by itself when the station is Idle again, unless it expires or the station stops before.
"""

from dataclasses import replace
from typing import Final

from firmware_py.core import safety, standing
from firmware_py.core.draft import Draft
from firmware_py.core.effects import Answer, Arm, Disarm, Note, Reply, StopMotion
from firmware_py.core.events import OrderIn, Withhold
from firmware_py.core.faults import FaultCode
from firmware_py.core.image import Image
from firmware_py.core.packml import Mode, PackML
from firmware_py.core.packs import eligible
from firmware_py.core.params import Params
from firmware_py.core.state import Order, Purpose, State, Swap, Waiting

TIMER: Final = "order:next"
"""Runs out when the order that waits expires."""
_SERVING: Final = frozenset(
    {
        PackML.STARTING,
        PackML.EXECUTE,
        PackML.UNHOLDING,
        PackML.COMPLETING,
        PackML.COMPLETE,
        PackML.RESETTING,
    }
)
"""States that lead to Idle by themselves: an order may wait for it."""
_OUT_OF_SERVICE: Final = frozenset({PackML.STOPPING, PackML.STOPPED, PackML.ABORTED})
"""States that a person must end: what waits is not kept waiting for that."""

_STOPS: Final = frozenset({PackML.HOLDING, PackML.HELD, PackML.STOPPING})


def take(draft: Draft, image: Image, event: OrderIn, params: Params) -> bool:
    """An order comes in. `True` where its swap may begin now; else it waits, or was refused."""
    order = event.order
    why = _why_never(draft, params) or _why_not_now(draft) or why_not(draft, image, order, params)
    if why:
        draft.effects.append(Reply(order.id, Answer.REFUSED, why))
        return False
    bay, serial = next(eligible(image, order, params, _promised(draft)))
    if draft.packml is PackML.IDLE:
        draft.swap = Swap(event.swap_id, order, bay, serial, return_bay=bay, accepted=False)
        return True
    draft.waiting = Waiting(order, event.swap_id, bay, serial)
    draft.effects.append(Arm(TIMER, event.good_for_s))
    draft.effects.append(Reply(order.id, Answer.ACCEPTED, f"next, bay {bay}"))
    return False


def turn(draft: Draft, image: Image, params: Params) -> bool:
    """The turn of the order that waits. `True` where its swap may begin; for a pack that went bad there is another."""
    waiting = draft.waiting
    if waiting is None or draft.packml is not PackML.IDLE:
        return False
    why = why_not(draft, image, waiting.order, params)
    if why:
        drop(draft, why)
        return False
    choices = list(eligible(image, waiting.order, params))
    bay, serial = next((c for c in choices if c == (waiting.bay, waiting.serial)), choices[0])
    draft.waiting = None
    draft.effects.append(Disarm(TIMER))
    draft.swap = Swap(waiting.swap_id, waiting.order, bay, serial, return_bay=bay)
    return True


def withhold(draft: Draft, event: Withhold) -> None:
    """Packs were reserved, or are free again: the swap, and the order that waits, choose by that from now on."""
    if draft.swap is not None:
        draft.swap = replace(draft.swap, order=replace(draft.swap.order, withheld=event.for_swap))
    if draft.waiting is not None:
        draft.waiting = replace(draft.waiting, order=replace(draft.waiting.order, withheld=event.for_waiting))


def due(state: State) -> bool:
    """An order waits and the station is free for it."""
    return state.waiting is not None and state.packml is PackML.IDLE


def begin(draft: Draft) -> str:
    """The swap of an order begins: it is kept, and answered if it was not yet. Or why not."""
    swap = draft.swap
    if swap is None or not unbegun(draft.before):
        return ""
    if named := faults(draft):
        return f"fault {named}"
    draft.keep(
        Note.ORDER,
        swap_id=swap.id,
        order_id=swap.order.id,
        vehicle=swap.order.vehicle,
        bay=swap.bay,
        serial_reserved=swap.serial_new,
    )
    if not swap.accepted:
        draft.swap = replace(swap, accepted=True)
        draft.effects.append(Reply(swap.order.id, Answer.ACCEPTED, f"bay {swap.bay}"))
    return ""


def unbegun(state: State) -> bool:
    """An order is about to begin: nothing was asked of any device for it, and its swap is not kept yet."""
    entering = state.packml is PackML.STARTING and not state.enable_asked
    return entering and state.jog is None and state.swap is not None and state.swap.purpose is Purpose.SERVE


def settle(draft: Draft) -> bool:
    """At the end of a step nobody is left waiting. `True` where a stop came before a swap: it cost the order alone."""
    turned_away = unbegun(draft.before) and draft.packml in _STOPS
    if turned_away:
        assert draft.swap is not None
        why = next((e.reason for e in draft.effects if isinstance(e, StopMotion)), "the station stops")
        answer = Answer.FAILED if draft.swap.accepted else Answer.REFUSED
        draft.effects.append(Reply(draft.swap.order.id, answer, why))
        draft.swap = None
        if draft.packml is not PackML.STOPPING:
            draft.packml = PackML.IDLE
    if draft.waiting is not None and draft.packml in _OUT_OF_SERVICE:
        drop(draft, f"station is {draft.packml.value}")
    return turned_away


def drop(draft: Draft, why: str) -> None:
    """The order that waits will not be served."""
    if draft.waiting is not None:
        draft.effects.append(Disarm(TIMER))
        draft.effects.append(Reply(draft.waiting.order.id, Answer.FAILED, why))
        draft.waiting = None


def why_not(draft: Draft, image: Image, order: Order, params: Params) -> str:
    """Why an order cannot be served by this station as it is; empty where it can."""
    if why := _why_never(draft, params):
        return why
    named = faults(draft)
    if named:
        return f"fault {named}"
    lacking = next((text for _, text in safety.missing(image.safety)), "")
    if lacking:
        return lacking
    if order.vehicle not in params.vehicles:
        known = ", ".join(sorted(params.vehicles))
        return f"vehicle {order.vehicle} is not served here (allowed: {known})"
    if next(eligible(image, order, params, _promised(draft)), None) is None:
        return FaultCode.NO_ELIGIBLE_PACK.value + (
            f", {len(order.withheld)} reserved for others" if order.withheld else ""
        )
    return ""


def no_service(params: Params) -> str:
    """What a bench says that has not all devices of a station."""
    return f"this is a bench without {', '.join(params.absent)}: it gives no service"


def faults(draft: Draft) -> str:
    """Standing faults that keep the station from serving."""
    return ", ".join(f"{f.code.value} {f.device}" for f in draft.faults if standing.blocks(f))


def _why_never(draft: Draft, params: Params) -> str:
    if params.absent:
        return no_service(params)
    return "" if draft.mode is Mode.PRODUCTION else f"mode is {draft.mode.value}: orders are for Production"


def _why_not_now(draft: Draft) -> str:
    named = faults(draft)
    state = f"station is {draft.packml.value}" + (f", fault {named}" if named else "")
    if draft.packml is not PackML.IDLE and draft.packml not in _SERVING:
        return state
    return f"{state}, another order waits already" if draft.waiting is not None else ""


def _promised(draft: Draft) -> tuple[str, ...]:
    """The pack that the swap of now is to hand out: nobody else gets it."""
    return () if draft.swap is None else (draft.swap.serial_new,)
