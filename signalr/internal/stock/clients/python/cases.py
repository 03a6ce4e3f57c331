"""The cases of the matrix, with the hub of the recordings.

That one returns is that it passed. Those that the client has nothing to try
with are not here: it cannot leave out negotiation, cancel a stream, give an
upload arguments or get its result, or resume a connection.
"""

import asyncio
import base64

import msgpack
from pysignalr.exceptions import AuthorizationError, ServerError

CASES = {}


def case(function):
    CASES[function.__name__.replace("_", "-").strip("-")] = function
    return function


def same(what, got, want):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, want {want!r}"[:500])


async def refused(call):
    """Awaits an error and returns its text."""
    try:
        result = await call
    except ServerError as error:
        return error.message
    raise AssertionError(f"got {result!r}, want an error")


@case
async def connect(cell):
    hub = await cell.open()
    same("own id", await hub.invoke("KnowsConnection", hub.connection_id), True)


@case
async def invoke(cell):
    hub = await cell.open()
    sums = await asyncio.gather(*(hub.invoke("Add", n, n) for n in range(20)))
    same("sums", list(sums), [2 * n for n in range(20)])
    same("a name in another case", await hub.invoke("eCHO", "hi"), "hi")


@case
async def void(cell):
    hub = await cell.open()
    same("nothing", await hub.invoke("Nothing"), None)
    same("nothing later", await hub.invoke("NothingAsync"), None)


@case
async def send(cell):
    hub = await cell.open()
    told = hub.queue("told")
    await hub.client.send("CallMe", ["told", 1])
    same("told", await told.get(), [0, "number 0", cell.point(0, 0, None)])


@case
async def text(cell):
    hub = await cell.open()
    for words in ("", "é中\U0001f600<&'\"\\\u2028\0\n", "\u001e"):
        same("echo", await hub.invoke("Echo", words), words)


@case
async def objects(cell):
    hub = await cell.open()
    same("point", await hub.invoke("EchoPoint", cell.point(1, -2, "é")), cell.point(1, -2, "é"))
    anything = {"list": [1, [2.5, "x"]], "deep": {"yes": True, "no": None}}
    same("anything", await hub.invoke("EchoAny", anything), anything)
    everything = await hub.invoke("GetEverything")
    for name, want in {
        "flag": True, "number": -32769, "large": 9007199254740993, "real": 1.5, "missing": None,
        "list": [1, 2, 3], "map": {"one": 1}, "inner": cell.point(3, 4, "in"),
    }.items():
        same(name, everything[cell.member(name)], want)


@case
async def bytes_(cell):
    hub = await cell.open()
    data = b"\x00\x01\x7f\x80\xff"
    if cell.encoding == "json":
        data = base64.b64encode(data).decode()
    same("bytes", await hub.invoke("EchoBytes", data), data)


@case
async def time(cell):
    hub = await cell.open()
    when = "2026-03-01T12:34:56.789Z"
    if cell.encoding == "messagepack":
        when = msgpack.Timestamp(1772368496, 789_000_000)
    same("time", await hub.invoke("EchoTime", when), when)


@case
async def null(cell):
    hub = await cell.open()
    same("null result", await hub.invoke("Null"), None)
    same("null argument", await hub.invoke("EchoNullable", None), None)
    same("null of any type", await hub.invoke("EchoAny", None), None)
    same("null member", await hub.invoke("EchoPoint", cell.point(1, 2, None)), cell.point(1, 2, None))


@case
async def hub_error(cell):
    hub = await cell.open()
    same("error", await refused(hub.invoke("ThrowHub")),
         "An unexpected error occurred invoking 'ThrowHub' on the server. HubException: for the client")
    same("still there", await hub.invoke("Add", 1, 2), 3)


@case
async def error(cell):
    words = "An unexpected error occurred invoking 'Throw' on the server."
    hub = await cell.open()
    same("error", await refused(hub.invoke("Throw")), words)
    detailed = await cell.open("/detailed")
    same("with details", await refused(detailed.invoke("Throw")), words + " InvalidOperationException: secret detail")


@case
async def unknown_method(cell):
    hub = await cell.open()
    same("error", await refused(hub.invoke("Missing", 1)),
         "Failed to invoke 'Missing' due to an error on the server. HubException: Method does not exist.")
    same("forbidden", await refused(hub.invoke("Forbidden")), "Failed to invoke 'Forbidden' because user is unauthorized")


@case
async def stream(cell):
    hub = await cell.open()
    same("items", await hub.stream("Count", 100), (None, list(range(100))))
    same("no items", await hub.stream("Count", 0), (None, []))


