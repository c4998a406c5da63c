"""The frames that some packs want to hear of the station: sent only to one that speaks, and moving nothing."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from hal.config.bundle import Station
from hal.devices.bus_nodes import PackNode
from hal.errors import HalError
from hal.ports import CanLink, Frame


@dataclass(frozen=True)
class Keepalive:
    """One pack on its link, what it is told and how often, in s."""

    node: PackNode
    link: CanLink
    frame: Frame
    every_s: float


def keepalives(station: Station, nodes: Mapping[str, PackNode], links: Mapping[str, CanLink]) -> tuple[Keepalive, ...]:
    """Those of all places whose pack asks for it."""
    return tuple(
        Keepalive(node, links[station.config.packs.at[place].link], node.codec.keepalive, node.codec.keepalive_s)
        for place, node in nodes.items()
        if node.codec.keepalive is not None
    )


async def send_keepalives(these: Sequence[Keepalive], clock: Callable[[], float]) -> None:
    """For ever. A pack that is silent is told nothing: on a channel without a listener a frame is repeated for ever."""
    due_s = [clock()] * len(these)
    while True:
        for number, one in enumerate(these):
            now = clock()
            if now < due_s[number]:
                continue
            due_s[number] = now + one.every_s
            if now - one.node.at_s <= one.node.stale_after_s:
                with suppress(HalError):  # the link tells of itself; the pack's silence is what counts
                    await one.link.send(one.frame)
        await asyncio.sleep(max(0.0, min(due_s) - clock()))
