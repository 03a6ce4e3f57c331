// The cases of the matrix for the stock JavaScript client, whatever its version
// and wherever it runs. Each case opens connections of its own; that it returns
// is that it passed. The hub is the one of the recordings (signalr/internal/golden).

// Patience bounds one case, in milliseconds.
const patience = 20000;

// runCases runs the cases named, one after the other, and prints a line for
// each. env: signalR and msgpack (the client's modules), base (the server's
// URL), transport, encoding, print.
export async function runCases(env, names) {
    for (const name of names) {
        if (!cases[name]) {
            env.print({ case: name, missing: true });
            continue;
        }
        const cell = new Cell(env);
        try {
            await cell.within(patience, cases[name](cell));
            env.print({ case: name, ok: true });
        } catch (error) {
            env.print(error === missing ? { case: name, missing: true } : { case: name, error: String(error?.message ?? error) });
        }
        await cell.close();
    }
}

// missing is thrown by a case that the client has nothing to try it with.
const missing = new Error("the client has no such thing");

class Cell {
    constructor(env) {
        Object.assign(this, env);
        this.connections = [];
    }

    // build makes a connection that is not started; options are the client's
    // HTTP options, and configure takes the builder.
    build(path, { configure, ...options } = {}) {
        const builder = new this.signalR.HubConnectionBuilder()
            .withUrl(this.base + path, { transport: this.signalR.HttpTransportType[this.transport], ...options })
            .withHubProtocol(this.encoding === "messagepack" ? new this.msgpack.MessagePackHubProtocol() : new this.signalR.JsonHubProtocol())
            .configureLogging(this.signalR.LogLevel.None);
        configure?.(builder);
        const connection = builder.build();
        this.connections.push(connection);
        return connection;
    }

    async open(path = "/golden", options) {
        const connection = this.build(path, options);
        await connection.start();
        return connection;
    }

    // cut asks the suite to cut all sockets of this client, and to let it have
    // none for so many milliseconds.
    cut(gap = 0) { this.print({ cut: true, gap }); }

    // member reads a member by its name in the encoding at hand.
    member(object, name) {
        return object[this.encoding === "messagepack" ? name[0].toUpperCase() + name.slice(1) : name];
    }

    point(x, y, label) {
        return this.encoding === "messagepack" ? { X: x, Y: y, Label: label } : { x, y, label };
    }

    async within(milliseconds, promise) {
        let timer;
        const late = new Promise((_, reject) => {
            timer = setTimeout(() => reject(new Error(`nothing within ${milliseconds} ms`)), milliseconds);
        });
        try {
            return await Promise.race([promise, late]);
        } finally {
            clearTimeout(timer);
        }
    }

    async close() {
        await Promise.all(this.connections.map(c => this.within(5000, c.stop()).catch(() => {})));
    }
}

function same(what, got, want) {
    if (canonical(got) !== canonical(want)) {
        throw new Error(`${what}: got ${canonical(got)}, want ${canonical(want)}`);
    }
}

// canonical is JSON with the members of each object in order of their names.
const canonical = value => JSON.stringify(value, (_, v) =>
    v && typeof v === "object" && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => a < b ? -1 : 1)) : v);

// refused awaits a rejection and returns its text.
async function refused(promise) {
    let result;
    try {
        result = await promise;
    } catch (error) {
        return String(error?.message ?? error);
    }
    throw new Error(`got ${JSON.stringify(result)}, want an error`);
}

// closed is the text that onclose gets, null without one.
const closed = connection => new Promise(resolve => connection.onclose(error => resolve(error ? String(error.message ?? error) : null)));

// until polls a condition; the case's patience ends it.
async function until(condition) {
    while (!await condition()) await new Promise(resolve => setTimeout(resolve, 10));
}

// collect gathers the items of a stream until it ends.
const collect = stream => new Promise((resolve, reject) => {
    const items = [];
    stream.subscribe({
        next: item => items.push(item),
        error: error => reject(Object.assign(new Error(String(error?.message ?? error)), { items })),
        complete: () => resolve(items),
    });
});

const numbers = n => Array.from({ length: n }, (_, i) => i);

