// SPDX-License-Identifier: Apache-2.0
// Each signal, by each protocol, with each compression: every type of value, next to nothing, and very much. Others
// write it (OpenTelemetry's generated code, by Node's HTTP or grpc-js), our collector takes it and sends it on,
// others read that (the same code, and protoc), and it is the same. So is what a program in C records. The table
// at the end says what was seen.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual, promisify } from 'node:util';
import { backend, send } from './backend.js';
import { becomes, build, collect } from './collecting.js';
import { bodies, id, logs, metrics, onPage, pair, spans, text, values } from './contents.js';
import { fromJson, readable, signals, toJson, whole } from './messages.js';

// What OTLP has two ways to say: no kind is internal, no body an empty one, no time the one when it was observed, and a
// histogram without bounds has one bucket, said or not.
function settled({ resource: from, scope: by, item }) {
  const one = { ...item };
  if (one.kind === 'SPAN_KIND_UNSPECIFIED') one.kind = 'SPAN_KIND_INTERNAL';
  if (one.body === null) one.body = {};
  if (one.timeUnixNano === '0') one.timeUnixNano = one.observedTimeUnixNano;
  const [p] = one.histogram?.dataPoints ?? [];
  if (p && !p.bucketCounts.length) one.histogram = { ...one.histogram, dataPoints: [{ ...p, bucketCounts: [p.count] }] };
  return { resource: from, scope: by, item: one };
}

const contents = [['values', 'every type'], ['least', 'next to nothing'], ['wide', '10 MiB of text'], ['many', '10,000 at once']];
const parts = { traces: ['resourceSpans', 'scopeSpans', 'spans', spans], logs: ['resourceLogs', 'scopeLogs', 'logRecords', logs], metrics: ['resourceMetrics', 'scopeMetrics', 'metrics', metrics] };
// grpc-js knows no zstd; zstd.test.js has it.
const protocols = ['http/protobuf', 'http/json', 'grpc'];
const packings = (protocol) => (protocol === 'grpc' ? ['none', 'gzip'] : ['none', 'gzip', 'zstd']);
const seen = new Map();

// What is in a request, resource by resource and item by item, however it was cut.
function items(message, [outer, middle, inner]) {
  return (message[outer] ?? []).flatMap((r) => (r[middle] ?? []).flatMap((s) => (s[inner] ?? []).flatMap((item) => {
    const kind = ['sum', 'gauge', 'histogram', 'exponentialHistogram', 'summary'].find((k) => item[k]);
    const split = kind && item[kind].dataPoints?.length > 1 ? item[kind].dataPoints.map((p) => ({ ...item, [kind]: { ...item[kind], dataPoints: [p] } })) : [item];
    return split.map((one) => settled({ resource: r.resource, scope: s.scope, item: one }));
  })));
}

// What test/programs/everything.c records, of each signal what can be told beforehand.
const array = (...items) => ({ arrayValue: { values: items } });
const said = [['text', text('grüße "x"\n')], ['empty text', text('')], ['true', { boolValue: true }], ['false', { boolValue: false }], ['zero', { intValue: '0' }],
  ['least', values.least], ['most', values.most], ['half', values.half], ['tiny', values.tiny], ['nan', values.nan], ['infinity', values.infinity],
  ['bytes', { bytesValue: 'hex:0001ff' }], ['no bytes', { bytesValue: 'hex:' }], ['bools', array({ boolValue: true }, { boolValue: false })],
  ['ints', array(values.least, { intValue: '0' }, values.most)], ['doubles', array(values.half, values['minus infinity'])],
  ['texts', array(text('a'), text(''), text('grüße'))], ['no ints', array()]].map(([key, value]) => pair(key, value));
