"""The connections of one case."""

import asyncio
from urllib.parse import parse_qs, urlsplit

from pysignalr.client import SignalRClient
from pysignalr.exceptions import ServerError
from pysignalr.protocol.json import JSONProtocol
from pysignalr.protocol.messagepack import MessagepackProtocol


class Connection:
    """A client that runs, and the events that it tells."""

    def __init__(self, url, encoding, **options):
        protocol = MessagepackProtocol() if encoding == "messagepack" else JSONProtocol()
        self.client = SignalRClient(url, protocol=protocol, **options)
        self.opened = asyncio.Event()
        self.closed = asyncio.Event()
        self.opens = 0
        self.client.on_open(self._on_open)
        self.client.on_close(self._on_close)
        self.client.on_error(self._on_error)
        self.running = asyncio.create_task(self.client.run())

    async def _on_open(self):
        self.opens += 1
        self.opened.set()

    async def _on_close(self):
        self.closed.set()

    async def _on_error(self, _completion):
        """The callback of the call gets the error as well."""

    async def started(self):
        """Waits until the connection is open; raises what run raises."""
        opened = asyncio.create_task(self.opened.wait())
        await asyncio.wait({opened, self.running}, return_when=asyncio.FIRST_COMPLETED)
        if not self.opened.is_set():
            opened.cancel()
            await self.running
        return self

    async def invoke(self, method, *arguments):
        """Calls and waits for the result; raises ServerError with the error's text."""
        completed = asyncio.get_running_loop().create_future()

        async def complete(message):
            completed.set_result(message)

        await self.client.send(method, list(arguments), complete)
        message = await completed
        if message.error is not None:
            raise ServerError(message.error)
        return message.result

    async def stream(self, method, *arguments):
        """Returns the items of a stream and the text of the error that ended it."""
        items = []
        ended = asyncio.get_running_loop().create_future()

        async def end(message):
            ended.set_result(message.error)

        async def item(value):
            items.append(value)

        await self.client.stream(method, list(arguments), item, end, end)
        return await ended, items

    def queue(self, method):
        """Returns a queue of the arguments that the method is called with."""
        calls = asyncio.Queue()
        self.client.on(method, calls.put)
        return calls

    @property
    def connection_id(self):
        """The client does not tell it, but has it in the URL that it connected to."""
        return parse_qs(urlsplit(self.client._transport._url).query)["id"][0]

    async def stop(self):
        """Ends the client in the only way that it has; waits a little, it may be in no hurry."""
        self.running.cancel()
        await asyncio.wait({self.running}, timeout=3)


class Cell:
    def __init__(self, base, encoding, report):
        self.base, self.encoding, self.report = base, encoding, report
        self.connections = []

    def start(self, path="/golden", **options):
        connection = Connection(self.base + path, self.encoding, **options)
        self.connections.append(connection)
        return connection

    async def open(self, path="/golden", **options):
        return await self.start(path, **options).started()

    def cut(self, gap=0):
        """Asks the suite to cut all sockets of this client."""
        self.report({"cut": True, "gap": gap})

    def point(self, x, y, label):
        """An object with the names of its members in the encoding at hand."""
        return {self.member("x"): x, self.member("y"): y, self.member("label"): label}

    def member(self, name):
        return name[0].upper() + name[1:] if self.encoding == "messagepack" else name

    async def close(self):
        for connection in self.connections:
            await connection.stop()
