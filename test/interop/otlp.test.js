// SPDX-License-Identifier: Apache-2.0
// What test/programs/otlp-sample.c writes, read by OpenTelemetry's own generated decoder and by protoc.
// Every field is compared, so one that is missing, doubled or in the wrong place fails.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fromJson, fromProtobuf, readable, signals } from './messages.js';

const build = process.env.ORIEL_BUILD ?? '../../build';
const where = mkdtempSync(join(tmpdir(), 'oriel-otlp-'));

const START = '1700000000123456789';
const second = (n) => String(BigInt(START) + BigInt(n) * 1000000000n);
const hex = (first, n) => Array.from({ length: n }, (_, i) => (first + i).toString(16).padStart(2, '0')).join('');

function decode(of, file) {
  const bytes = readFileSync(join(where, file));
  return readable(of.request, file.endsWith('.json') ? fromJson(of.request, bytes) : fromProtobuf(of, bytes));
}

const list = { arrayValue: { values: [{ stringValue: 'a' }, { intValue: '2' }, {}, { boolValue: true }] } };
const map = { kvlistValue: { values: [{ key: 'inner', value: { doubleValue: 0.5 } }, { key: 'list', value: list }] } };
const everyType = [
  { key: 'empty', value: {} },
  { key: 'true', value: { boolValue: true } },
  { key: 'false', value: { boolValue: false } },
  { key: 'int', value: { intValue: '42' } },
  { key: 'zero', value: { intValue: '0' } },
  { key: 'least', value: { intValue: '-9223372036854775808' } },
  { key: 'most', value: { intValue: '9223372036854775807' } },
  { key: 'double', value: { doubleValue: 3.25 } },
  { key: 'tiny', value: { doubleValue: 5e-324 } },
  { key: 'no number', value: { doubleValue: NaN } },
  { key: 'infinity', value: { doubleValue: Infinity } },
  { key: 'text', value: { stringValue: 'plain' } },
  { key: 'no text', value: { stringValue: '' } },
  { key: 'utf8', value: { stringValue: 'smørrebrød' } },
  { key: 'broken', value: { stringValue: 'a\ufffdb\ufffd\ufffd' } },
  { key: 'br\ufffdken', value: { intValue: '1' } },
  { key: 'bytes', value: { bytesValue: 'hex:0001ff' } },
  { key: 'array', value: list },
  { key: 'no array', value: { arrayValue: {} } },
  { key: 'map', value: map },
];

const resource = (service) => ({
  attributes: [{ key: 'service.name', value: { stringValue: service } }, { key: 'process.pid', value: { intValue: '4711' } }],
  droppedAttributesCount: 5,
});
const shop = { name: 'shop', version: '1.2.3' };
const because = { key: 'because', value: { intValue: '1' } };
const noId = { traceId: `hex:${'00'.repeat(16)}`, spanId: `hex:${'00'.repeat(8)}` };
const noTime = { startTimeUnixNano: '0', endTimeUnixNano: '0' };

before(() => execFileSync(join(build, 'programs/otlp-sample'), [where]));
after(() => rmSync(where, { recursive: true }));

