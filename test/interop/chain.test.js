// SPDX-License-Identifier: Apache-2.0
// Node → C → Node: two services with OpenTelemetry's own SDK, or Datadog's, and between them one in C that knows
// nothing of tracing. One trace, with baggage, whatever headers it goes by. The SDKs are told nothing: `oriel run`
// says where to send.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { becomes, build, collect } from './collecting.js';

let collector;
const seen = new Set(); // traces of chains before

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

// What each speaks: the first service, ours, the last one.
const every = ['tracecontext', 'b3', 'b3multi', 'jaeger', 'ottrace', 'xray', 'datadog'];
const chains = every.map((propagator) => [propagator, propagator, propagator]);
chains.push(['datadog', every.join(), 'tracecontext'], ['b3', every.join(), 'datadog'], ['xray', 'xray,jaeger', 'jaeger']);

function node(name, propagator) {
  const sdk = propagator === 'datadog' ? 'datadog' : 'opentelemetry';
  return service(name, { OTEL_PROPAGATORS: `${propagator},baggage`, ORIEL_INSTRUMENT: 'no', OTEL_LOGS_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' },
    process.execPath, resolve('node-service.cjs'), `./sdk-${sdk}.cjs`);
}

for (const [first, ours, last] of chains)
  describe(first === ours ? `a chain by ${first}` : `a chain by ${first} and ${last}`, () => {
    test('is one trace, and baggage comes through', async () => {
      const back = await node('back', last);
      const shop = await service('shop', { OTEL_PROPAGATORS: `${ours},baggage` },
        join(build, 'example/storefront'), '--port', '0', '--data', collector.where, '--stock', back.address);
      const front = await node('front', first);
      try {
        const answer = await fetch(`${front.address}/call?url=${encodeURIComponent(`${shop.address}/orders?product=book`)}`);
        assert.equal(answer.status, 200);
        let trace;
        await becomes(async () => {
          const { traces } = await collector.api('traces?limit=100');
          const mine = traces.find((t) => t.services.includes('front') && t.services.includes('back') && t.services.includes('shop') && !seen.has(t.trace_id));
          trace = mine && await collector.api(`traces/${mine.trace_id}`);
          return trace && joints(trace.spans).length >= 2;
        });
        seen.add(trace.trace_id ?? trace.spans[0].trace_id);
        assert.deepEqual(joints(trace.spans), ['front client > shop server', 'shop client > back server']);
        assert.match(back.said(), /baggage {"user\.name":"Ada Łovelace, the 1st","plan":"gold"}/);
      } finally {
        await Promise.all([front.end(), shop.end(), back.end()]);
      }
    });
  });

test('as much baggage as the W3C asks for comes through', async () => {
  const items = Array.from({ length: 64 }, (_, i) => `key${String(i).padStart(2, '0')}=${'v'.repeat(121)}`).join();
  assert.equal(items.length, 8191);
  const got = [];
  const stock = createServer((q, answer) => { got.push(q.headers); answer.end(); }).listen(0, '127.0.0.1');
  await once(stock, 'listening');
  const shop = await service('shop', { OTEL_PROPAGATORS: 'tracecontext,b3,b3multi,xray,datadog,baggage' },
    join(build, 'example/storefront'), '--port', '0', '--data', collector.where, '--stock', `http://127.0.0.1:${stock.address().port}`);
  try {
    await fetch(`${shop.address}/orders?product=book`, { method: 'POST', headers: { b3: `${'ab'.repeat(16)}-${'cd'.repeat(8)}-1`, baggage: items } });
    assert.ok(got[0].baggage === items);
    for (const field of ['traceparent', 'b3', 'x-b3-traceid', 'x-amzn-trace-id'])
      assert.ok(got[0][field].replaceAll('-', '').includes('ab'.repeat(16)), field);
    assert.equal(got[0]['x-datadog-trace-id'], String(0xababababababababn));
  } finally {
    await shop.end();
    stock.close();
    stock.closeAllConnections();
  }
});

test('with no propagator there is no chain', async () => {
  const back = await node('alone', 'tracecontext');
  const shop = await service('shop', { OTEL_PROPAGATORS: 'none' },
    join(build, 'example/storefront'), '--port', '0', '--data', collector.where, '--stock', back.address);
  try {
    await fetch(`${shop.address}/orders?product=book`, { method: 'POST', headers: { traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`, baggage: 'plan=gold' } });
    let found;
    await becomes(async () => {
      found = (await collector.api('traces?limit=100')).traces.filter((t) => t.services.includes('alone'));
      return found.length > 0;
    });
    assert.deepEqual(found.map((t) => t.services), [['alone']]);
    assert.match(back.said(), /baggage {}/);
  } finally {
    await Promise.all([shop.end(), back.end()]);
  }
});
