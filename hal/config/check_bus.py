"""Cross checks of CAN channels: everybody's ids apart, chargers at addresses of their own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hal.codecs.dbc import DbcMessage, parse_dbc
from hal.codecs.frames import id_at
from hal.codecs.module import ModuleCodec
from hal.config.charger import ChargerInfo, ChargerType
from hal.config.draft import Draft
from hal.config.files import Library
from hal.config.mistakes import Spot
from hal.config.pack import PackType
from hal.config.station import ChargerAt, PackAt, PacksConfig, VehicleDevice
from hal.config.vehicle import VehicleType
from hal.errors import CodecError


@dataclass
class _Ids:
    """Who sends which id on which channel."""

    owner: dict[tuple[str, int], str] = field(default_factory=dict)

    def take(self, link: str, name: str, ids: Iterable[int], spot: Spot) -> None:
        """Note what somebody else sends already: one mistake per pair of senders."""
        shared: dict[str, int] = {}
        for can_id in ids:
            other = self.owner.setdefault((link, can_id), name)
            if other != name:
                shared.setdefault(other, can_id)
        for other, can_id in shared.items():
            spot.note(f"0x{can_id:X} on {link}", f"ids of its own: {other} speaks with this one")


def check_bus(draft: Draft, library: Library) -> None:
    """Note ids that two speakers of one channel have, and everything that is wrong with `[chargers]`."""
    ids = _Ids()
    for name, device in draft.devices.items():
        vehicle = library.vehicles.get(device.model) if isinstance(device, VehicleDevice) else None
        if isinstance(device, VehicleDevice) and vehicle is not None:
            ids.take(device.link, "the car", _ids(vehicle, 0), draft.spot / "devices" / name)
    for place, at in draft.packs.at.items() if draft.packs is not None else ():
        pack = pack_at(at, draft.packs, library.packs) if draft.packs is not None else None
        if pack is not None:
            ids.take(at.link, place, _ids(pack, at.node or 0), draft.spot / "packs" / "at" / place)
    for place, charger in draft.chargers.items():
        here, kind = draft.spot / "chargers" / place, library.chargers.get(charger.type)
        _check_charger(draft, place, charger, kind, here)
        if kind is not None:
            ids.take(charger.link, f"the charger of {place}", sorted(ModuleCodec(kind, charger.address).ids), here)


def pack_at(at: PackAt, config: PacksConfig, packs: Mapping[str, PackType | None]) -> PackType | None:
    """A class that can stand at a place, if its file could be read; all of them speak the same frames there."""
    possible = config.types if at.type is None else (at.type,)
    return next((pack for pack in map(packs.get, possible) if pack is not None), None)


def messages_of(sender: PackType | VehicleType) -> list[DbcMessage]:
    """Messages that are sent or taken; none of a DBC that cannot be read, which is noted elsewhere."""
    try:
        messages = parse_dbc(sender.dbc_text)
    except CodecError:
        return []
    taken = [part.message for part in (sender.can.request, sender.can.keepalive) if part is not None]
    return [messages[name] for name in (*sender.can.used, *taken) if name in messages]


def _ids(sender: PackType | VehicleType, node: int) -> list[int]:
    return [id_at(message, sender.can, node) for message in messages_of(sender)]


def _check_charger(draft: Draft, place: str, at: ChargerAt, kind: ChargerType | None, spot: Spot) -> None:
    able = draft.links_of({"can"})
    bays = [] if draft.info is None else [f"bay-{k}" for k in range(1, draft.info.bays + 1)]
    if bays and place not in bays:
        spot.unknown(place, bays, "a bay")
    if at.link not in able:
        (spot / "link").unknown(at.link, able, "a CAN link")
    if kind is not None and (at.address >= 1 << kind.id.destination.bits or at.address == kind.id.controller):
        top = (1 << kind.id.destination.bits) - 1
        (spot / "address").note(str(at.address), f"0 to {top}, and not {kind.id.controller}: that is ours")
    if kind is not None and draft.freshness is not None:
        _check_life(kind.charger, draft.freshness.periods, spot / "type")


def _check_life(info: ChargerInfo, periods: int, spot: Spot) -> None:
    """A module that is on and hears nobody switches itself off: what it said before may not outlive that."""
    life_s = info.stale_after_s(periods)
    if life_s > info.off_after_s:
        spot.note(f"readings that count for {life_s:g} s", f"at most off_after_s ({info.off_after_s:g})")
    if info.idle_s >= life_s:
        spot.note(f"idle_s {info.idle_s:g}", f"less than the {life_s:g} s that a reading counts")