// feed puts items into a subject after the call that carries it.
function feed(subject, items) {
    for (const item of items) subject.next(item);
    subject.complete();
}

const cases = {
    async connect(cell) {
        const hub = await cell.open();
        same("state", hub.state, "Connected");
        same("own id", await hub.invoke("KnowsConnection", hub.connectionId), true);
    },

    async "skip-negotiation"(cell) {
        const hub = await cell.open("/golden", { skipNegotiation: true });
        same("sum", await hub.invoke("Add", 40, 2), 42);
    },

    async invoke(cell) {
        const hub = await cell.open();
        same("sums", await Promise.all(numbers(20).map(n => hub.invoke("Add", n, n))), numbers(20).map(n => 2 * n));
        same("a name in another case", await hub.invoke("eCHO", "hi"), "hi");
    },

    async void(cell) {
        const hub = await cell.open();
        same("nothing", await hub.invoke("Nothing") ?? null, null);
        same("nothing later", await hub.invoke("NothingAsync") ?? null, null);
    },

    async send(cell) {
        const hub = await cell.open();
        const told = new Promise(resolve => hub.on("told", (...args) => resolve(args)));
        await hub.send("CallMe", "told", 1);
        same("told", await told, [0, "number 0", cell.point(0, 0, null)]);
    },

    async text(cell) {
        const hub = await cell.open();
        for (const text of ["", "é中\u{1F600}<&'\"\\\u2028\u0000\n", "\u001e"]) {
            same("echo", await hub.invoke("Echo", text), text);
        }
    },

    async objects(cell) {
        const hub = await cell.open();
        same("point", await hub.invoke("EchoPoint", cell.point(1, -2, "é")), cell.point(1, -2, "é"));
        const anything = { list: [1, [2.5, "x"]], deep: { yes: true, no: null } };
        same("anything", await hub.invoke("EchoAny", anything), anything);
        const all = await hub.invoke("GetEverything");
        same("number", cell.member(all, "number"), -32769);
        same("real", cell.member(all, "real"), 1.5);
        same("money", Number(cell.member(all, "money")), 12.3);
        same("list", cell.member(all, "list"), [1, 2, 3]);
        same("map", cell.member(all, "map"), { one: 1 });
        same("inner", cell.member(all, "inner"), cell.point(3, 4, "in"));
    },

    async bytes(cell) {
        const hub = await cell.open();
        if (cell.encoding === "json") {
            same("bytes as base64", await hub.invoke("EchoBytes", "AAF/gP8="), "AAF/gP8=");
            return;
        }
        const got = await hub.invoke("EchoBytes", new Uint8Array([0, 1, 127, 128, 255]));
        same("is bytes", got instanceof Uint8Array, true);
        same("bytes", Array.from(got), [0, 1, 127, 128, 255]);
    },

    async time(cell) {
        const hub = await cell.open();
        const when = new Date("2026-03-01T12:34:56.789Z");
        const got = await hub.invoke("EchoTime", when);
        same("is a Date", got instanceof Date, cell.encoding === "messagepack");
        same("time", new Date(got).getTime(), when.getTime());
    },

    async null(cell) {
        const hub = await cell.open();
        same("null result", await hub.invoke("Null"), null);
        same("null argument", await hub.invoke("EchoNullable", null), null);
        same("null of any type", await hub.invoke("EchoAny", null), null);
        same("null member", cell.member(await hub.invoke("EchoPoint", cell.point(1, 2, null)), "label"), null);
    },

    async "hub-error"(cell) {
        const hub = await cell.open();
        same("error", await refused(hub.invoke("ThrowHub")),
            "An unexpected error occurred invoking 'ThrowHub' on the server. HubException: for the client");
        same("still there", await hub.invoke("Add", 1, 2), 3);
    },

    async error(cell) {
        const hub = await cell.open();
        same("error", await refused(hub.invoke("Throw")), "An unexpected error occurred invoking 'Throw' on the server.");
        const detailed = await cell.open("/detailed");
        same("with details", await refused(detailed.invoke("Throw")),
            "An unexpected error occurred invoking 'Throw' on the server. InvalidOperationException: secret detail");
    },

    async "unknown-method"(cell) {
        const hub = await cell.open();
        same("error", await refused(hub.invoke("Missing", 1)), "Failed to invoke 'Missing' due to an error on the server. HubException: Method does not exist.");
        same("forbidden", await refused(hub.invoke("Forbidden")), "Failed to invoke 'Forbidden' because user is unauthorized");
    },

    async stream(cell) {
        const hub = await cell.open();
        same("items", await collect(hub.stream("Count", 100)), numbers(100));
        same("no items", await collect(hub.stream("Count", 0)), []);
    },

    async "stream-error"(cell) {
        const hub = await cell.open();
        const error = await collect(hub.stream("CountThenThrowHub", 3)).then(() => null, e => e);
        same("items", error?.items, [0, 1, 2]);
        same("error", error.message, "An error occurred on the server while streaming results. HubException: for the client");
    },

    async "stream-cancel"(cell) {
        const hub = await cell.open();
        await new Promise((resolve, reject) => {
            const subscription = hub.stream("CountForever").subscribe({
                next: () => { subscription.dispose(); resolve(); }, error: reject, complete: reject,
            });
        });
        await until(() => hub.invoke("WasCancelled"));
    },

    async upload(cell) {
        const hub = await cell.open();
        const subject = new cell.signalR.Subject();
        const sum = hub.invoke("Sum", subject);
        feed(subject, numbers(100));
        same("sum", await sum, 4950);
    },

    async uploads(cell) {
        const hub = await cell.open();
        const first = new cell.signalR.Subject(), second = new cell.signalR.Subject();
        // The prefix goes between the streams, where the server does not mind it:
        // the client passes over a stream that directly follows another one.
        const text = hub.invoke("Concat", first, "p:", second);
        feed(second, ["c", "d"]);
        feed(first, ["a", "b"]);
        same("text", await text, "p:abcd");
    },

    async "upload-and-stream"(cell) {
        const hub = await cell.open();
        const subject = new cell.signalR.Subject();
        const doubles = collect(hub.stream("Double", subject));
        feed(subject, numbers(50));
        same("doubles", await doubles, numbers(50).map(n => 2 * n));
    },

    async "client-result"(cell) {
        const hub = await cell.open();
        hub.on("answer", async question => `${question} blue`);
        hub.on("number", () => 42);
        same("answer", await hub.invoke("AskClient", "colour?"), "the client said colour? blue");
        same("number", await hub.invoke("AskClientNumber"), 42);
    },

    async "client-result-error"(cell) {
        const hub = await cell.open("/detailed");
        hub.on("answer", () => { throw new Error("do not know"); });
        const text = await refused(hub.invoke("AskClient", "colour?"));
        same("carries the client's words", text.includes("do not know"), true);
        const other = await cell.open("/detailed");
        same("no handler", (await refused(other.invoke("AskClient", "colour?"))).includes("Client didn't provide a result"), true);
    },

    async callbacks(cell) {
        const hub = await cell.open();
        const got = [];
        hub.on("counted", (i, text, point) => got.push([i, text, point]));
        await hub.invoke("CallMe", "counted", 100);
        await until(() => got.length >= 100);
        same("in order", got, numbers(100).map(i => [i, `number ${i}`, cell.point(i, -i || 0, null)]));
        const bare = new Promise(resolve => hub.on("noArguments", (...args) => resolve(args)));
        await hub.invoke("CallMeNoArguments");
        same("without arguments", await bare, []);
    },

    async groups(cell) {
        const [a, b] = [await cell.open(), await cell.open()];
        const [atA, atB] = [[], []];
        a.on("message", text => atA.push(text));
        b.on("message", text => atB.push(text));
        const group = `group-${a.connectionId}`;
        await a.invoke("Join", group);
        await b.invoke("Join", group);
        await a.invoke("ToGroup", group, "to all");
        await a.invoke("ToOthersInGroup", group, "to others");
        await b.invoke("Leave", group);
        await a.invoke("ToGroup", group, "to a");
        await until(() => atA.length >= 2 && atB.length >= 2);
        await b.invoke("Nothing");
        same("a", atA, ["to all", "to a"]);
        same("b", atB, ["to all", "to others"]);
    },

    async "big-download"(cell) {
        const hub = await cell.open();
        same("length", (await hub.invoke("Big", 900000)).length, 900000);
    },

    async "big-upload"(cell) {
        const hub = await cell.open();
        const text = "x".repeat(32 * 1024 - 128);
        same("length", (await hub.invoke("Echo", text)).length, text.length);
    },

    async "too-big"(cell) {
        const hub = await cell.open();
        const end = closed(hub);
        await refused(hub.invoke("Echo", "x".repeat(32 * 1024)));
        same("closed", await end, "Server returned an error on close: Connection closed with an error.");
    },

    async abort(cell) {
        const hub = await cell.open("/golden", { configure: b => b.withAutomaticReconnect([0, 0]) });
        let reconnecting = false;
        hub.onreconnecting(() => { reconnecting = true; });
        const end = closed(hub);
        hub.invoke("Abort").catch(() => {});
        same("closed without an error", await end, null);
        same("reconnecting", reconnecting, false);
    },

    async token(cell) {
        const hub = await cell.open("/authorized", { accessTokenFactory: () => "alice" });
        same("user", await hub.invoke("WhoAmI"), "alice");
        const text = await refused(cell.open("/authorized", { accessTokenFactory: () => "bad" }));
        same("refused with 401", text.includes("401"), true);
    },

    async redirect(cell) {
        const hub = await cell.open("/redirect");
        same("user", await hub.invoke("WhoAmI"), "carol");
    },

    async query(cell) {
        const hub = await cell.open("/golden?room=a%20b&x=1");
        same("room", await hub.invoke("Query", "room"), "a b");
    },

    async close(cell) {
        const [hub, other] = [await cell.open("/detailed"), await cell.open("/detailed")];
        const id = hub.connectionId, end = closed(hub);
        await hub.stop();
        same("closed without an error", await end, null);
        await until(() => refused(other.invoke("AskStranger", id)).then(text => text.includes("does not exist")));
    },

    async "keep-alive"(cell) {
        const hub = await patiently(cell, "/hasty", { configure: b => b.withServerTimeout(2500).withKeepAliveInterval(500) });
        let ended = false;
        hub.onclose(() => { ended = true; });
        await new Promise(resolve => setTimeout(resolve, 4500)); // longer than either side's timeout
        same("closed", ended, false);
        same("sum", await hub.invoke("Add", 1, 2), 3);
    },

    async reconnect(cell) {
        const hub = await cell.open("/golden", { configure: b => b.withAutomaticReconnect(Array(50).fill(50)) });
        const before = hub.connectionId;
        const lost = new Promise(resolve => hub.onreconnecting(resolve));
        const back = new Promise(resolve => hub.onreconnected(resolve));
        cell.cut(300); // browsers hide from polls that a socket was lost, but not that there is none
        await lost;
        const id = await back;
        same("a new connection", id !== before && id === hub.connectionId, true);
        same("sum", await hub.invoke("Add", 1, 2), 3);
    },

    async "stateful-reconnect"(cell) {
        if (cell.transport !== "WebSockets") throw missing; // the option is there, but for WebSockets
        const hub = await cell.open("/stateful", { configure: b => b.withStatefulReconnect() });
        const got = [], id = hub.connectionId;
        hub.on("counted", i => got.push(i));
        for (let round = 0; round < 3; round++) {
            const late = hub.invoke("Delay", 300), counted = hub.invoke("CallMe", "counted", 100);
            cell.cut(); // so that all below has to cross the gap, in both directions
            const sums = Promise.all(numbers(20).map(n => hub.invoke("Add", n, round)));
            same("late answer", await late, "after 300");
            await counted;
            same("sums", await sums, numbers(20).map(n => n + round));
        }
        await until(() => got.length >= 300);
        same("each once, in order", got, numbers(300).map(i => i % 100));
        same("the same connection", hub.connectionId, id);
    },
};

// patiently opens a connection to a hub whose handshake may take a second only,
// which a busy machine may miss.
async function patiently(cell, path, options) {
    for (let tries = 1; ; tries++) {
        try {
            return await cell.open(path, options);
        } catch (error) {
            if (tries === 5) throw error;
        }
    }
}
