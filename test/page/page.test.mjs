// SPDX-License-Identifier: Apache-2.0
//
// The page in a real browser, against a real collector.
//
//     ORIEL_PAGE=http://127.0.0.1:8321/ ORIEL_REQUEST=http://127.0.0.1:8080/orders npm test
//
// ORIEL_PAGE is where the collector listens, ORIEL_REQUEST the address of a service that it watches;
// without them nothing can be tested, and everything fails. CHROMIUM names another browser than
// Debian's. What no service says on demand (hostile names, 5,000 spans, a collector that is away)
// is answered in the API's place, for that one question.

import assert from "node:assert";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { chromium } from "playwright-core";

const PAGE = process.env.ORIEL_PAGE;
const REQUEST = process.env.ORIEL_REQUEST;
const VIEWS = ["overview", "traces", "in-flight", "logs", "errors", "metrics", "status"];

let context;
let page;
let profile;
let complaints;

before(async () => {
	assert.ok(PAGE && REQUEST, "set ORIEL_PAGE and ORIEL_REQUEST (test/run page does)");
	profile = fs.mkdtempSync(path.join(os.tmpdir(), "oriel-page-"));
	context = await chromium.launchPersistentContext(profile, {
		executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
		headless: true,
		viewport: { width: 1280, height: 800 },
		args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
			"--disable-component-update", "--disable-sync"],
	});
	await ask();
});

after(async () => {
	await context?.close();
	if (profile)
		fs.rmSync(profile, { recursive: true, force: true });
});

beforeEach(async () => {
	await page?.close();
	page = await context.newPage();
	complaints = [];
	page.on("pageerror", (e) => complaints.push(String(e.stack)));
	page.on("console", (m) => m.type() === "error" && complaints.push(m.text()));
	page.on("request", (r) => r.url().startsWith(new URL(PAGE).origin) || complaints.push(`left home: ${r.url()}`));
});

const at = (hash) => new URL(hash, PAGE).href;
const tree = () => page.getByRole("tree");
const side = () => page.getByRole("complementary");

async function api(question) {
	return (await fetch(new URL(`/api/${question}`, PAGE))).json();
}

async function ask() {
	const answer = await fetch(REQUEST);

	await answer.text();
	assert.ok(answer.ok, `${REQUEST} answered ${answer.status}`);
}

// The trace with the most spans among those that the list shows first.
async function largest() {
	const { traces } = await api("traces?limit=100");

	assert.ok(traces.length, "the collector has no trace");
	return traces.reduce((a, b) => (b.spans > a.spans ? b : a));
}

function made(count, more = {}) {
	const start = BigInt(Date.now() - 60000) * 1000000n;
	const trace_id = "ab".repeat(16);
	const spans = Array.from({ length: count }, (_, i) => ({
		trace_id, span_id: i.toString(16).padStart(16, "0"), service: "made", name: `step ${i}`, kind: "internal",
		status: "unset", start_ns: String(start + BigInt(i * 1000)), duration_ns: i ? 900 : count * 1000,
		...(i ? { parent_id: "0".repeat(16) } : {}), ...more,
	}));

	return { trace_id, start_ns: String(start), duration_ns: count * 1000, spans, logs: [] };
}

async function openMade(trace) {
	await page.route("**/api/traces/*", (r) => r.fulfill({ json: trace }));
	await page.goto(at(`#/trace/${trace.trace_id}`));
	await page.getByText(/^[\d\u202f]+ spans?$/).waitFor();
}

function calm() {
	assert.deepEqual(complaints, []);
}

test("the list of traces fills", async () => {
	await page.goto(at("#/traces"));
	await page.locator("a.row-link").first().waitFor();
	const known = await page.locator("a.row-link").evaluateAll((all) => all.map((a) => a.href));
	await ask();
	await page.waitForFunction((old) => [...document.querySelectorAll("a.row-link")].some((a) => !old.includes(a.href)), known);
	calm();
});

test("a line of the list says what was asked for", async () => {
	await page.goto(at("#/traces"));
	await page.locator("a.row-link", { hasText: `GET${new URL(REQUEST).pathname}` }).first().waitFor();
	calm();
});

test("the run that is picked narrows what is in flight, and the metrics", async () => {
	const { metrics } = await api("metrics");
	const mine = metrics.find((m) => m.name === "http.server.request.duration" && m.count);
	const other = metrics.find((m) => m.run !== mine.run);
	const names = page.getByRole("table").locator(".service-name");
	const open = (run, name) => ({ ...made(1).spans[0], span_id: run, run, service: name, open: true });

	assert.ok(other, "only one run has metrics");
	await page.goto(at(`#/metrics?run=${mine.run}`));
	await names.first().waitFor();
	assert.deepEqual(new Set(await names.allTextContents()), new Set([mine.service.replace("unknown_service:", "")]));
	await page.route("**/api/in-flight*", (r) => r.fulfill({ json: { now_ns: String(BigInt(Date.now()) * 1000000n),
		spans: [open(mine.run, "mine"), open(other.run, "other")] } }));
	await page.goto(at("#/in-flight"));
	await page.getByText("2 spans open").waitFor();
	await page.getByRole("combobox", { name: "Run" }).selectOption(mine.run);
	await page.getByText("1 span open").waitFor();
	assert.deepEqual(await names.allTextContents(), ["mine"]);
	calm();
});

