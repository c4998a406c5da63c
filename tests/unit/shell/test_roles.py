"""Roles at the local control: who has which, what each act needs, and what a refusal says."""

import pytest

from firmware_py.shell.peer import Peer
from firmware_py.shell.roles import NEEDS, Role, Roster

GROUPS = {Role.VIEW: "see", Role.OPERATE: "work", Role.MAINTAIN: "mend"}
ROSTER = Roster(GROUPS, {Role.VIEW: 501, Role.OPERATE: 502, Role.MAINTAIN: 503}, own_uid=900)
ACTS = {
    "view": {"status", "watch"},
    "operate": {"reset", "hold", "resume", "abort"},
    "maintain": {"clear", "mode", "step", "jog", "wire-log"},
}
"""What each role adds to the one before."""


def peer(*groups: int, uid: int = 1001, gid: int = 1001) -> Peer:
    return Peer(uid, gid, frozenset(groups), "anna")


@pytest.mark.parametrize(
    ("who", "role"),
    [
        (peer(), "nobody"),
        (peer(100, 27), "nobody"),
        (peer(501), "view"),
        (peer(502), "operate"),
        (peer(503), "maintain"),
        (peer(501, 503, 502), "maintain"),
        (peer(gid=502), "operate"),
        (peer(uid=0), "maintain"),
        (peer(uid=900), "maintain"),
        (peer(uid=501, gid=900), "nobody"),
    ],
)
def test_a_role_comes_by_user_or_group_and_the_highest_counts(who: Peer, role: str) -> None:
    assert ROSTER.role_of(who).word == role


@pytest.mark.parametrize(
    ("groups", "may"),
    [
        ((), set()),
        ((501,), ACTS["view"]),
        ((502,), ACTS["view"] | ACTS["operate"]),
        ((503,), ACTS["view"] | ACTS["operate"] | ACTS["maintain"]),
    ],
)
def test_each_role_may_do_its_acts_and_no_other(groups: tuple[int, ...], may: set[str]) -> None:
    assert {act for act in NEEDS if not ROSTER.refusal(act, peer(*groups))} == may


def test_nothing_that_can_be_asked_is_left_out_of_the_table() -> None:
    assert set(NEEDS) == set().union(*ACTS.values())


def test_a_refusal_names_what_is_needed_what_is_there_and_the_way_to_it() -> None:
    said = ROSTER.refusal("clear", peer(502))
    assert said == (
        "clear needs the role maintain, anna (uid 1001) has operate: "
        "`sudo usermod -aG mend anna`, then log in anew; or ask root"
    )
    assert "has no role: `sudo usermod -aG see anna`" in ROSTER.refusal("status", peer())


def test_where_a_group_is_not_on_the_machine_its_role_is_root_s_and_the_refusal_says_so() -> None:
    roster = Roster(GROUPS, {Role.VIEW: 501}, own_uid=900)
    assert roster.missing == ("work", "mend")
    assert roster.role_of(peer(502, 503)) is Role.NOBODY
    assert "no group work is on this machine: `sudo groupadd --system work`" in roster.refusal("hold", peer(501))
    assert roster.refusal("clear", peer(uid=900)) == ""