const sorted = [...said].sort((a, b) => (a.key < b.key ? -1 : 1));
const only = (v, names) => Object.fromEntries(names.map((name) => [name, v[name]]));
const told = {
  traces(all) {
    const [one, bare] = ['everything', 'bare'].map((name) => all.find(({ item }) => item.name === name).item);
    assert.deepEqual(only(one, ['kind', 'attributes', 'status', 'parentSpanId']),
      { kind: 'SPAN_KIND_SERVER', attributes: said, status: { code: 'STATUS_CODE_ERROR', message: 'it broke' }, parentSpanId: 'hex:' });
    assert.deepEqual(one.events.map((e) => only(e, ['name', 'attributes'])), [{ name: 'happened', attributes: said }]);
    assert.deepEqual(one.links.map((l) => only(l, ['traceId', 'spanId', 'attributes'])),
      [{ traceId: `hex:010203${'00'.repeat(13)}`, spanId: `hex:040506${'00'.repeat(5)}`, attributes: said }]);
    assert.deepEqual(only(bare, ['kind', 'attributes', 'events', 'links', 'status']), { kind: 'SPAN_KIND_INTERNAL', attributes: [], events: [], links: [], status: null });
  },
  logs([{ item }]) {
    assert.deepEqual(only(item, ['severityNumber', 'severityText', 'body']), { severityNumber: 'SEVERITY_NUMBER_ERROR', severityText: 'ERROR', body: text('said') });
    assert.deepEqual(item.attributes.slice(0, said.length), said);
    assert.match(item.traceId, /^hex:[0-9a-f]{32}$/);
  },
  metrics(all) {
    const point = (name, kind, ...members) => only(all.find(({ item }) => item.name === name).item[kind].dataPoints[0], members);
    assert.deepEqual(point('orders', 'sum', 'asInt', 'attributes'), { asInt: '2', attributes: sorted });
    assert.deepEqual(point('paid', 'sum', 'asDouble'), { asDouble: 0.25 });
    assert.deepEqual(point('open', 'sum', 'asInt'), { asInt: '-3' });
    assert.deepEqual(point('weight', 'sum', 'asDouble'), { asDouble: -0.5 });
    assert.deepEqual(point('rooms', 'gauge', 'asInt'), { asInt: '-9223372036854775808' });
    assert.deepEqual(point('heat', 'gauge', 'asDouble'), { asDouble: 36.6 });
    assert.deepEqual(point('wait', 'histogram', 'count', 'sum', 'min', 'max', 'bucketCounts', 'explicitBounds'),
      { count: '3', sum: 3, min: 0.5, max: 1.5, bucketCounts: ['0', '2', '1'], explicitBounds: [0.1, 1] });
    assert.deepEqual(point('load', 'exponentialHistogram', 'count', 'sum', 'min', 'max', 'zeroCount'), { count: '3', sum: 6, min: 1, max: 3, zeroCount: '0' });
    assert.deepEqual(point('lag', 'summary', 'count', 'sum'), { count: '3', sum: 6 });
  },
};

// Of what is not the same only so much is shown as can be read.
const short = (v) => JSON.parse(JSON.stringify(v, (k, x) => (typeof x === 'string' && x.length > 80 ? `${x.slice(0, 60)}... (${x.length})` : Number.isFinite(x) || typeof x !== 'number' ? x : String(x))));
function same(got, expected) {
  const at = expected.findIndex((e, i) => !isDeepStrictEqual(got[i], e));
  if (at >= 0) assert.deepEqual(short(got[at]), short(expected[at]));
  assert.ok(at < 0);
  assert.equal(got.length, expected.length);
}

// Several requests are on their way at once, and one overtakes another; what is in each keeps its order.
function inTurn(requests, expected) {
  const first = new Map(requests.map((r) => [r, expected.findIndex((e) => isDeepStrictEqual(e, r[0]))]));
  return requests.sort((a, b) => first.get(a) - first.get(b)).flat();
}

