// SPDX-License-Identifier: Apache-2.0
// What oriel_flush says is so: 0 once another's server has taken all signals, and never when it hasn't.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { backend } from './backend.js';
import { build, collect } from './collecting.js';
import { signals } from './messages.js';

const all = { OTEL_TRACES_EXPORTER: 'otlp', OTEL_LOGS_EXPORTER: 'otlp', OTEL_METRICS_EXPORTER: 'otlp' };
let collector;
before(async () => { collector = await collect(); });
after(() => collector.end());

// What the program was told, by words of its own.
async function flushes(ms, settings) {
  const child = spawn(join(build, 'oriel'), ['run', '--', join(build, 'programs/flushes'), String(ms)],
    { env: { ...collector.env, OTEL_METRIC_EXPORT_INTERVAL: '600000', ORIEL_LOG_FORMAT: 'none', ...settings }, stdio: ['ignore', 'pipe', 'ignore'] });
  const [said] = await once(child.stdout, 'data');
  return String(said).trim();
}

// Partial success: the response says that some were rejected.
function rejects(signal, answer) {
  const rejected = { traces: 'rejectedSpans', logs: 'rejectedLogRecords', metrics: 'rejectedDataPoints' }[signal];
  const of = signals[signal].response;
  answer.end(Buffer.from(of.encode(of.fromObject({ partialSuccess: { [rejected]: 1, errorMessage: 'too odd' } })).finish()));
  return true;
}
const answers = (status) => (signal, answer) => answer.writeHead(status).end() && true;
const only = (one, refuse) => (signal, answer) => signal === one && refuse(signal, answer);

describe('oriel_flush', () => {
  test('says that it has delivered what a server has taken: spans, log records and metrics', async () => {
    const there = await backend();
    assert.equal(await flushes(10000, { ...all, OTEL_EXPORTER_OTLP_ENDPOINT: there.endpoint('http/protobuf') }), 'flushed');
    for (const signal of Object.keys(signals)) assert.ok(there.got.some((g) => g.signal === signal), signal);
    there.end();
  });
  for (const [what, refuse, said] of [
    ['rejects some', rejects, 'lost'], ['refuses for good', answers(400), 'lost'], ['is away for now', answers(503), 'late'],
    ['cuts the connection', (signal, answer) => answer.destroy() && true, 'late']])
    for (const signal of Object.keys(signals))
      test(`says ${said} where a server ${what}, be it for ${signal} alone`, async () => {
        const there = await backend(only(signal, refuse));
        assert.equal(await flushes(said === 'late' ? 700 : 10000, { ...all, OTEL_EXPORTER_OTLP_ENDPOINT: there.endpoint('http/protobuf') }), said);
        there.end();
      });
  test('says late where nobody is there', async () => {
    assert.equal(await flushes(500, { ...all, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }), 'late');
  });
  test('says lost where one of two destinations refuses, though the other has it', async () => {
    const there = await backend();
    const zipkin = createServer((q, answer) => answer.writeHead(400).end()).listen(0, '127.0.0.1');
    await once(zipkin, 'listening');
    assert.equal(await flushes(10000, { ...all, OTEL_EXPORTER_OTLP_ENDPOINT: there.endpoint('http/protobuf'),
      OTEL_TRACES_EXPORTER: 'otlp,zipkin', OTEL_EXPORTER_ZIPKIN_ENDPOINT: `http://127.0.0.1:${zipkin.address().port}/` }), 'lost');
    assert.ok(there.got.some((g) => g.signal === 'traces'));
    there.end();
    zipkin.close();
  });
});
