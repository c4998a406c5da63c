"""Work by hand over the wires: the key, the mode, one move, and back."""

import asyncio

import pytest

from tests.wire.processes import STATION, bench

KEY_S = 1.5
"""At rest the safety PLC is read once a second."""


@pytest.mark.timeout(90)
async def test_the_key_leads_to_manual_where_one_move_at_a_time_goes_by_command() -> None:
    async with bench() as on, on.simulator() as simulator, on.controller(simulator):
        of = ("--station", STATION, "--why", "test")
        refused = await on.command("mode", "manual", *of, "--yes")
        assert (refused.code, "not turned to maintenance" in refused.err) == (1, True)
        assert (await on.command("sim", "fault", "maintenance-key")).code == 0
        await asyncio.sleep(KEY_S)
        assert (await on.command("mode", "manual", *of, "--yes")).code == 0
        unasked = await on.command("jog", "lift", "+20", *of)
        assert (unasked.code, "lift moves from 0.0 to 20.0 mm at 20 mm/s: needs --yes" in unasked.err) == (64, True)
        moved = await on.command("jog", "lift", "+20", *of, "--yes")
        assert (moved.code, "jog completed" in moved.out) == (0, True), moved.err
        back = await on.command("jog", "lift", "-20", *of, "--yes", "--json")
        assert (back.json["answer"], back.json["mode"]) == ("completed", "Manual")
        judged = await on.command("jog", "rods", "out", *of, "--yes")
        assert (judged.code, "interlock car-parked" in judged.err) == (1, True)
        assert "in mode Manual" in (await on.command("status", STATION)).out
        assert (await on.command("sim", "fault", "maintenance-key", "--clear")).code == 0
        await asyncio.sleep(KEY_S)
        assert (await on.command("mode", "production", *of, "--yes")).code == 0
