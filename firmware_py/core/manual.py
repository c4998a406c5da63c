"""Mode Manual: one small move of one device at a time, by the same gate and journal as every other command.

A move is asked for, run-enable is asked for, the move is commanded once, its end and standstill are seen, run-enable
drops. Nothing is queued: while one lasts the next is refused. Whatever is not as it should be stops it.
"""

from dataclasses import replace
from typing import Final

from firmware_py.core import safety
from firmware_py.core.draft import Draft
from firmware_py.core.effects import Act, Answer, Arm, Disarm, StopMotion, Told
from firmware_py.core.events import Action, Operator
from firmware_py.core.faults import FaultCode
from firmware_py.core.image import Image
from firmware_py.core.jog_words import Jog, Plan
from firmware_py.core.jogs import Unseen, awaited, plan
from firmware_py.core.modes import RESTING, no_key
from firmware_py.core.packml import Mode, PackML
from firmware_py.core.params import Params
from firmware_py.core.standstill import seen_moving
from hal.commands import RunEnable

ROW: Final = "jog"
"""Stands in the journal where a command of the chart has its row."""
TIMER: Final = "jog"


def ask(draft: Draft, image: Image, event: Operator, params: Params) -> str:
    """Begin a move, or say why not. Nothing is commanded before the drives are seen enabled."""
    assert event.jog is not None
    if draft.mode is not Mode.MANUAL:
        return f"jog is for Manual, mode is {draft.mode.value}"
    if draft.packml not in RESTING:
        return f"one move at a time: station is {draft.packml.value}"
    lacking = no_key(image) or next((text for _, text in safety.missing(image.safety)), "")
    moving = seen_moving(image)
    if lacking or moving or draft.fault_stands(FaultCode.MOTION_NOT_STOPPED):
        return lacking or f"something moves: {', '.join(moving) or 'not seen to stand'}"
    made = _planned(event, image, params)
    if isinstance(made, str):
        return made
    draft.jog = Jog(event.ask, event.jog, made.device, draft.packml)
    draft.packml = PackML.STARTING
    return ""


def preview(event: Operator, image: Image, params: Params) -> Plan | str:
    """What would move if it were asked now."""
    return _planned(event, image, params)


def drives_run(draft: Draft, params: Params) -> Arm:
    """The drives are enabled. The move has its time from now on."""
    draft.packml = PackML.EXECUTE
    return Arm(TIMER, params.manual.limit_s)


def scan(draft: Draft, image: Image, params: Params) -> None:
    """Command the move once its device is read at the pace of motion; end it when it is seen done."""
    jog = draft.jog
    assert jog is not None
    try:
        if jog.plan is not None:
            if awaited(jog.plan, image, params) is None:
                _done(draft, jog, jog.plan)
            return
        if jog.device in image.unsettled:
            return
        made = plan(jog.wish, image, params)
    except Unseen as unseen:
        fail(draft, str(unseen))
        return
    if isinstance(made, str):
        fail(draft, made)
        return
    draft.jog = replace(jog, plan=made)
    draft.effects.append(Act(ROW, made.command))


def time_up(draft: Draft, image: Image, params: Params) -> None:
    """The move has lasted too long."""
    jog = draft.jog
    if jog is None or jog.over or draft.packml is not PackML.EXECUTE:
        return
    limit = f"not done within {params.manual.limit_s:g} s"
    try:
        waits = f"{jog.device} is not read often enough" if jog.plan is None else awaited(jog.plan, image, params)
    except Unseen as unseen:
        waits = str(unseen)
    fail(draft, f"{limit}: {waits}")


def fail(draft: Draft, text: str) -> None:
    """Stop the move and tell who asked. No fault stands by it: the person is there."""
    assert draft.jog is not None
    draft.hold(text, (draft.jog.device,))
    _tell(draft, draft.jog, Answer.FAILED, text)


def stopped(draft: Draft) -> None:
    """Something has stopped all motion: whoever asked for the move is told why."""
    jog = draft.jog
    if jog is None or jog.over:
        return
    reason = next((e.reason for e in reversed(draft.effects) if isinstance(e, StopMotion)), "stopped")
    _tell(draft, jog, Answer.FAILED, reason)


def at_rest(draft: Draft, otherwise: PackML) -> PackML:
    """Where the station rests after the stop: where it rested before the move, if it was one."""
    stopped(draft)
    jog, draft.jog = draft.jog, None
    return otherwise if jog is None else jog.rest


def _planned(event: Operator, image: Image, params: Params) -> Plan | str:
    assert event.jog is not None
    try:
        return plan(event.jog, image, params)
    except Unseen as unseen:
        return str(unseen)


def _done(draft: Draft, jog: Jog, made: Plan) -> None:
    draft.effects.append(Act("", RunEnable(on=False)))
    _tell(draft, jog, Answer.COMPLETED, f"{made.text}: seen")
    draft.packml = at_rest(draft, draft.packml)


def _tell(draft: Draft, jog: Jog, answer: Answer, text: str) -> None:
    draft.jog = replace(jog, over=True)
    draft.effects.append(Disarm(TIMER))
    draft.effects.append(Told(Action.JOG.value, jog.ask, answer, text))
