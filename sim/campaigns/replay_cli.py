"""`swapstation sim replay`: a wire log decided again by this software."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from firmware_py.cli import exits
from firmware_py.cli.run_station import Config, load

if TYPE_CHECKING:
    from sim.campaigns.replay import Difference, Replay, Step

_IS: Final = "is"
_QUIET: Final = frozenset({"Arm", "Disarm"})
"""Effects that a person reads past; a difference in them is told all the same."""


def register(app: typer.Typer, sim_app: typer.Typer) -> None:
    """Add `replay` to the simulator's commands."""
    del app
    sim_app.command("replay", no_args_is_help=True)(replay)


def replay(
    log: Annotated[Path, typer.Argument(metavar="DIR|FILE", help="Folder of a wire log, or its wires.jsonl.")],
    config: Config = None,
    brief: Annotated[bool, typer.Option("--brief", help="Without the timeline.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")] = False,
) -> None:
    """Decide a logged run again: its words and frames through the codecs and the core, and compare.

    The log must be one of `run --wire-log` or `sim run --wire-log`, and of the configuration that is in force here.
    Prints what was decided when. Exit 0 where every decision is as it was, 1 at the first one that is not.

    \b
    Examples:
      swapstation sim run bolt-will-not-open --wire-log /tmp/log && swapstation sim replay /tmp/log
      swapstation sim replay /var/log/swapstation/choco-14/morning --config /etc/swapstation --brief
    """
    from firmware_py.shell.wirelog.reading import BadLog, WireLog
    from sim.campaigns.replay import CannotReplay, Replay

    count, began_s, last_s = 0, None, 0.0
    try:
        found = WireLog(log)
        running = Replay(load(str(found.header.get("station")), None, config), found)
        for step in running.steps():
            began_s = step.t_s if began_s is None else began_s
            count, last_s = count + 1, step.t_s - began_s
            for line in () if brief or as_json else _timeline(step, last_s):
                typer.echo(line)
    except (BadLog, CannotReplay) as error:
        exits.leave(exits.FAILED, error)
    if as_json:
        typer.echo(json.dumps(_told(running, count, last_s)))
    else:
        typer.echo(f"{count} decisions in {last_s:.3f} s: {'different' if running.difference else 'all as they were'}")
    if running.difference is not None:
        exits.leave(exits.FAILED, *(() if as_json else _lines(running.difference)))


def _timeline(step: "Step", at_s: float) -> Iterator[str]:
    """A step on which something was decided, or that was no scan."""
    effects = [effect for effect in step.decided["effects"] if effect[_IS] not in _QUIET]
    if step.event[_IS] == "Scan" and not effects:
        return
    yield f"{at_s:10.3f} s  {step.decided['packml']:<10} on {_short(step.event)}"
    for effect in effects:
        yield f"{'':>14}  -> {_short(effect)}"


def _lines(difference: "Difference") -> Iterator[str]:
    yield f"{difference.where} (t = {difference.t_s:.6f} s): {difference.what}"
    if difference.logged is None and difference.replayed is None:
        return
    logged, replayed = _several(difference.logged), _several(difference.replayed)
    for k in range(max(len(logged), len(replayed))):
        one, other = logged[k : k + 1], replayed[k : k + 1]
        if one != other:
            yield f"  logged:   {one[0] if one else 'nothing'}"
            yield f"  replayed: {other[0] if other else 'nothing'}"
            return


def _several(value: Any) -> list[str]:
    if value is None:
        return []
    return [_short(each) for each in value] if isinstance(value, list) else [_short(value)]


def _short(value: Any) -> str:
    """An event or effect in one line: its class, and its values."""
    if isinstance(value, Mapping):
        inner = " ".join(
            f"{key}={_short(each)}" for key, each in value.items() if key != _IS and each not in ("", None)
        )
        name = value.get(_IS)
        return f"{name} {inner}".rstrip() if name else f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{' '.join(map(_short, value))}]"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _told(running: "Replay", count: int, seconds: float) -> dict[str, Any]:
    found = running.difference
    difference = None
    if found is not None:
        difference = {
            "where": found.where,
            "t_s": found.t_s,
            "what": found.what,
            "logged": found.logged,
            "replayed": found.replayed,
        }
    return {"ok": found is None, "decisions": count, "seconds": seconds, "difference": difference}
