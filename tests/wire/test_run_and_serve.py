"""Two processes, real wires: what a person with three terminals does, and what tools of others read."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiomqtt
import can
import pytest
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

from hal.codecs.frames import PackCodec
from hal.config.loader import load_station
from hal.contract import RecordEvent, SimulatorNotice, StationState, Status, Topics
from hal.ports import Frame
from tests.wire.processes import STATION, Bench, bench

TOPICS = Topics("demo", STATION)
READ_S = 10.0
SWAP_S = 60.0
"""A swap with its pre-staging is 130 s of plant time; at speed 4 it is 33 s and the wires' own share."""
STOP_S = 5.0


class Voice:
    """Everything that the station says, by topic, the latest last."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client
        self._said: dict[str, list[bytes]] = {}

    async def until(self, topic: str, found: Callable[[Any], bool], limit_s: float) -> Any:
        """The first message on `topic`, of those before too, whose content is what is looked for."""
        async with asyncio.timeout(limit_s):
            while True:
                for payload in self._said.get(topic, []):
                    if found(json.loads(payload)):
                        return json.loads(payload)
                message = await anext(self._client.messages)
                assert isinstance(message.payload, bytes)
                self._said.setdefault(message.topic.value, []).append(message.payload)


async def _said(link: dict[str, Any], topic: str) -> bytes:
    """The retained message of a topic."""
    async with aiomqtt.Client(link["host"], link["port"]) as client, asyncio.timeout(READ_S):
        await client.subscribe(topic, qos=1)
        payload = (await anext(client.messages)).payload
    assert isinstance(payload, bytes)
    return payload


async def _status(on: Bench) -> dict[str, Any]:
    ended = await on.command("status", STATION, "--json")
    assert ended.code == 0, ended.err
    found: dict[str, Any] = ended.json
    return found


async def _reset(on: Bench, voice: Voice) -> None:
    ended = await on.command("reset", STATION, "--yes", "--why", "test")
    assert ended.code == 0, ended.err
    await voice.until(TOPICS.station, lambda m: m["values"]["packml"] == "Idle", READ_S)


@pytest.mark.timeout(120)
async def test_a_swap_by_the_commands_alone() -> None:
    async with bench() as on, on.simulator("--speed", "4") as simulator, on.controller(simulator) as run:
        link = simulator["links"]["cloud"]
        async with aiomqtt.Client(link["host"], link["port"]) as client:
            await client.subscribe(TOPICS.all, qos=1)
            voice = Voice(client)
            await _reset(on, voice)
            wish = (await on.command("sim", "reserve", "--json")).json
            (held,) = (await on.command("status", STATION, "--json")).json["reservations"]
            sent = (await on.command("sim", "car", "--order", "--json")).json
            order_id = sent["order"]["id"]
            await voice.until(TOPICS.swap, lambda m: m["values"]["phase"] == "ended", SWAP_S)
            record = RecordEvent.model_validate(await voice.until(TOPICS.record, lambda _: True, READ_S))
            reply = await voice.until(TOPICS.order_reply, lambda m: m["values"]["answer"] == "completed", READ_S)

        assert (record.values.outcome, record.values.lock_proven) == ("completed", True)
        assert record.values.order_id == reply["values"]["order_id"] == order_id
        assert record.values.serial_returned == sent["serial"]
        assert (wish["answer"]["answer"], wish["reserve"]["vin"], held["stage"]) == ("accepted", sent["vin"], "held")
        assert wish["answer"]["reason"] == f"bay {held['bay']}, pack {held['serial']}"
        assert (sent["answer"]["answer"], record.values.serial_installed) == ("accepted", held["serial"])
        assert record.faults == []
        truth = (await on.command("sim", "status", "--json")).json
        assert truth["breaches"] == []
        assert truth["departed"] == [sent["vin"]]
        assert sent["serial"] in truth["packs"].values()
        assert record.values.serial_installed not in truth["packs"].values()
        assert await run.terminate() == 0
        assert Status.model_validate_json(await _said(link, TOPICS.status)).values.state == "offline"


@pytest.mark.timeout(60)
async def test_sigterm_in_mid_motion_stops_everything_at_once() -> None:
    async with bench() as on, on.simulator() as simulator, on.controller(simulator) as run:
        link = simulator["links"]["cloud"]
        async with aiomqtt.Client(link["host"], link["port"]) as client:
            await client.subscribe(TOPICS.all, qos=1)
            voice = Voice(client)
            await _reset(on, voice)
            assert (await on.command("sim", "car", "--order")).code == 0
            await voice.until(TOPICS.step, lambda m: m["values"]["phase"] == "started", READ_S)
            await _moves(on)

            async with asyncio.timeout(STOP_S):
                assert await run.terminate() == 0
            await voice.until(TOPICS.status, lambda m: m["values"]["state"] == "offline", READ_S)
        truth = (await on.command("sim", "status", "--json")).json
        assert (truth["moving"], truth["breaches"]) == ([], [])

        async with on.controller(simulator):  # the journal remembers the swap: nothing moves, a person decides
            found = await _status(on)
            assert (found["packml"], [f["code"] for f in found["faults"]]) == ("Held", ["SWAP_INTERRUPTED"])
            refused = await on.command("reset", STATION, "--yes")
            assert (refused.code, "refused" in refused.err) == (1, True)
            assert (await on.command("clear", STATION, "--yes", "--why", "seen by eye")).code == 0
            assert (await _status(on))["packml"] == "Stopped"


async def _moves(on: Bench) -> None:
    async with asyncio.timeout(READ_S):
        while not (await on.command("sim", "status", "--json")).json["moving"]:
            pass


async def test_status_tells_links_faults_and_remedies() -> None:
    async with bench() as on, on.simulator() as simulator, on.controller(simulator) as run:
        found = await _status(on)
        assert found["ready"] is True
        assert (found["packml"], found["place"], found["swap"]) == ("Stopped", "unknown", None)
        assert set(found["links"]) == set(simulator["links"])

        ended = await on.command("sim", "fault", "unit-silent", "unit=shuttle_rail")
        assert ended.code == 0, ended.err
        await run.until(lambda line: "event=fault-raised code=LINK_LOST device=shuttle" in line, READ_S)
        (fault,) = (await _status(on))["faults"]
        assert (fault["code"], fault["device"]) == ("LINK_LOST", "shuttle")
        assert fault["remedy"]
        assert "LINK_LOST" in (await on.command("status")).out

        assert (await on.command("sim", "fault", "unit-silent", "unit=shuttle_rail", "--clear")).code == 0
        await run.until(lambda line: "event=fault-cleared code=LINK_LOST device=shuttle" in line, READ_S)


async def test_a_station_that_starts_without_a_device_is_ready_and_refuses_by_its_name() -> None:
    async with bench() as on, on.simulator() as simulator:
        assert (await on.command("sim", "fault", "unit-silent", "unit=stacker_crane")).code == 0
        async with on.controller(simulator) as run:
            await run.until(lambda line: "event=ready" in line, READ_S)
            (fault,) = (await _status(on))["faults"]
            assert (fault["code"], fault["device"]) == ("LINK_LOST", "stacker")
            assert fault["age_s"] >= 0.0
            assert (await on.command("reset", STATION, "--yes")).code == 0
            await run.until(lambda line: "answer=failed" in line and "stacker: no fresh reading" in line, READ_S)
            assert (await on.command("sim", "car", "--order")).code == 0
            await run.until(lambda line: "answer=refused" in line and "LINK_LOST stacker" in line, READ_S)
            link = simulator["links"]["cloud"]
            alarm = json.loads(await _said(link, TOPICS.alarm("LINK_LOST", "stacker")))
            assert "stacker_crane" in alarm["values"]["text"]
            state = StationState.model_validate_json(await _said(link, TOPICS.station)).values
            assert state.fault_codes == "LINK_LOST/stacker"


async def test_status_tells_what_was_refused_and_what_to_do_next() -> None:
    async with bench() as on, on.simulator() as simulator, on.controller(simulator) as run:
        assert (await _status(on))["next"] == "reset: the station takes orders from then on"
        assert (await on.command("sim", "order", "--vin", "LNAUTS0A0PX000099")).code == 0
        await run.until(lambda line: "event=order" in line, READ_S)
        lines = (await on.command("status")).out.splitlines()
        assert any(re.fullmatch(r"order    \S+ refused: station is Stopped", line) for line in lines)

        assert (await on.command("resume", "--yes")).code == 1
        lines = (await on.command("status")).out.splitlines()
        assert "operator resume refused: resume is for a held swap, station is Stopped" in lines
        assert "next     reset: the station takes orders from then on" in lines
        (unproven,) = (line for line in lines if line.startswith("unproven "))
        assert unproven.count("devices/io/wago-750") == 1
        warned = [line for line in run.lines if "event=not-verified-on-hardware" in line]
        assert len([line for line in warned if "file=devices/io/wago-750" in line]) == 1


async def test_a_second_controller_on_one_journal_is_refused() -> None:
    async with bench() as on, on.simulator() as simulator, on.controller(simulator):
        ended = await on.command(*simulator["run"][1:], "--socket", str(on.folder / "other.sock"))
        assert (ended.code, "another controller" in ended.err) == (69, True)


@pytest.mark.needs_program("mosquitto_sub", "mbpoll")
async def test_tools_of_others_read_the_station(needs_program: Callable[[str], Path]) -> None:
    async with bench() as on, on.simulator() as simulator:
        links = simulator["links"]
        await _modbus_tools_read(links)
        await _mbpoll_reads(needs_program("mbpoll"), links)
        truth = (await on.command("sim", "status", "--json")).json
        assert _can_tool_reads(links["packs"]) == truth["packs"]["bay-1"]
        await _mqtt_tool_reads(needs_program("mosquitto_sub"), links["cloud"])


async def _modbus_tools_read(links: dict[str, Any]) -> None:
    """The lift's limit switches over the serial line and the platform's inputs over TCP, by pymodbus's own client."""
    station = load_station(STATION)
    switches = station.units["lift_switches"]
    channel = switches.device.channels["di"]
    serial = AsyncModbusSerialClient(links["lift_line"]["port"], baudrate=links["lift_line"]["baudrate"])
    assert await serial.connect()
    try:
        answer = await serial.read_input_registers(channel.address, count=1, device_id=switches.unit)
        assert answer.registers[0] & 0b111 == 0b001  # at_home, at_transfer, at_seat
    finally:
        serial.close()
    platform = station.units["platform_io"]
    address = platform.device.channels["di"].address
    tcp = AsyncModbusTcpClient(links["platform"]["host"], port=links["platform"]["port"])
    assert await tcp.connect()
    try:
        answer = await tcp.read_discrete_inputs(address, count=54, device_id=platform.unit)
        assert answer.bits[0] is True  # lane_clear
        assert answer.bits[40:54] == [True] * 13 + [False]  # packs in all bays but the last
    finally:
        tcp.close()


