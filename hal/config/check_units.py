"""Cross checks of the units of a station: link, unit id, wiring, gain, poll periods; and the wired result."""

import re
from collections.abc import Collection, Iterator, Mapping

from hal.config.bundle import Channel, Unit, Wired
from hal.config.check_steps import check_constants
from hal.config.device import WORD_TABLES, DeviceFile, WordType
from hal.config.draft import Draft
from hal.config.links import MODBUS_KINDS
from hal.config.mistakes import Spot
from hal.config.station import UnitConfig
from hal.ports import Table

CHANNEL = re.compile(r"(!?)([a-z][a-z_-]*)(\d+)")
Used = dict[tuple[str, int], str]


def wire_units(draft: Draft, devices: Mapping[str, DeviceFile | None]) -> dict[str, Unit]:
    """The units that could be wired; everything wrong is noted."""
    found: dict[str, Unit] = {}
    seen: dict[tuple[str, int], str] = {}
    for name, config in draft.units.items():
        spot = draft.spot / "units" / name
        _check_link(draft, config, spot)
        other = seen.setdefault((config.link, config.unit), name)
        if other != name:
            (spot / "unit").note(str(config.unit), f"an id that {other} does not have on {config.link}")
        _check_ids(config, devices.get(config.device), name, seen, spot)
        if not config.poll.idle_s >= config.poll.watch_s >= config.poll.motion_s:
            (spot / "poll").note(str(config.poll), "idle_s >= watch_s >= motion_s")
        device = devices.get(config.device)
        if device is not None:
            _check_silence(config, device, spot)
            found[name] = _wire(name, config, device, spot)
    return found


def _check_link(draft: Draft, config: UnitConfig, spot: Spot) -> None:
    able = draft.links_of(MODBUS_KINDS)
    if config.link not in able:
        (spot / "link").unknown(config.link, able, "a Modbus link")


def _check_ids(
    config: UnitConfig, device: DeviceFile | None, name: str, seen: dict[tuple[str, int], str], spot: Spot
) -> None:
    """Other ids that the product answers under are taken on its link too."""
    ids = {r.unit_id for r in device.registers.values() if r.unit_id is not None} if device is not None else set()
    for unit_id in sorted(ids):
        other = seen.setdefault((config.link, unit_id), name)
        if other != name or unit_id == config.unit:
            taken = f"{config.device} answers under unit id {unit_id} too"
            (spot / "device").note(taken, f"an id that {other} does not have on {config.link}")


def _check_silence(config: UnitConfig, device: DeviceFile, spot: Spot) -> None:
    silence_s = device.device.silence_s
    if silence_s is not None and 2 * config.poll.idle_s > silence_s:
        limit = f"at most {silence_s / 2:g}: the unit drops out after {silence_s:g} s without a request"
        (spot / "poll" / "idle_s").note(str(config.poll.idle_s), limit)


def _wire(name: str, config: UnitConfig, device: DeviceFile, spot: Spot) -> Unit:
    for key, gain in config.gain.items():
        register = device.registers.get(key)
        if register is None:
            (spot / "gain" / key).unknown(key, device.registers, "a register of the device file")
        elif gain == 0 or register.type is WordType.BOOL or register.enum is not None:
            (spot / "gain" / key).note(str(gain), "any number but 0, for a number")
    check_constants(device, config.gain, spot)
    used: Used = {}
    inputs: dict[str, Wired] = {}
    for role, given in config.inputs.items():
        wired = _inputs(role, given, device, used, spot / "inputs" / role)
        if wired is not None:
            inputs[role] = wired
            if role in device.registers:
                (spot / "inputs" / role).note(role, "a role that the device file does not offer itself")
    outputs: dict[str, Channel] = {}
    for role, given in config.outputs.items():
        outputs.update(_outputs(role, given, device, used, spot / "outputs" / role))
    readable = [n for n, r in device.registers.items() if r.readable]
    roles = _known(config.roles, readable, "a readable register of the device file", spot / "roles")
    verbs = _known(config.verbs, device.commands, "a verb of the device file", spot / "verbs")
    gains, expecting = dict(config.gain), _expecting(config, device, spot / "expect")
    return Unit(name, config.link, config.unit, expecting, config.poll, gains, inputs, outputs, roles, verbs)


def _expecting(config: UnitConfig, device: DeviceFile, spot: Spot) -> DeviceFile:
    """The device file with what this unit must say of itself."""
    able = {key: mark for key, mark in device.identity.items() if mark.station}
    for key in config.expect.keys() - able:
        (spot / key).unknown(key, able, "an identity mark that the device file leaves to the station")
    for key in able.keys() - config.expect:
        (spot / key).note("(absent)", f"what this unit gives at address 0x{able[key].address:04X}")
    own = {k: able[k].model_copy(update={"expect": (number,)}) for k, number in config.expect.items() if k in able}
    return device.model_copy(update={"identity": {**device.identity, **own}}) if own else device


def _known(given: Mapping[str, str], able: Collection[str], what: str, spot: Spot) -> dict[str, str]:
    for name, value in given.items():
        if value not in able:
            (spot / name).unknown(value, able, what)
    return {name: value for name, value in given.items() if value in able}


def _outputs(
    role: str, given: str | tuple[str, ...], device: DeviceFile, used: Used, spot: Spot
) -> Iterator[tuple[str, Channel]]:
    """One output under its own name, or one for each point, numbered from 1."""
    named = {role: given} if isinstance(given, str) else {f"{role}_{k}": text for k, text in enumerate(given, 1)}
    for name, text in named.items():
        channel = _channel(name, text, device, used, spot)
        if channel is not None:
            _check_output(channel, device, spot)
            yield name, channel


def _inputs(role: str, given: str | tuple[str, ...], device: DeviceFile, used: Used, spot: Spot) -> Wired | None:
    if isinstance(given, str):
        return _channel(role, given, device, used, spot)
    found = [_channel(f"{role}[{i}]", text, device, used, spot / i) for i, text in enumerate(given)]
    channels = tuple(c for c in found if c is not None)
    if len(channels) < len(found):
        return None
    if len({c.group for c in channels}) > 1:
        spot.note(", ".join(given), "channels of one group")
        return None
    return channels


def _channel(role: str, text: str, device: DeviceFile, used: Used, spot: Spot) -> Channel | None:
    match = CHANNEL.fullmatch(text)
    group = device.channels.get(match[2]) if match else None
    if match is None or group is None:
        known = [f"{n}0 to {n}{g.count - 1}" for n, g in device.channels.items()]
        spot.unknown(text, known, "a channel of the device file, ! before it inverts")
        return None
    index = int(match[3])
    if index >= group.count:
        spot.note(repr(text), f"{match[2]}0 to {match[2]}{group.count - 1}")
        return None
    other = used.setdefault((match[2], index), role)
    if other != role:
        spot.note(repr(text), f"a free channel: {match[2]}{index} is already {other}")
    return Channel(match[2], index, match[1] == "!")


def _check_output(channel: Channel, device: DeviceFile, spot: Spot) -> None:
    group = device.channels[channel.group]
    if group.table is not Table.COIL:
        kind = "words" if group.table in WORD_TABLES else "inputs"
        spot.note(f"{channel.group} holds {kind}", "a channel of a coil table")
    elif not {5, 15} & set(device.device.functions):
        spot.note(f"functions {list(device.device.functions)}", "a unit with function 5 or 15")
