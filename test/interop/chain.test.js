// SPDX-License-Identifier: Apache-2.0
// Node → C → Node: two services with OpenTelemetry's own SDK, and between them one in C that knows nothing of
// tracing. One trace, with baggage, whatever headers it goes by. The SDKs are told nothing: `oriel run` says where to send.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { becomes, build, collect } from './collecting.js';

let collector;
const seen = new Set(); // traces of chains before
const here = resolve('node-service.cjs');

before(async () => { collector = await collect(); });
after(() => collector.end());

// A service under `oriel run`; its address is what it prints.
async function service(name, settings, ...command) {
  const env = { ...collector.env, OTEL_SERVICE_NAME: name, OTEL_BSP_SCHEDULE_DELAY: '100', ...settings };
  const child = spawn(join(build, 'oriel'), ['run', '--', ...command], { env, cwd: resolve('.'), stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (d) => { said += d; });
  await becomes(() => /http:\/\/[0-9.:]+/.test(said) || child.exitCode !== null);
  return { address: /http:\/\/[0-9.:]+/.exec(said)[0], said: () => said, async end() { child.kill(); if (child.exitCode === null) await once(child, 'exit'); } };
}

// The chain's one trace: each span's parent, and whose it is.
function joints(spans) {
  const by = new Map(spans.map((s) => [s.span_id, s]));
  return spans.filter((s) => by.has(s.parent_id) && by.get(s.parent_id).service !== s.service)
    .map((s) => `${by.get(s.parent_id).service} ${by.get(s.parent_id).kind} > ${s.service} ${s.kind}`).sort();
}

for (const propagator of ['tracecontext', 'b3', 'b3multi', 'jaeger', 'ottrace', 'xray'])
  describe(`a chain by ${propagator}`, () => {
    test('is one trace, and baggage comes through', async () => {
      const settings = { OTEL_PROPAGATORS: `${propagator},baggage` };
      const node = { ...settings, ORIEL_INSTRUMENT: 'no', OTEL_LOGS_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' };
      const back = await service('back', node, process.execPath, here);
      const shop = await service('shop', settings, join(build, 'example/storefront'), '--port', '0', '--data', collector.where, '--stock', back.address);
      const front = await service('front', node, process.execPath, here);
      try {
        const answer = await fetch(`${front.address}/call?url=${encodeURIComponent(`${shop.address}/orders?product=book`)}`);
        assert.equal(answer.status, 200);
        let trace;
        await becomes(async () => {
          const { traces } = await collector.api('traces?limit=100');
          const mine = traces.find((t) => t.services.includes('front') && t.services.includes('back') && t.services.includes('shop') && !seen.has(t.trace_id));
          trace = mine && await collector.api(`traces/${mine.trace_id}`);
          return trace?.spans.length >= 5;
        });
        seen.add(trace.trace_id ?? trace.spans[0].trace_id);
        assert.deepEqual(joints(trace.spans), ['front client > shop server', 'shop client > back server']);
        assert.match(back.said(), /baggage {"user\.name":"Ada Łovelace, the 1st","plan":"gold"}/);
      } finally {
        await Promise.all([front.end(), shop.end(), back.end()]);
      }
    });
  });
