"""How each class of reaction is seen from outside. Judged from the messages and the plant's truth alone."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from sim.campaigns.director import Outcome
from sim.scenario import Expect, Reaction

ISOLATION: Final = "isolation"
"""Place of the isolation position in the world."""


def reaction_misses(expect: Expect, outcome: Outcome) -> Iterator[str]:
    """One text for each class that was expected and not seen."""
    for reaction in expect.reaction:
        miss = _SIGNS[reaction](expect, outcome)
        if miss:
            yield f"reaction {reaction}: {miss}"


def _retry(_: Expect, outcome: Outcome) -> str:
    return "" if any(step.phase == "retry" for _, step in outcome.observed.steps) else "no step was tried again"


def _hold(_: Expect, outcome: Outcome) -> str:
    return "" if _held(outcome) else "the station never held"


def _back_out(expect: Expect, outcome: Outcome) -> str:
    """Back to the last stable place without a person; unless the same scenario holds for another reason."""
    if not any(step.phase == "failed" for _, step in outcome.observed.steps):
        return "no step failed, so there was nothing to go back from"
    alone = not {Reaction.HOLD, Reaction.E_STOP} & set(expect.reaction)
    return "the station held, it should have gone back by itself" if alone and _held(outcome) else ""


def _abort(_: Expect, outcome: Outcome) -> str:
    finals = [outcome.observed.final(one.order_id) for one in outcome.cars if one.order_id]
    return "" if any(final and final[0] == "failed" for final in finals) else "no order was ended"


def _refuse(_: Expect, outcome: Outcome) -> str:
    finals = [outcome.observed.final(one.order_id) for one in outcome.cars if one.order_id]
    return "" if any(final and final[0] == "refused" for final in finals) else "no order was refused"


def _e_stop(_: Expect, outcome: Outcome) -> str:
    if not any(alarm.severity == "emergency" for alarm in outcome.observed.alarms.values()):
        return "no emergency was told"
    return "" if _held(outcome) else "the station never held"


def _isolate(_: Expect, outcome: Outcome) -> str:
    return "" if ISOLATION in outcome.packs.values() else "no pack stands at the isolation position"


def _go_on(_: Expect, outcome: Outcome) -> str:
    if _held(outcome):
        return "the station held"
    finals = [outcome.observed.final(one.order_id) for one in outcome.cars if one.order_id]
    return "" if any(final and final[0] == "completed" for final in finals) else "no order was completed"


def _held(outcome: Outcome) -> bool:
    return any(state == "Held" for _, state in outcome.observed.states)


_SIGNS: Final[Mapping[Reaction, Callable[[Expect, Outcome], str]]] = {
    Reaction.RETRY: _retry,
    Reaction.HOLD: _hold,
    Reaction.BACK_OUT: _back_out,
    Reaction.ABORT: _abort,
    Reaction.ISOLATE: _isolate,
    Reaction.E_STOP: _e_stop,
    Reaction.REFUSE: _refuse,
    Reaction.GO_ON: _go_on,
}
