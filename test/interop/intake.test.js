// SPDX-License-Identifier: Apache-2.0
// OpenTelemetry's own exporters for Node send to our intake, by each protocol, packed and not; what the
// collector passes on (as JSON lines) must say what their own serializer says of the same.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import grpc from '@grpc/grpc-js';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { becomes, collect } from './collecting.js';

const require = createRequire(import.meta.url);
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } = require('@opentelemetry/sdk-logs');
const { AggregationTemporality, AggregationType, MeterProvider, MetricReader } = require('@opentelemetry/sdk-metrics');
const { resourceFromAttributes } = require('@opentelemetry/resources');
const { JsonTraceSerializer, JsonLogsSerializer, JsonMetricsSerializer } = require('@opentelemetry/otlp-transformer');

const exporters = {};
for (const [signal, name] of [['traces', 'trace'], ['logs', 'logs'], ['metrics', 'metrics']])
  for (const protocol of ['proto', 'http', 'grpc']) {
    const all = require(`@opentelemetry/exporter-${name}-otlp-${protocol}`);
    exporters[`${signal} ${protocol}`] = all.OTLPTraceExporter ?? all.OTLPLogExporter ?? all.OTLPMetricExporter;
  }
const values = { text: 'grüße "x"\n', none: '', int: -7, big: 9007199254740991, half: 0.5, yes: true, no: false,
  texts: ['a', ''], ints: [1, 2], halves: [0.5, 1.25], bools: [true, false] };
const resource = resourceFromAttributes({ 'service.name': 'node-shop', ...values });
let collector;
before(async () => { collector = await collect({ OTEL_TRACES_EXPORTER: 'otlp_file', OTEL_LOGS_EXPORTER: 'otlp_file', OTEL_METRICS_EXPORTER: 'otlp_file' }, { ORIEL_OTLP_FILE: '%s.jsonl' }); });
after(() => collector.end());

function exporterOf(signal, protocol, compression) {
  const at = protocol === 'grpc' ? collector.grpc : `${collector.http}/v1/${signal}`;
  return new exporters[`${signal} ${protocol}`]({ url: protocol === 'grpc' ? `http://${at}` : `http://${at}`, compression,
    credentials: protocol === 'grpc' ? grpc.credentials.createInsecure() : undefined, timeoutMillis: 20000 });
}

async function send(exporter, what) {
  const result = await new Promise((done) => { exporter.export(what, done); });
  await exporter.shutdown();
  assert.equal(result.code, 0, result.error?.stack);
}

// Without what says nothing, numbers of 64 bits as text, as OTLP's JSON has them.
const sixtyFour = new Set(['intValue', 'asInt', 'count', 'zeroCount']);
function plain(v, key) {
  if (Array.isArray(v)) return v.map((item) => plain(item, key));
  if (key === 'bucketCounts') return String(v);
  if (key === 'bytesValue' && typeof v === 'object') return Buffer.from(Object.values(v)).toString('base64');
  if (v === null || typeof v !== 'object') return sixtyFour.has(key) ? String(v) : v;
  const kept = Object.entries(v).map(([k, of]) => [k, plain(of, k)])
    .filter(([k, of]) => of !== undefined && of !== null && !(Array.isArray(of) && !of.length && k !== 'values') && k !== 'schemaUrl' &&
      !(of === 0 && (/^dropped/.test(k) || k === 'offset' || k === 'scale' || k === 'code' || k === 'flags' || k === 'zeroThreshold')) && !(of === '0' && k === 'zeroCount') &&
      !(of === false && k === 'isMonotonic') && !(of === '' && k !== 'stringValue') && !(k === 'status' && !Object.keys(of).length) &&
      !(typeof of === 'object' && !Array.isArray(of) && !Object.keys(of).length && (k === 'positive' || k === 'negative')));
  return Object.fromEntries(kept);
}
const official = (serializer, what) => plain(JSON.parse(new TextDecoder().decode(serializer.serializeRequest(what))));
const lines = (signal) => {
  try {
    return readFileSync(join(collector.where, `${signal}.jsonl`), 'utf8').split('\n').filter((l) => l).map((l) => JSON.parse(l));
  } catch { return []; }
};

// The request's part whose text has `mark` in it.
async function passedOn(signal, parts, mark) {
  let found;
  await becomes(() => {
    found = lines(signal).flatMap((l) => l[parts]).filter((part) => JSON.stringify(part).includes(mark));
    return found.length > 0;
  });
  assert.equal(found.length, 1);
  return { [parts]: plain(found) };
}

function makeSpans(n = 1) {
  const memory = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor(memory)] });
  const tracer = provider.getTracer('shop', '1.2');
  const remote = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: TraceFlags.SAMPLED, isRemote: true };
  for (let i = 0; i < n; i += 1) {
    const span = tracer.startSpan(`GET /${i}`, { kind: SpanKind.CLIENT, attributes: values, links: [{ context: remote, attributes: { why: 'because' } }] });
    const child = tracer.startSpan('inner', { kind: SpanKind.PRODUCER }, trace.setSpan(ROOT_CONTEXT, span));
    child.setStatus({ code: SpanStatusCode.OK });
    child.end();
    span.addEvent('cache.miss', { key: 'k', n: 3 });
    span.recordException(new Error('boom'));
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'boom' });
    span.end();
  }
  return memory.getFinishedSpans();
}

