"""Roles at the local control: what each act needs, and what a process that asks has."""

import grp
import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from firmware_py.core.events import Action
from firmware_py.shell.peer import Peer
from hal.config.station import ControlConfig

STATUS: Final = "status"
WATCH: Final = "watch"
WIRE_LOG: Final = "wire-log"
ROOT: Final = 0


class Role(IntEnum):
    """Each may do what the ones before it may."""

    NOBODY = 0
    VIEW = 1
    OPERATE = 2
    MAINTAIN = 3

    @property
    def word(self) -> str:
        """As people write it."""
        return self.name.lower()


NEEDS: Final[Mapping[str, Role]] = {
    STATUS: Role.VIEW,
    WATCH: Role.VIEW,
    Action.RESET: Role.OPERATE,
    Action.HOLD: Role.OPERATE,
    Action.RESUME: Role.OPERATE,
    Action.ABORT: Role.OPERATE,
    Action.CLEAR: Role.MAINTAIN,
    Action.MODE: Role.MAINTAIN,
    Action.STEP: Role.MAINTAIN,
    Action.JOG: Role.MAINTAIN,
    WIRE_LOG: Role.MAINTAIN,
}
"""Everything that can be asked. To view is to read; to operate is to move on or stop within what the chart allows; to
maintain is to forget faults, to move parts by hand, and to have files written."""


@dataclass(frozen=True)
class Roster:
    """Who has which role on this machine. root and the station's own user have the highest."""

    groups: Mapping[Role, str]
    """Name of the group behind each role."""
    gids: Mapping[Role, int]
    """Ids of those groups that are there."""
    own_uid: int

    def role_of(self, peer: Peer) -> Role:
        """The highest of the roles that the peer's user and groups have."""
        if peer.uid in {ROOT, self.own_uid}:
            return Role.MAINTAIN
        member = {peer.gid, *peer.groups}
        return max((role for role, gid in self.gids.items() if gid in member), default=Role.NOBODY)

    def refusal(self, action: str, peer: Peer) -> str:
        """Why the peer may not ask for this, and how to get to it; empty where it may."""
        needed, has = NEEDS[action], self.role_of(peer)
        if has >= needed:
            return ""
        group = self.groups[needed]
        way = f"`sudo usermod -aG {group} {peer.name if peer.has_name else 'NAME'}`, then log in anew"
        if needed not in self.gids:
            way = (
                f"no group {group} is on this machine: `sudo groupadd --system {group}`, {way}, start the station anew"
            )
        had = "no role" if has is Role.NOBODY else has.word
        return f"{action} needs the role {needed.word}, {peer} has {had}: {way}; or ask root"

    @property
    def missing(self) -> tuple[str, ...]:
        """Groups that this machine does not have."""
        return tuple(name for role, name in self.groups.items() if role not in self.gids)


def roster_of(config: ControlConfig) -> Roster:
    """The roster of the process that runs, by the groups that are there now."""
    groups = {Role.VIEW: config.view, Role.OPERATE: config.operate, Role.MAINTAIN: config.maintain}
    known = {role: _gid(name) for role, name in groups.items()}
    return Roster(groups, {role: gid for role, gid in known.items() if gid is not None}, os.geteuid())


def _gid(name: str) -> int | None:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None