test("a trace opens as a waterfall with all its spans", async () => {
	const { trace_id, spans } = await largest();

	await page.goto(at("#/traces"));
	await page.locator(`a.row-link[href*="${trace_id}"]`).click();
	await tree().waitFor();
	await page.getByText(spans === 1 ? "1 span" : `${String(spans).replace(/\B(?=(\d{3})+$)/g, "\u202f")} spans`, { exact: true }).waitFor();
	const drawn = await page.locator(".waterfall canvas").evaluate(async (c) => {
		await new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)));
		return new Set(new Uint32Array(c.getContext("2d").getImageData(0, 0, c.width, c.height).data.buffer)).size;
	});
	assert.ok(drawn > 3, `the waterfall has ${drawn} colours`);
	await page.getByRole("button", { name: "Table" }).click();
	assert.equal(await page.getByRole("table", { name: "Spans" }).locator("tbody tr").count(), Math.min(spans, 500));
	calm();
});

test("a click on a span shows its attributes, and the address leads back to it", async () => {
	const { trace_id } = await largest();
	const { spans } = await api(`traces/${trace_id}`);

	await page.goto(at(`#/trace/${trace_id}`));
	await tree().waitFor();
	await tree().click({ position: { x: 120, y: 28 + 13 } });
	await side().waitFor();
	const id = new URLSearchParams(new URL(page.url()).hash.split("?")[1]).get("span");
	const span = spans.find((s) => s.span_id === id);
	for (const key of Object.keys(span.attributes ?? {}))
		assert.ok(await side().getByText(key, { exact: true }).count(), `${key} is not shown`);
	await page.reload();
	await side().getByText(id).waitFor();
	calm();
});

