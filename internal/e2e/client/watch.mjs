// Follows documents with the stock client and prints a JSON line for each callback:
//   node watch.mjs BASE-URL WebSockets|ServerSentEvents|LongPolling json|messagepack [GUID...]
// More ids may come on standard input, one a line; it ends when standard input does.
import { HttpTransportType, HubConnectionBuilder, JsonHubProtocol, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { createInterface } from "node:readline";

const [base, transport, protocol, ...ids] = process.argv.slice(2);
const print = line => process.stdout.write(JSON.stringify(line) + "\n");

const connection = new HubConnectionBuilder()
    .withUrl(`${base}/aspire-realtime`, { transport: HttpTransportType[transport] })
    .withHubProtocol(protocol === "messagepack" ? new MessagePackHubProtocol() : new JsonHubProtocol())
    .withAutomaticReconnect(Array(60).fill(250))
    .configureLogging(LogLevel.Warning)
    .build();
for (const method of ["ReceiveProcessingUpdate", "ReceiveComplianceAlert", "ReceiveServiceNotification", "ReceiveHealthUpdate"]) {
    connection.on(method, (...args) => { print({ method, arguments: args }); });
}
const followed = new Set();
async function follow(id) {
    followed.add(id);
    try {
        await connection.invoke("SubscribeToDocument", id);
        print({ subscribed: id });
    } catch (error) {
        print({ refused: id, error: error.message });
    }
}
connection.onreconnected(async () => {
    print({ reconnected: true });
    for (const id of followed) await follow(id);
});
connection.onclose(error => print({ closed: true, error: error?.message ?? null }));

await connection.start();
print({ connected: true });
for (const id of ids) await follow(id);
for await (const line of createInterface({ input: process.stdin })) {
    if (line.trim()) await follow(line.trim());
}
await connection.stop();
