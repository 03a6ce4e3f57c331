// Runs cases with the stock browser bundles in headless Chromium and prints a
// JSON line for each:
//   node browser.mjs FOLDER BASE-URL TRANSPORT ENCODING CASE...
// FOLDER is where playwright-core is installed. The page is the suite's server's.
import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

const [folder, base, transport, encoding, ...names] = process.argv.slice(2);
const { chromium } = createRequire(resolve(folder, "package.json"))("playwright-core");
const executablePath = process.env.PATH.split(delimiter).map(d => join(d, "chromium")).find(existsSync);

const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const page = await browser.newPage();
await page.exposeFunction("print", line => process.stdout.write(JSON.stringify(line) + "\n"));
await page.goto(`${base}/stock/page`);
await page.evaluate(async ({ base, transport, encoding, names }) => {
    const { runCases } = await import("/stock/cases.mjs");
    await runCases({ signalR: window.signalR, msgpack: window.signalR.protocols.msgpack, base, transport, encoding, print: window.print }, names);
}, { base, transport, encoding, names });
await browser.close();
