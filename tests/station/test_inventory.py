"""The inventory in the journal is the truth of the plant: after a swap, after an isolation, and over a restart."""

import asyncio

import pytest

from firmware_py.shell.inventory import last_known
from firmware_py.shell.journal import Query
from hal.config.loader import load_station
from sim.campaigns.director import Director
from sim.campaigns.scenario_run import stage_of
from sim.campaigns.virtual import VirtualStation, virtual_station
from sim.faults import clear, inject
from sim.scenario import load_scenario
from sim.vloop import run_virtual

STATION = load_station("choco-14")
HEARD_S = 3.0


def truth(running: VirtualStation) -> dict[str, str]:
    """Packs in bays and at the buffer, by place."""
    return {p: pack.serial for p, pack in running.world.packs.at.items() if p == "buffer" or p.startswith("bay-")}


async def kept(running: VirtualStation) -> dict[str, str]:
    """The same, as the journal has it."""
    found = await last_known(running.journal)
    return {place: serial for place, serial in found.items() if serial is not None and place != "isolation"}


@pytest.mark.parametrize("name", ["happy", "hot-pack-in-a-bay", "wrong-pack-at-buffer", "controller-killed"])
def test_after_a_scenario_every_pack_is_where_the_journal_has_it(name: str) -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            director = Director(load_scenario(name).scenario, stage_of(running))
            director.prepare()
            await director.run()
            assert await kept(running) == truth(running)
            rows = await running.journal.rows(Query(kind="inventory"))
            assert len({entry.row.swap_id for entry in rows} - {None}) == 1
            isolated = (await last_known(running.journal))["isolation"]
            assert (isolated is not None) is ("isolation" in running.world.packs.at)

    run_virtual(main())


def test_a_pack_that_a_person_has_exchanged_meanwhile_is_found_at_the_next_start() -> None:
    async def main() -> None:
        async with virtual_station(STATION, 1) as running:
            await asyncio.sleep(HEARD_S)
            before = len(await running.journal.rows(Query(kind="inventory")))
            inject(running.rig, "controller-dead")
            await asyncio.sleep(1.0)
            at = running.world.packs.at
            at["bay-3"], at["bay-4"] = at["bay-4"], at["bay-3"]
            running.world.packs.put("bay-14", at.pop("bay-2"))
            clear(running.rig, "controller-dead")
            await asyncio.sleep(HEARD_S)
            rows = await running.journal.rows(Query(kind="inventory", after_seq=before))
            late = [entry.row.body for entry in rows if entry.stamp.t_mono > HEARD_S]
            changed = {str(body["place"]) for body in late}
            assert changed == {"bay-2", "bay-3", "bay-4", "bay-14"}
            assert {"place": "bay-2", "serial": None, "was": at["bay-14"].serial} in late
            assert {"place": "bay-3", "serial": at["bay-3"].serial, "was": at["bay-4"].serial} in late
            assert await kept(running) == truth(running)

    run_virtual(main())
