// Runs cases with the stock client in Node and prints a JSON line for each:
//   node node.mjs FOLDER BASE-URL TRANSPORT ENCODING CASE...
// FOLDER is where the client is installed. A line {"cut":true} asks for the
// sockets to be cut.
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { runCases } from "./cases.mjs";

const [folder, base, transport, encoding, ...names] = process.argv.slice(2);
const load = createRequire(resolve(folder, "package.json"));
process.on("unhandledRejection", error => console.error(error)); // the client's own, of sends that nobody awaits
await runCases({
    signalR: load("@microsoft/signalr"),
    msgpack: load("@microsoft/signalr-protocol-msgpack"),
    base, transport, encoding,
    print: line => process.stdout.write(JSON.stringify(line) + "\n"),
}, names);
process.exit(0);
