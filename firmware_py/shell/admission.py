"""May a command be taken at all: is it for this station, is it fresh. What it asks is judged by others."""

from dataclasses import dataclass

from firmware_py.shell.clock import ClockSource
from hal.contract import Command


@dataclass(frozen=True, slots=True)
class Moment:
    """What freshness is judged by: the challenge of now, and the wall clock (ms since 1970 UTC) with who sets it."""

    challenge: str
    now_ms: int
    source: ClockSource


def why_not(command: Command, target: str, moment: Moment) -> str:
    """Why a command is not taken; empty where it is.

    The time of a clock that nobody sets says nothing: then the challenge alone tells old from new.
    """
    if command.target != target:
        return f"it is for {command.target or 'no station'}, this is {target}"
    if command.challenge != moment.challenge:
        old = command.challenge
        return f"challenge {old} is not, or no longer, the station's: read it from state/station and ask anew"
    if command.expires_at <= command.issued_at:
        return "it expires before it was issued"
    if moment.source is not ClockSource.NONE and command.expires_at <= moment.now_ms:
        return f"expired {(moment.now_ms - command.expires_at) / 1000:.0f} s ago, by the station's clock"
    return ""