function makeLogs() {
  const memory = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor(memory)] });
  const logger = provider.getLogger('shop', '1.2');
  const id = `mark-${Math.random()}`;
  const bodies = ['out of stock', 7, 0.5, true, { nested: { deep: [1, 'two', { three: 3 }] }, none: '' }, [1, 'two'], new Uint8Array([0, 1, 255])];
  bodies.forEach((body, i) => logger.emit({ body, severityNumber: 1 + i, severityText: `S${i}`, eventName: i ? 'stock.out' : undefined,
    attributes: { ...values, id, map: { a: { b: [1, { c: 'd' }] } }, raw: new Uint8Array([9, 8]) } }));
  return [memory.getFinishedLogRecords(), id];
}

class Reader extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
}

async function makeMetrics(temporality) {
  const reader = new Reader({ aggregationTemporalitySelector: () => temporality });
  const provider = new MeterProvider({ resource, readers: [reader],
    views: [{ instrumentName: 'exponential', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }] });
  const meter = provider.getMeter('shop', '1.2');
  const id = `mark-${Math.random()}`;
  meter.createCounter('orders', { unit: '{order}', description: 'how many' }).add(3, { ...values, id });
  meter.createCounter('halves').add(0.5);
  meter.createUpDownCounter('open').add(-2);
  meter.createObservableGauge('heat').addCallback((to) => to.observe(36.6, { room: 1 }));
  for (const name of ['plain', 'exponential']) {
    const histogram = meter.createHistogram(name, { unit: 's' });
    [0, 0.001, 3, 700, 1e6].forEach((v) => histogram.record(v, { way: 'in' }));
    histogram.record(1, { way: 'out' });
  }
  const { resourceMetrics } = await reader.collect();
  return [resourceMetrics, id];
}

for (const protocol of ['proto', 'http', 'grpc'])
  for (const compression of ['none', 'gzip'])
    describe(`otlp by ${protocol}, packed: ${compression}`, () => {
      test('spans arrive whole', async () => {
        const spans = makeSpans();
        await send(exporterOf('traces', protocol, compression), spans);
        assert.deepEqual(await passedOn('traces', 'resourceSpans', spans[0].spanContext().traceId), official(JsonTraceSerializer, spans));
      });
      test('log records arrive whole', async () => {
        const [logs, id] = makeLogs();
        await send(exporterOf('logs', protocol, compression), logs);
        assert.deepEqual(await passedOn('logs', 'resourceLogs', id), official(JsonLogsSerializer, logs));
      });
      for (const temporality of ['CUMULATIVE', 'DELTA'])
        test(`points arrive whole, ${temporality.toLowerCase()}`, async () => {
          const [metrics, id] = await makeMetrics(AggregationTemporality[temporality]);
          await send(exporterOf('metrics', protocol, compression), metrics);
          assert.deepEqual(await passedOn('metrics', 'resourceMetrics', id), official(JsonMetricsSerializer, metrics));
        });
      test('nothing at all is taken, too', async () => {
        await send(exporterOf('traces', protocol, compression), []);
      });
      test('very much at once arrives', async () => {
        const before = await collector.counter('receive_items');
        await send(exporterOf('traces', protocol, compression), makeSpans(10000));
        assert.equal(await collector.counter('receive_items') - before, 20000);
      });
    });

test('many calls at once share one gRPC connection', async () => {
  const exporter = new exporters['traces grpc']({ url: `http://${collector.grpc}`, credentials: grpc.credentials.createInsecure(), concurrencyLimit: 300, timeoutMillis: 20000 });
  const before = await collector.counter('receive_items');
  const spans = makeSpans(20);
  const results = await Promise.all(Array.from({ length: 300 }, () => new Promise((done) => { exporter.export(spans, done); })));
  assert.deepEqual(new Set(results.map((r) => r.code)), new Set([0]));
  assert.equal(await collector.counter('receive_items') - before, 300 * 40);
  await exporter.shutdown();
});

describe('Zipkin\'s JSON', () => {
  test('spans arrive with their kind, parent, error and tags', async () => {
    const { ZipkinExporter } = require('@opentelemetry/exporter-zipkin');
    const spans = makeSpans();
    await send(new ZipkinExporter({ url: `http://${collector.http}/api/v2/spans` }), spans);
    const id = spans[0].spanContext().traceId;
    let found;
    await becomes(async () => {
      found = await collector.api(`traces/${id}`);
      return found.spans?.length === 2;
    });
    const [outer, inner] = ['GET /0', 'inner'].map((name) => found.spans.find((s) => s.name === name));
    assert.equal(outer.service, 'node-shop');
    assert.deepEqual([outer.kind, inner.kind, outer.status, inner.status], ['client', 'producer', 'error', 'ok']);
    assert.equal(inner.parent_id, outer.span_id);
    assert.equal(outer.attributes.int, '-7');
    assert.deepEqual(outer.events.map((e) => e.name).sort(), ['cache.miss', 'exception']);
  });
});