@case
async def stream_error(cell):
    hub = await cell.open()
    same("items and error", await hub.stream("CountThenThrowHub", 3),
         ("An error occurred on the server while streaming results. HubException: for the client", [0, 1, 2]))


@case
async def client_result(cell):
    hub = await cell.open()

    async def answer(arguments):
        return f"{arguments[0]} blue"

    async def number(_arguments):
        return 42

    hub.client.on("answer", answer)
    hub.client.on("number", number)
    same("answer", await hub.invoke("AskClient", "colour?"), "the client said colour? blue")
    same("number", await hub.invoke("AskClientNumber"), 42)


@case
async def client_result_error(cell):
    hub = await cell.open("/detailed")

    async def answer(_arguments):
        raise ValueError("do not know")

    hub.client.on("answer", answer)
    same("the client's words", "do not know" in await refused(hub.invoke("AskClient", "colour?")), True)
    other = await cell.open("/detailed")
    same("no handler", "Client didn't provide a result" in await refused(other.invoke("AskClient", "colour?")), True)


@case
async def callbacks(cell):
    hub = await cell.open()
    counted, bare = hub.queue("counted"), hub.queue("noArguments")
    await hub.invoke("CallMe", "counted", 100)
    for i in range(100):
        same("in order", await counted.get(), [i, f"number {i}", cell.point(i, -i, None)])
    await hub.invoke("CallMeNoArguments")
    same("without arguments", await bare.get(), [])


@case
async def groups(cell):
    a, b = await cell.open(), await cell.open()
    at_a, at_b = a.queue("message"), b.queue("message")
    group = f"group-{a.connection_id}"
    await a.invoke("Join", group)
    await b.invoke("Join", group)
    await a.invoke("ToGroup", group, "to all")
    await a.invoke("ToOthersInGroup", group, "to others")
    await b.invoke("Leave", group)
    await a.invoke("ToGroup", group, "to a")
    same("a", [await at_a.get(), await at_a.get()], [["to all"], ["to a"]])
    same("b", [await at_b.get(), await at_b.get()], [["to all"], ["to others"]])
    await b.invoke("Nothing")
    same("more", (at_a.qsize(), at_b.qsize()), (0, 0))


@case
async def big_download(cell):
    hub = await cell.open()
    same("length", len(await hub.invoke("Big", 900_000)), 900_000)


@case
async def big_upload(cell):
    hub = await cell.open()
    words = "x" * (32 * 1024 - 128)
    same("length", len(await hub.invoke("Echo", words)), len(words))


@case
async def too_big(cell):
    hub = await cell.open()
    await hub.client.send("Echo", ["x" * 32 * 1024])
    same("closed", await refused(hub.running), "Connection closed with an error.")


@case
async def abort(cell):
    hub = await cell.open()
    hub.opened.clear()
    await hub.client.send("Abort", [])
    await hub.closed.wait()
    await hub.started()  # that it ends without connecting again would raise
    raise AssertionError("connected again")


@case
async def token(cell):
    # The client's token factory is not asked before it negotiates.
    hub = await cell.open("/authorized", headers={"Authorization": "Bearer alice"})
    same("user", await hub.invoke("WhoAmI"), "alice")
    bad = cell.start("/authorized", headers={"Authorization": "Bearer bad"})
    try:
        await bad.started()
    except AuthorizationError:
        return
    raise AssertionError("a bad token was accepted")


@case
async def redirect(cell):
    hub = await cell.open("/redirect")
    same("user", await hub.invoke("WhoAmI"), "carol")


@case
async def query(cell):
    hub = await cell.open("/golden?room=a%20b&x=1")
    same("room", await hub.invoke("Query", "room"), "a b")


@case
async def close(cell):
    hub, other = await cell.open("/detailed"), await cell.open("/detailed")
    gone = hub.connection_id
    await hub.stop()
    while "does not exist" not in await refused(other.invoke("AskStranger", gone)):
        await asyncio.sleep(0.01)


@case
async def keep_alive(cell):
    hub = await cell.open("/hasty", signalr_ping_interval=0.5)
    await asyncio.sleep(4.5)  # longer than either side's timeout
    same("closed", hub.closed.is_set(), False)
    same("sum", await hub.invoke("Add", 1, 2), 3)


@case
async def reconnect(cell):
    hub = await cell.open(retry_sleep=0.1)
    hub.opened.clear()
    cell.cut()  # without a gap: a negotiation that finds no network ends the client
    await hub.closed.wait()
    await hub.started()
    same("sum", await hub.invoke("Add", 1, 2), 3)
