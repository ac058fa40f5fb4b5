// SPDX-License-Identifier: Apache-2.0
// Sentry's own SDK reads what Oriel sends of a crash, and writes what Oriel's intake reads.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { after, before, describe, test } from 'node:test';
import { createEventEnvelope, dsnFromString, forEachEnvelopeItem, parseEnvelope, serializeEnvelope } from '@sentry/core';
import { becomes, build, collect } from './collecting.js';

const items = []; // [header, payload, the envelope's header, the request's path]
const read = (payload) => (payload instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(payload)) : payload); // bytes, where the length is given
let collector;
let sink;

before(async () => {
  sink = createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const body = Buffer.concat(pieces);
    if (request.url.includes('/envelope/')) {
      const envelope = parseEnvelope(new Uint8Array(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body));
      forEachEnvelopeItem(envelope, ([header, payload]) => { items.push([header, read(payload), envelope[0], request.url]); });
    }
    response.setHeader('Content-Type', 'application/json');
    response.end('{}');
  });
  sink.listen(0, '127.0.0.1');
  await once(sink, 'listening');
  collector = await collect();
});
after(async () => {
  await collector.end();
  sink.closeAllConnections();
  sink.close();
});

describe('a crash of a program with several threads', () => {
  let said = '';
  let event;
  before(async () => {
    const dsn = `http://public@127.0.0.1:${sink.address().port}/7`;
    const child = spawn(join(build, 'oriel'), ['run', '--', join(build, 'programs/crash'), 'segv'],
      { env: { ...collector.env, SENTRY_DSN: dsn, SENTRY_ENVIRONMENT: 'staging' }, stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.on('data', (d) => { said += d; });
    await once(child, 'close');
    await becomes(() => items.some(([header, payload]) => header.type === 'event' && payload.exception));
    event = items.find(([header, payload]) => header.type === 'event' && payload.exception);
  });

  test('is one event, in an envelope of its own project', () => {
    const [, payload, header, path] = event;
    assert.equal(items.filter(([h]) => h.type === 'event').length, 1);
    assert.match(path, /^\/api\/7\/envelope\//);
    assert.equal(header.event_id, payload.event_id);
    assert.match(payload.event_id, /^[0-9a-f]{32}$/);
    assert.ok(!Number.isNaN(Date.parse(header.sent_at)));
    assert.equal(payload.level, 'fatal');
    assert.equal(payload.environment, 'staging');
    assert.match(payload.release, /^crash@1\.2\.3$/);
  });

  test('has the frames, outermost first, of the thread that died', () => {
    const [exception] = event[1].exception.values;
    const names = exception.stacktrace.frames.map((f) => f.function);
    assert.equal(exception.type, 'SIGSEGV');
    assert.deepEqual(names.slice(-4), ['crasher', 'serve', 'check_out', 'die_here']);
    const place = exception.stacktrace.frames.at(-1);
    assert.match(place.filename ?? place.abs_path, /crash\.c$/);
    assert.ok(place.lineno > 0);
    const died = event[1].threads.values.filter((t) => t.crashed);
    assert.equal(died.length, 1);
    assert.equal(died[0].name, 'crasher');
    assert.equal(exception.thread_id, died[0].id);
    assert.ok(event[1].debug_meta.images.some((i) => i.code_file.endsWith('programs/crash')));
  });

  test('is in the trace that shows where it died', async () => {
    const { trace_id: id, span_id: at } = event[1].contexts.trace;
    assert.equal(id, said.trim());
    let trace;
    await becomes(async () => { trace = await collector.api(`traces/${id}`); return trace.spans?.length === 2; });
    const pay = trace.spans.find((s) => s.name === 'pay');
    assert.equal(pay.span_id, at);
    assert.equal(pay.status, 'error');
    assert.equal(pay.events[0].attributes['exception.type'], 'SIGSEGV');
    assert.ok(trace.spans.every((s) => s.status === 'error' && !s.open));
  });
});

test('what Sentry\'s SDK reports is among the errors, with its frames and its trace', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const event = {
    event_id: 'c0ffee0123456789c0ffee0123456789', type: undefined, platform: 'node', level: 'error', timestamp: Date.now() / 1000,
    release: 'books@2.0.1', environment: 'staging', tags: { 'service.name': 'books' },
    contexts: { trace: { trace_id: traceId, span_id: 'b7ad6b7169203331' } },
    exception: { values: [{ type: 'OutOfBooks', value: 'none left of 42', stacktrace: { frames: [
      { function: 'main', filename: 'app.js', lineno: 1, colno: 1, in_app: true }, { function: 'lend', filename: 'books.js', lineno: 23, colno: 5, in_app: true }] } }] },
  };
  const envelope = createEventEnvelope(event, dsnFromString('http://public@127.0.0.1/7'), { sdk: { name: 'sentry.javascript.node', version: '9.0.0' } });
  const response = await fetch(`http://${collector.http}/stream`, { method: 'POST', headers: { 'Content-Type': 'application/x-sentry-envelope' }, body: serializeEnvelope(envelope) });
  assert.equal(response.status, 200);
  let found;
  await becomes(async () => {
    found = (await collector.api('errors')).errors.find((e) => e.type === 'OutOfBooks');
    return found;
  });
  assert.deepEqual([found.service, found.count, found.releases[0].version], ['books', 1, '2.0.1']);
  assert.match(found.place, /lend .*books\.js:23/);
  const { record, seen } = await collector.api(`errors/${found.id}`);
  assert.equal(seen[0].trace_id, traceId);
  assert.equal(seen[0].message, 'none left of 42');
  assert.deepEqual(record.attributes['oriel.frames'].map((f) => f.function), ['lend', 'main']);
});
