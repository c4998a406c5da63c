"""Cross checks of command steps: the verb is known, registers and arguments exist, values fit, frames fit."""

from collections.abc import Mapping
from dataclasses import replace

from hal.codecs import values
from hal.codecs.fields import whole_block
from hal.codecs.plan import fits, frames
from hal.config.device import Argument, CommandStep, DeviceContent, Register, Verb
from hal.config.mistakes import Spot, show
from hal.config.verbs import ALL_VERBS, WORD_ARGUMENTS, arguments
from hal.errors import CodecError


def check_steps(content: DeviceContent, spot: Spot) -> None:
    """Note everything that is wrong with `[commands]`."""
    for verb, body in content.commands.items():
        here = spot / "commands" / verb
        if verb not in ALL_VERBS:
            here.unknown(verb, ALL_VERBS, "a verb")
        for number, step in enumerate(body.steps):
            _check_step(content, verb, step, here / "steps" / number)


def check_constants(device: DeviceContent, gain: Mapping[str, float], spot: Spot) -> None:
    """Note constants of steps that do not fit their register any more with the gain of a station."""
    for verb, body in device.commands.items():
        for step in body.steps:
            for name, value in {**(step.unless or {}), **(step.write or {}), **(step.wait or {})}.items():
                if name in gain and gain[name] and not (isinstance(value, str) and value.startswith("$")):
                    try:
                        values.encode(device.registers[name], gain[name], value)
                    except CodecError as error:
                        (spot / "gain" / name).note(str(gain[name]), f"a gain with which {verb} fits: {error}")


def needed_by(verb: Verb) -> set[str]:
    """Arguments that a verb's steps name."""
    entries = [{**(step.unless or {}), **(step.write or {}), **(step.wait or {})} for step in verb.steps]
    return {v[1:] for entry in entries for v in entry.values() if isinstance(v, str) and v.startswith("$")}


def _check_step(content: DeviceContent, verb: str, step: CommandStep, spot: Spot) -> None:
    if (step.write is None) == (step.wait is None):
        spot.note("write and wait" if step.write else "neither write nor wait", "exactly one of write and wait")
    if (step.wait is None) != (step.limit_s is None):
        (spot / "limit_s").note(str(step.limit_s), "a limit for each wait, and only there")
    if step.unless is not None and step.write is None:
        (spot / "unless").note(show(step.unless), "only together with write")
    known = arguments(verb)
    for part in ("unless", "write", "wait"):
        table: Mapping[str, Argument] | None = getattr(step, part)
        for name, value in (table or {}).items():
            _check_entry(content.registers, name, value, known, spot / part / name, writes=part == "write")
    _check_frames(content, step, spot)


def _check_entry(
    registers: Mapping[str, Register], name: str, value: Argument, known: frozenset[str], spot: Spot, *, writes: bool
) -> None:
    able = {n: r for n, r in registers.items() if (r.writable if writes else r.readable)}
    if name not in able:
        spot.unknown(name, able, "a writable register" if writes else "a readable register")
        return
    if able[name].repeat is not None:
        spot.note(name, "a register without repeat")
    elif isinstance(value, str) and value.startswith("$"):
        if value[1:] not in known:
            spot.unknown(value[1:], known, "an argument of the verb")
        else:
            _check_words(able[name], value[1:], spot)
    else:
        try:
            values.encode(able[name], 1.0, value)
        except CodecError as error:
            spot.note(show(value), str(error))
        except (ValueError, ArithmeticError):
            return  # the register itself is wrong and noted as such


def _check_words(register: Register, argument: str, spot: Spot) -> None:
    """A word needs a number for each of its values, a number needs none."""
    words = WORD_ARGUMENTS.get(argument)
    numbers = () if register.enum is None else tuple(register.enum.values())
    if words is None and numbers:
        spot.note(f"${argument}", "a register without enum: the argument is a number")
    elif words is not None and set(words) != set(numbers):
        spot.note(f"words {', '.join(numbers) or 'none'}", f"an enum with every {argument}: {', '.join(words)}")


def _check_frames(content: DeviceContent, step: CommandStep, spot: Spot) -> None:
    listed = [(n, whole_block(content.registers[n])) for n in step.write or {} if n in content.registers]
    groups = frames([(n, b) for n, b in listed if content.registers[n].writable], content.device)
    if step.unless is not None and len(groups) > 1:
        (spot / "unless").note(f"{len(groups)} frames", "a conditional write of one frame")
    blocks = dict(listed)
    for names in groups:
        first = blocks[names[0]]
        whole = replace(first, count=sum(blocks[n].count for n in names))
        if not fits(whole, content.device):
            (spot / "write").note(f"{whole.count} entries", f"at most {content.device.max_write} (device.max_write)")