test("keys lead through a trace: down, left, right, escape", async () => {
	const trace = made(3);

	await openMade(trace);
	await tree().focus();
	const active = page.locator("#waterfall-active");
	await page.keyboard.press("ArrowDown");
	await page.keyboard.press("ArrowDown");
	assert.match(await active.textContent(), /^step 1, made/);
	await page.keyboard.press("ArrowLeft");
	assert.match(await active.textContent(), /^step 0, made/);
	await page.keyboard.press("ArrowLeft");
	assert.equal(await active.getAttribute("aria-expanded"), "false");
	await page.keyboard.press("Escape");
	await side().waitFor({ state: "hidden" });
	await page.keyboard.press("Escape");
	await page.waitForURL(/#\/traces/);
	calm();
});

test("a trace of 5,000 spans opens, and its last span is a key away", async () => {
	await openMade(made(5000));
	await tree().focus();
	await page.keyboard.press("End");
	await page.locator("#waterfall-active", { hasText: "step 4999" }).waitFor({ state: "attached" });
	assert.ok(await page.locator(".waterfall-scroll").evaluate((e) => e.scrollTop + e.clientHeight > e.scrollHeight - 40));
	assert.ok(await page.evaluate(() => document.querySelectorAll("*").length) < 600, "rows became elements");
	calm();
});

test("markup in names, keys and values stays text", async () => {
	const evil = `<img src=x onerror="document.body.id='taken'"><b>bold</b>`;
	const trace = made(2, { name: evil, service: evil, status: "error", status_message: evil, attributes: { [evil]: evil, "http.route": evil },
		events: [{ time_ns: String(BigInt(Date.now()) * 1000000n), name: evil, attributes: { [evil]: evil } }] });

	trace.logs = [{ time_ns: trace.start_ns, severity: 17, severity_text: evil, body: evil, service: evil, span_id: "0".repeat(16) }];
	await openMade(trace);
	await tree().focus();
	await page.keyboard.press("ArrowDown");
	await side().getByText(evil).first().waitFor();
	for (const name of ["Table", "Self time", "Logs 1"])
		await page.getByRole("button", { name }).click();
	assert.equal(await page.locator("main img, main b b, header img").count(), 0);
	assert.equal(await page.evaluate(() => document.body.id), "");
	calm();
});

test("logs are searched by text or trace, unfolded, and go on after a pause", async () => {
	let asked = 0;
	const now = BigInt(Date.now()) * 1000000n;

	await page.route("**/api/logs?*", (route) => {
		asked++;
		const log = { time_ns: String(now + BigInt(asked)), severity: 13, severity_text: "WARN", body: `said ${asked}`,
			service: "made", scope: "shop.cart", trace_id: "ab".repeat(16), span_id: "01".repeat(8),
			attributes: { left: 2, "code.file.path": "src/cart.c", "code.line.number": 42, "code.function.name": "cart_add" } };
		return route.fulfill({ json: { cursor: String(asked), logs: [log] } });
	});
	await page.goto(at("#/logs"));
	const first = page.locator("tr.log", { hasText: "said 1" }).first();
	await first.getByText("cart.c:42").waitFor();
	await first.getByText("shop.cart").waitFor();
	assert.equal(await first.getByText("cart_add").count(), 0);
	await first.getByRole("button", { name: "all" }).click();
	await first.getByText("cart_add").waitFor();
	await page.getByRole("button", { name: "Pause" }).click();
	await page.getByRole("button", { name: "Go on" }).click();
	await page.getByText("said 2").first().waitFor();
	const question = page.waitForRequest((r) => new URL(r.url()).searchParams.get("trace_id") === "cd".repeat(16));
	await page.getByLabel("Search the text, or a trace id").fill("cd".repeat(16));
	assert.ok(!new URL((await question).url()).searchParams.get("q"));
	calm();
});

test("an error leads from the list to its backtrace and its trace; markup in it stays text", async () => {
	const evil = `<img src=x onerror="document.body.id='taken'"><b>bold</b>`;
	const when = String(BigInt(Date.now()) * 1000000n);
	const kind = { id: "0123456789abcdef", service: "shop", type: evil, message: evil, place: "pay (pay.c:23)", crash: true, count: 1234,
		first_ns: when, last_ns: when, releases: [{ version: "1.4.2", count: 1234, first_ns: when, last_ns: when }] };
	const frame = (name, module) => ({ function: name, file: `/src/${evil}`, line: 7, module, address: "0x10" });
	const record = { time_ns: when, severity: 21, body: evil, service: "shop", attributes: { "exception.message": evil,
		"exception.stacktrace": evil, "oriel.frames": [frame(evil, "/usr/bin/shop"), frame("raise", "/lib/libc.so.6"),
		null, "x"], "oriel.registers": { rip: "0x10" }, "oriel.breadcrumbs": [7, { time_ns: {}, severity: [], message: evil }], [evil]: evil } };

	await page.route("**/api/errors?*", (r) => r.fulfill({ json: { errors: [kind] } }));
	await page.route("**/api/errors/*", (r) => r.fulfill({ json: { ...kind, record,
		seen: [{ time_ns: when, message: evil, trace_id: "ab".repeat(16), span_id: "cd".repeat(8) }] } }));
	await page.goto(at("#/errors"));
	await page.getByRole("link", { name: evil }).click();
	await page.getByRole("heading", { name: "Backtrace" }).waitFor();
	assert.equal(await page.locator(".frame").count(), 2);
	assert.equal(await page.locator(".frame.system").count(), 1);
	await page.getByText("Registers").click();
	await page.getByText("rip").waitFor();
	assert.equal(await page.locator("main img, main b b").count(), 0);
	assert.equal(await page.evaluate(() => document.body.id), "");
	await page.getByRole("link", { name: "abababab" }).click();
	await page.waitForURL(/#\/trace\/(ab){16}/);
	assert.equal(complaints.filter((c) => !/404/.test(c)).length, 0);
});

test("light and dark follow the system, and the button changes them", async () => {
	const ground = (dark) => page.waitForFunction((want) => {
		const sum = getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3).reduce((n, v) => n + +v, 0);
		return want ? sum < 150 : sum > 600;
	}, dark);

	await page.emulateMedia({ colorScheme: "dark" });
	await page.goto(at("#/traces"));
	await ground(true);
	await page.emulateMedia({ colorScheme: "light" });
	await ground(false);
	await page.getByRole("button", { name: "Dark colours" }).click();
	await ground(true);
	await page.getByRole("button", { name: "Light colours" }).click();
	await ground(false);
	calm();
});

test("no view is wider than a telephone", async () => {
	const { trace_id } = await largest();

	await page.setViewportSize({ width: 390, height: 844 });
	for (const view of [...VIEWS, `trace/${trace_id}`]) {
		await page.goto(at(`#/${view}`));
		await page.waitForResponse((r) => r.url().includes("/api/") && r.ok());
		await page.evaluate(() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r))));
		assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390, view);
	}
	calm();
});

test("a collector that is away is told, and its return is noticed", async () => {
	await page.goto(at("#/overview"));
	await page.waitForResponse((r) => r.url().includes("/api/services"));
	await page.route("**/api/**", (r) => r.abort());
	await page.getByText("The collector does not answer").waitFor();
	await page.unroute("**/api/**");
	await page.getByText("The collector does not answer").waitFor({ state: "hidden" });
});

test("a trace that isn't there says so", async () => {
	await page.goto(at(`#/trace/${"0".repeat(31)}1`));
	await page.getByText("This trace isn't here").waitFor();
});
