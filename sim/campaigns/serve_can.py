"""The CAN links of a served station: each on the carrier that its interface names, on addresses of this run's own."""

import socket
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hal.config.links import CanConfig, SlcanConfig, UdpMulticastConfig
from sim.emulators import Emulators
from sim.reach.babbler import Babbler
from sim.reach.can_hub import CanHub
from sim.reach.hub_timer import HubTimer
from sim.reach.slcan import SlcanAdapter
from sim.reach.socketcand import Channels, serve_socketcand

Hooks = dict[str, Callable[[bool], None]]


async def serve_can(
    stack: AsyncExitStack, configs: Mapping[str, CanConfig], emulators: Emulators, hooks: Hooks, host: str
) -> dict[str, dict[str, Any]]:
    """Serve the links until the stack is left; their entries in an overlay's `[links]`.

    slcan and udp_multicast are served as such, everything else by a socketcand server. `hooks` take what can be done to
    a link: a node that babbles, a chip that is bus-off, an adapter pulled out. Raises OSError where a carrier cannot be
    had.
    """
    entries: dict[str, dict[str, Any]] = {}
    rest: dict[str, CanHub] = {}
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="swapstation-can-")))
    for name, config in configs.items():
        babbler = Babbler()
        hub = CanHub([*emulators.can.get(name, []), babbler])
        hooks[f"babble {name}"] = _babbling(babbler, hub)
        hooks[f"bus-off {name}"] = hub.set_bus_off
        match config:
            case SlcanConfig():
                stack.enter_context(HubTimer(hub))
                adapter = stack.enter_context(SlcanAdapter(hub, folder / name))
                hooks[f"unplug {name}"] = _unplugged(adapter)
                paced = {"bitrate": config.bitrate, "baudrate": config.baudrate}
                entries[name] = _entry("slcan", str(adapter.path), **paced)
            case UdpMulticastConfig():
                from sim.reach.udp_can import serve_udp_multicast

                stack.enter_context(HubTimer(hub))
                port = _free_port()
                await stack.enter_async_context(serve_udp_multicast(hub, config.channel, port))
                entries[name] = _entry("udp_multicast", config.channel, port=port)
            case _:
                rest[name] = hub
    channels = Channels(rest)
    port = await stack.enter_async_context(serve_socketcand(channels, host))
    for name in rest:
        hooks[f"unplug {name}"] = _dropped(channels, name)
        entries[name] = _entry("socketcand", name, host=host, port=port)
    return entries


def _entry(interface: str, channel: str, **options: Any) -> dict[str, Any]:
    return {"kind": "can", "interface": interface, "channel": channel, **options}


def _babbling(babbler: Babbler, hub: CanHub) -> Callable[[bool], None]:
    def act(on: bool) -> None:
        babbler.set_babbling(on)
        hub.wake()

    return act


def _unplugged(adapter: SlcanAdapter) -> Callable[[bool], None]:
    return lambda on: adapter.set_plugged(not on)


def _dropped(channels: Channels, name: str) -> Callable[[bool], None]:
    return lambda on: channels.set_plugged(name, not on)


def _free_port() -> int:
    """A port that no other run has: whoever joins a group hears every datagram to its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
        return port