for (const form of ['bin', 'json']) {
describe(`traces as ${form}`, () => {
  let request;
  before(() => { request = decode(signals.traces, `traces.${form}`); });

  test('a resource of its own for each service', () => {
    assert.deepEqual(request.resourceSpans.map((r) => r.resource), [resource('shop'), resource('other')]);
  });
  test('spans are grouped by scope', () => {
    assert.deepEqual(request.resourceSpans[0].scopeSpans.map((s) => [s.scope, s.spans.length]),
      [[shop, 2], [{ name: 'oriel.microhttpd', version: '0.1.0' }, 1]]);
    assert.deepEqual(request.resourceSpans[1].scopeSpans.map((s) => [s.scope, s.spans.length]), [[undefined, 1]]);
  });
  test('a span with everything', () => {
    assert.deepEqual(request.resourceSpans[0].scopeSpans[0].spans[0], {
      traceId: `hex:${hex(1, 16)}`,
      spanId: `hex:${hex(0x21, 8)}`,
      parentSpanId: `hex:${hex(0x31, 8)}`,
      traceState: 'vendor=1,other=2',
      flags: 0x301,
      name: 'GET /cart/{id}',
      kind: 'SPAN_KIND_SERVER',
      startTimeUnixNano: START,
      endTimeUnixNano: second(2),
      attributes: everyType,
      droppedAttributesCount: 7,
      events: [
        { timeUnixNano: second(1), name: 'exception', attributes: [because], droppedAttributesCount: 2 },
        {},
      ],
      droppedEventsCount: 8,
      links: [{
        traceId: `hex:${hex(0x41, 16)}`, spanId: `hex:${hex(0x51, 8)}`, traceState: 'x=y', flags: 0x101,
        attributes: [because], droppedAttributesCount: 3,
      }],
      droppedLinksCount: 9,
      status: { message: 'it broke', code: 'STATUS_CODE_ERROR' },
    });
  });
  test('a span of the same scope, apart from it', () => {
    assert.deepEqual(request.resourceSpans[0].scopeSpans[0].spans[1],
      { ...noId, ...noTime, name: 'third', kind: 'SPAN_KIND_CONSUMER', status: { code: 'STATUS_CODE_OK' } });
  });
  test('a span with nothing', () => {
    assert.deepEqual(request.resourceSpans[0].scopeSpans[1].spans,
      [{ ...noId, ...noTime, kind: 'SPAN_KIND_UNSPECIFIED' }]);
  });
  test('a span without a scope', () => {
    assert.deepEqual(request.resourceSpans[1].scopeSpans[0].spans,
      [{ ...noId, ...noTime, name: 'fourth', kind: 'SPAN_KIND_INTERNAL' }]);
  });
});

describe(`logs as ${form}`, () => {
  let request;
  before(() => { request = decode(signals.logs, `logs.${form}`); });

  test('one resource, one scope', () => {
    assert.deepEqual(request.resourceLogs.map((r) => [r.resource, r.scopeLogs.map((s) => [s.scope, s.logRecords.length])]),
      [[resource('shop'), [[shop, 2]]]]);
  });
  test('a record with everything', () => {
    assert.deepEqual(request.resourceLogs[0].scopeLogs[0].logRecords[0], {
      timeUnixNano: START,
      observedTimeUnixNano: second(1),
      severityNumber: 'SEVERITY_NUMBER_ERROR',
      severityText: 'ERROR',
      body: map,
      attributes: everyType,
      droppedAttributesCount: 4,
      flags: 1,
      traceId: `hex:${hex(1, 16)}`,
      spanId: `hex:${hex(0x21, 8)}`,
      eventName: 'order.failed',
    });
  });
  test('a record with a text and nothing else', () => {
    assert.deepEqual(request.resourceLogs[0].scopeLogs[0].logRecords[1], { body: { stringValue: 'hello' } });
  });
});

describe(`metrics as ${form}`, () => {
  const description = 'What it is';
  const times = { startTimeUnixNano: START, timeUnixNano: second(60) };
  const product = (name) => [{ key: 'product', value: { stringValue: name } }];
  const cumulative = { aggregationTemporality: 'AGGREGATION_TEMPORALITY_CUMULATIVE' };
  let metrics;
  before(() => {
    const request = decode(signals.metrics, `metrics.${form}`);
    assert.deepEqual(request.resourceMetrics.map((r) => [r.resource, r.scopeMetrics.map((s) => s.scope)]),
      [[resource('shop'), [shop]]]);
    metrics = request.resourceMetrics[0].scopeMetrics[0].metrics;
  });

  test('points of one counter are one cumulative, monotonic sum', () => {
    assert.deepEqual(metrics[0], {
      name: 'orders', description, unit: '{order}',
      sum: {
        dataPoints: [
          { ...times, asInt: '42', attributes: product('book') },
          { ...times, asInt: '9223372036854775807', attributes: product('pen') },
        ],
        ...cumulative, isMonotonic: true,
      },
    });
  });
  test('what goes up and down is no monotonic sum', () => {
    assert.deepEqual(metrics[1], {
      name: 'queue', description, unit: '1', sum: { dataPoints: [{ ...times, asInt: '-3' }], ...cumulative },
    });
  });
  test('a gauge', () => {
    assert.deepEqual(metrics[2], {
      name: 'temperature', description, unit: 'Cel', gauge: { dataPoints: [{ ...times, asDouble: -0.5 }] },
    });
  });
  test('a histogram has one bucket more than bounds', () => {
    assert.deepEqual(metrics[3], {
      name: 'http.server.request.duration', description, unit: 's',
      histogram: {
        dataPoints: [{
          ...times, count: '305', sum: 12.5, bucketCounts: ['1', '0', '300', '4'],
          explicitBounds: [0.005, 0.1, 10], attributes: product('book'), min: 0.001, max: 11,
        }],
        ...cumulative,
      },
    });
  });
  test('an empty histogram knows no least and most', () => {
    assert.deepEqual(metrics[4].histogram.dataPoints,
      [{ ...times, sum: 0, bucketCounts: ['0', '0', '0', '0'], explicitBounds: [0.005, 0.1, 10] }]);
  });
  test('a zero is sent', () => {
    assert.deepEqual(metrics[5].sum.dataPoints, [{ ...times, asDouble: 0 }]);
    assert.equal(metrics.length, 10);
  });
  const example = {
    timeUnixNano: second(30), asDouble: 0.25, traceId: `hex:${hex(1, 16)}`, spanId: `hex:${hex(0x20, 8)}`,
    filteredAttributes: [{ key: 'cart', value: { intValue: '7' } }],
  };
  test('an exponential histogram, with its examples', () => {
    assert.deepEqual(metrics[6], {
      name: 'exponential', description, unit: 's',
      exponentialHistogram: {
        dataPoints: [{
          ...times, count: '306', sum: 99.5, scale: 3, zeroCount: '2', zeroThreshold: 0.001,
          positive: { offset: -5, bucketCounts: ['3', '0', '300'] }, negative: { offset: 7, bucketCounts: ['1'] },
          min: -2, max: 5, exemplars: [example, { asInt: '-2' }],
        }],
        ...cumulative,
      },
    });
    assert.deepEqual(metrics[7].exponentialHistogram.dataPoints, [{ ...times, sum: 0, scale: -10 }]);
  });
  test('a summary has quantiles and no temporality', () => {
    assert.deepEqual(metrics[8], {
      name: 'summary', description, unit: 's',
      summary: { dataPoints: [{ ...times, count: '4', sum: 9, quantileValues: [{ quantile: 0.5, value: 0.25 }, { quantile: 0.99, value: 4 }] }] },
    });
  });
  test('what is a delta says so, and its example', () => {
    assert.deepEqual(metrics[9].sum, {
      dataPoints: [{ ...times, asInt: '3', exemplars: [example] }], aggregationTemporality: 'AGGREGATION_TEMPORALITY_DELTA', isMonotonic: true,
    });
  });
});
}
