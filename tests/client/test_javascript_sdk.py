"""Each request equals what the official JavaScript SDK sends for the same call: both call a server that takes notes."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import pytest

from tests.client.flavours import done, new_client
from tests.client.recorder import RECORD, TOKEN, Recorder
from tests.client.sdk_calls import (
    AUTH,
    NO_REQUESTS,
    REALTIME,
    RECORDS,
    SERVICES,
    TEXTS,
    SameCall,
    Wire,
    decoded_json_part,
)
from tests.javascript_sdk import FOLDER, Missing, installed

CALLS = [*RECORDS, *AUTH, *SERVICES, *REALTIME]


class JavaScriptSDK:
    """The SDK in a Node process, which makes one call after another."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.called: dict[str, set[str]] = {}
        self.sent: dict[str, tuple[list[Wire], Any]] = {}

    def make(self, call: SameCall, url: str) -> Any:
        """Make a call; gives what it returned, if that is text."""
        answer = self._ask(
            url=url,
            token=TOKEN if call.signed_in else "",
            record=RECORD,
            call=call.js if "return" in call.js else f"return {call.js}",
        )
        self.called[call.name] = set(answer["touched"])
        return answer.get("returned")

    def methods(self) -> set[str]:
        """All public methods of the SDK's client and services."""
        types = (FOLDER / "node_modules/pocketbase/dist/pocketbase.es.d.ts").read_text()
        hidden = set(re.findall(r"^\s+(?:private|protected) (?:get )?(\w+)", types, re.MULTILINE))
        return {name for name in self._ask()["returned"] if name.rsplit(".", 1)[1] not in hidden}

    def _ask(self, **arguments: Any) -> Any:
        stdin, stdout = cast("IO[str]", self._process.stdin), cast("IO[str]", self._process.stdout)
        stdin.write(json.dumps(arguments) + "\n")
        stdin.flush()
        answer = json.loads(stdout.readline() or '{"error": "Node ended"}')
        assert "error" not in answer, answer["error"]
        return answer


@pytest.fixture(scope="module")
def sdk() -> Iterator[JavaScriptSDK]:
    try:
        installed()
    except Missing as reason:
        pytest.skip(str(reason))
    script = str(Path(__file__).with_name("javascript_sdk.mjs"))
    with subprocess.Popen(
        ["node", script], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield JavaScriptSDK(process)
        cast("IO[str]", process.stdin).close()


def in_javascript(sdk: JavaScriptSDK, call: SameCall) -> tuple[list[Wire], Any]:
    if call.name not in sdk.sent:
        with Recorder() as recorder:
            sdk.sent[call.name] = seen(recorder, sdk.make(call, recorder.url))
    return sdk.sent[call.name]


async def in_python(flavour: str, call: SameCall) -> tuple[list[Wire], Any]:
    with Recorder() as recorder:
        async with new_client(flavour, recorder.url) as pb:
            if call.signed_in:
                pb.auth_store.save(TOKEN, RECORD)
            returned = await done(call.ours(pb))
        return seen(recorder, returned)


def seen(recorder: Recorder, returned: Any) -> tuple[list[Wire], Any]:
    """The requests, and what the call gave if that is text; the address is another each time, and does not count."""
    wires = [request.wire for request in recorder.requests]
    text = json.dumps([wires, returned if isinstance(returned, str) else None])
    return tuple(json.loads(text.replace(recorder.url, "http://server")))


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
async def test_a_call_sends_what_the_javascript_sdk_sends(sdk: JavaScriptSDK, flavour: str, call: SameCall) -> None:
    theirs, _ = in_javascript(sdk, call)

    ours, _ = await in_python(flavour, call)

    both = [wire for wire in ours if not call.ours_alone(wire)]
    assert [decoded_json_part(wire) for wire in both] == [decoded_json_part(call.on_purpose(wire)) for wire in theirs]
    assert theirs


@pytest.mark.parametrize("call", [call for call in CALLS if call.on_purpose is not dict], ids=lambda call: call.name)
async def test_what_differs_on_purpose_does_differ(sdk: JavaScriptSDK, call: SameCall) -> None:
    theirs, _ = in_javascript(sdk, call)

    ours, _ = await in_python("sync", call)

    assert [decoded_json_part(wire) for wire in ours] != [decoded_json_part(wire) for wire in theirs]


@pytest.mark.parametrize("call", TEXTS, ids=lambda call: call.name)
async def test_a_text_is_the_javascript_sdks(sdk: JavaScriptSDK, flavour: str, call: SameCall) -> None:
    assert await in_python(flavour, call) == in_javascript(sdk, call)


def test_every_method_of_the_javascript_sdk_is_compared(sdk: JavaScriptSDK) -> None:
    for call in (*CALLS, *TEXTS):
        in_javascript(sdk, call)

    compared = set().union(*sdk.called.values())

    assert sdk.methods() - compared - NO_REQUESTS == set()
    assert NO_REQUESTS <= sdk.methods()
