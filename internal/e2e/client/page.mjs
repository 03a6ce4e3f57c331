// Drives the page in a real browser and prints a JSON line for each step:
//   node page.mjs CHROMIUM BASE-URL FILE...
// Chooses the files, waits until each has ended, reports what the page shows.
// A line "reload" on standard input makes it wait until the page has lost its
// connection and has it again, and report anew.
import { chromium } from "playwright-core";
import { basename } from "node:path";
import { createInterface } from "node:readline";

const [executablePath, base, ...files] = process.argv.slice(2);
const print = line => process.stdout.write(JSON.stringify(line) + "\n");
const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const page = await browser.newPage();
const problems = [];
page.on("pageerror", error => problems.push(String(error)));
page.setDefaultTimeout(60000);

const state = name => page.waitForSelector(`#connection[data-state="${name}"]`);
const ended = () => page.waitForFunction(count => {
    const cards = [...document.querySelectorAll("#documents > li")];
    return cards.length >= count && cards.every(c => ["completed", "failed"].includes(c.dataset.status));
}, files.length);
const report = async step => print({
    step, problems,
    documents: await page.$$eval("#documents > li", cards => cards.map(c => ({ status: c.dataset.status, text: c.innerText }))),
    alerts: await page.$$eval("#alerts > li", items => items.map(i => i.innerText)),
});

await page.goto(base);
await state("connected");
await page.setInputFiles("#files", files);
await ended();
await report("processed " + files.map(f => basename(f)).join(" "));
for await (const line of createInterface({ input: process.stdin })) {
    if (line !== "reload") continue;
    await page.waitForFunction(() => document.querySelector("#connection").dataset.state !== "connected");
    print({ step: "lost" });
    await state("connected");
    await report("back");
}
await browser.close();
