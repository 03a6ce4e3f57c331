// Follows one topic with the stock client, through any number of cuts, and
// prints a JSON line for each envelope and each step:
//   node follow.mjs BASE-URL WebSockets|ServerSentEvents|LongPolling json|messagepack TOPIC
// After a reconnect it subscribes again with the last envelope's cursor, as
// every client of this hub does. It ends when standard input does.
import { HttpTransportType, HubConnectionBuilder, JsonHubProtocol, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";

const [base, transport, protocol, topic] = process.argv.slice(2);
const print = line => process.stdout.write(JSON.stringify(line) + "\n");

const connection = new HubConnectionBuilder()
    .withUrl(`${base}/aspire-realtime`, { transport: HttpTransportType[transport] })
    .withHubProtocol(protocol === "messagepack" ? new MessagePackHubProtocol() : new JsonHubProtocol())
    .withAutomaticReconnect(Array(10000).fill(20))
    .configureLogging(LogLevel.None)
    .build();

let cursor = null;
connection.on("ReceiveEvent", envelope => {
    cursor = envelope.cursor;
    print({ envelope });
});
async function follow() {
    try {
        const receipt = await connection.invoke("Subscribe", topic, cursor ? { cursor } : { from: "start" });
        cursor ??= receipt.cursor;
        print({ subscribed: receipt });
    } catch (error) {
        print({ failed: error.message }); // cut while it was asking: it reconnects and asks again
    }
}
connection.onreconnected(follow);
connection.onclose(error => print({ closed: true, error: error?.message ?? null }));

await connection.start();
await follow();
for await (const _ of process.stdin);
await connection.stop();