for (const protocol of protocols)
  for (const packed of packings(protocol))
    describe(`OTLP by ${protocol}, packed: ${packed}`, () => {
      let there;
      let settings;
      let collector;
      before(async () => {
        there = await backend();
        settings = { OTEL_TRACES_EXPORTER: 'otlp', OTEL_LOGS_EXPORTER: 'otlp', OTEL_METRICS_EXPORTER: 'otlp',
          OTEL_EXPORTER_OTLP_ENDPOINT: there.endpoint(protocol), OTEL_EXPORTER_OTLP_PROTOCOL: protocol, OTEL_EXPORTER_OTLP_COMPRESSION: packed,
          OTEL_BSP_SCHEDULE_DELAY: '100', OTEL_BLRP_SCHEDULE_DELAY: '100' };
        collector = await collect(settings);
      });
      after(async () => { await collector.end(); there.end(); });

      for (const [signal, part] of Object.entries(parts))
        for (const [content, title] of contents)
          test(`${signal}, ${title}: what comes out is what went in`, async () => {
            const type = signals[signal].request;
            const sent = type.fromObject({ [part[0]]: part[3][content](`${signal} ${content}`) });
            assert.deepEqual(readable(signals[signal].response, await send(collector, signal, protocol, packed, sent)), {});
            // Node's JSON has no minus zero.
            const expected = items(whole(type, protocol === 'http/json' ? fromJson(type, toJson(type, sent)) : sent), part);
            const requests = [];
            await becomes(() => {
              for (let n = requests.length; n < there.got.length; n += 1) requests.push(items(whole(type, there.got[n].message), part));
              return requests.flat().length >= expected.length;
            });
            const got = inTurn(requests, expected);
            for (const g of there.got.splice(0))
              assert.deepEqual([g.signal, g.protocol, g.packed], [signal, protocol, packed]);
            same(got, expected);
            seen.set(`${signal} ${content} ${protocol} ${packed}`, true);
          });
      for (const signal of Object.keys(parts))
        test(`${signal}: nothing at all is taken, and nothing goes out`, async () => {
          assert.deepEqual(readable(signals[signal].response, await send(collector, signal, protocol, packed, {})), {});
          assert.deepEqual(there.got, []);
          seen.set(`${signal} nothing ${protocol} ${packed}`, true);
        });
      test('the page has every type of value', async () => {
        const trace = await collector.api(`traces/${id(16, 1).toString('hex')}`);
        const [span] = trace.spans;
        assert.deepEqual([span.name, span.kind, span.status, span.service], ['GET /cart/{id}', 'server', 'error', 'traces values']);
        for (const where of [span, span.events[0], span.links[0], trace.logs[0]])
          assert.deepEqual(where.attributes, { ...onPage, minus: protocol === 'http/json' ? 0 : -0 });
        assert.equal(trace.logs.length, bodies.length);
        assert.ok((await collector.api('metrics')).metrics.some((m) => m.name === 'exponential.2'));
      });
      test('what a program in C records comes out', async () => {
        await promisify(execFile)(join(build, 'oriel'), ['run', '--', join(build, 'programs/everything')], { env: { ...collector.env, ...settings } });
        const came = () => Object.fromEntries(Object.entries(parts).map(([signal, part]) => [signal,
          there.got.filter((g) => g.signal === signal).flatMap((g) => items(whole(signals[signal].request, g.message), part))]));
        await becomes(() => Object.keys(parts).every((signal) => there.got.some((g) => g.signal === signal)));
        for (const [signal, all] of Object.entries(came())) {
          told[signal](all);
          seen.set(`${signal} recorded ${protocol} ${packed}`, true);
        }
        for (const g of there.got) assert.deepEqual([g.protocol, g.packed], [protocol, packed]);
      });
    });

after(() => {
  const columns = protocols.flatMap((protocol) => packings(protocol).map((packed) => `${protocol} ${packed}`));
  console.log(['out and in'.padEnd(26), ...columns.map((c) => c.padEnd(20))].join(''));
  for (const signal of Object.keys(parts))
    for (const [content, title] of [...contents, ['nothing', 'an empty request'], ['recorded', 'recorded in C']])
      console.log([`${signal}, ${title}`.padEnd(26), ...columns.map((c) => (seen.has(`${signal} ${content} ${c}`) ? 'same' : 'NOT THE SAME').padEnd(20))].join(''));
});