async def _mbpoll_reads(program: Path, links: dict[str, Any]) -> None:
    """The same two units, by a tool that shares no line with us."""
    station, line, field = load_station(STATION), links["lift_line"], links["platform"]
    switches, platform = station.units["lift_switches"], station.units["platform_io"]
    serial = ["-m", "rtu", "-b", str(line["baudrate"]), "-P", "none", "-a", str(switches.unit), "-c", "1", "-t", "3"]
    tcp = ["-m", "tcp", "-p", str(field["port"]), "-a", str(platform.unit), "-c", "15", "-t", "1"]
    for options, where, expected in (
        (serial, line["port"], {0: "1"}),  # sixteen inputs in a word: at_home alone
        (tcp, field["host"], {0: "1", 14: "1"}),  # lane_clear, lane_gate_closed
    ):
        process = await asyncio.create_subprocess_exec(
            program, *options, "-0", "-r", "0", "-1", "-q", where, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        seen = dict(re.findall(r"^\[(\d+)\]:\s+(\d+)", out.decode(), re.MULTILINE))
        assert process.returncode == 0, out.decode()
        assert {k: seen[str(k)] for k in expected} == expected


def _can_tool_reads(link: dict[str, Any]) -> str:
    """The code of the pack in bay 1, which travels in parts, by python-can."""
    codec = PackCodec(load_station(STATION).packs["choco-20"], 1)
    with can.Bus(interface="socketcand", channel=link["channel"], host=link["host"], port=link["port"]) as bus:
        for _ in range(2000):
            message = bus.recv(timeout=READ_S)
            assert message is not None
            frame = Frame(message.arbitration_id, bytes(message.data), message.is_extended_id)
            values = codec.decode(frame)
            if values is not None and values.get("serial"):
                return str(values["serial"])
    pytest.fail("the pack in bay 1 does not say its code")


async def _mqtt_tool_reads(program: Path, link: dict[str, Any]) -> None:
    """The simulator says what it is, to mosquitto's own client."""
    process = await asyncio.create_subprocess_exec(
        program, "-h", link["host"], "-p", str(link["port"]), "-t", TOPICS.simulator, "-C", "1", "-W", "10",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    notice = SimulatorNotice.model_validate_json(out)
    assert (notice.values.simulator, notice.values.station) == (True, STATION)


async def test_the_retained_state_is_there_for_who_comes_late() -> None:
    async with bench() as on, on.simulator() as simulator, on.controller(simulator):
        link = simulator["links"]["cloud"]
        state = StationState.model_validate_json(await _said(link, TOPICS.station))
        assert state.values.packml == "Stopped"
        assert Status.model_validate_json(await _said(link, TOPICS.status)).values.state == "online"
