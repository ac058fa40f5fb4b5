// SPDX-License-Identifier: Apache-2.0
// What is sent of each signal: every type of value in every place, next to nothing, 10 MiB in one value, and 10,000
// items. Each takes the service's name.
const START = 1700000000123456789n;
const at = (seconds) => String(START + BigInt(seconds) * 1000000000n);
export const id = (n, first) => Buffer.from(Array.from({ length: n }, (_, i) => (first + i) & 0xff));
const numbered = (n, i) => { const b = Buffer.alloc(n, 0xa5); b.writeUInt32BE(i + 1, n - 4); return b; };
export const text = (stringValue) => ({ stringValue });
export const pair = (key, value) => ({ key, value });
const MEBI = 1 << 20;

const list = { arrayValue: { values: [text('a'), { intValue: '2' }, {}, { boolValue: true }, { arrayValue: { values: [] } }] } };
const map = { kvlistValue: { values: [pair('inner', { doubleValue: 0.5 }), pair('list', list), pair('', { kvlistValue: { values: [] } })] } };
export const values = {
  'empty value': {}, 'empty text': text(''), text: text('grüße "x"\n\t\u0001\u{1f600}'),
  true: { boolValue: true }, false: { boolValue: false },
  zero: { intValue: '0' }, least: { intValue: '-9223372036854775808' }, most: { intValue: '9223372036854775807' },
  half: { doubleValue: 0.5 }, tiny: { doubleValue: 5e-324 }, large: { doubleValue: -1.7976931348623157e308 }, minus: { doubleValue: -0 },
  nan: { doubleValue: NaN }, infinity: { doubleValue: Infinity }, 'minus infinity': { doubleValue: -Infinity },
  bytes: { bytesValue: Buffer.from([0, 1, 0x7f, 0x80, 0xff]) }, 'no bytes': { bytesValue: Buffer.alloc(0) },
  list, 'empty list': { arrayValue: { values: [] } }, map, 'empty map': { kvlistValue: { values: [] } },
};
// As the page is told: numbers that JavaScript doesn't have are texts, bytes are base64.
export const onPage = { 'empty value': null, 'empty text': '', text: values.text.stringValue, true: true, false: false, zero: 0, least: values.least.intValue, most: values.most.intValue,
  half: 0.5, tiny: 5e-324, large: -1.7976931348623157e308, nan: 'NaN', infinity: 'Infinity', 'minus infinity': '-Infinity', bytes: 'AAF/gP8=', 'no bytes': '',
  list: ['a', 2, null, true, []], 'empty list': [], map: { inner: 0.5, list: ['a', 2, null, true, []], '': {} }, 'empty map': {} };
const all = Object.entries(values).map(([key, value]) => pair(key, value));
const resource = (name, more = []) => ({ attributes: [pair('service.name', text(name)), ...more], droppedAttributesCount: more.length ? 3 : 0 });
const scope = { name: 'shop', version: '1.2' };
const long = 'v'.repeat(10 * MEBI);

export const spans = {
  values: (name) => [{ resource: resource(name, all), scopeSpans: [{ scope, spans: [{
    traceId: id(16, 1), spanId: id(8, 0x21), parentSpanId: id(8, 0x31), traceState: 'a=1,b=2', flags: 0x301, name: 'GET /cart/{id}', kind: 2,
    startTimeUnixNano: at(0), endTimeUnixNano: at(2), attributes: all, droppedAttributesCount: 7, status: { code: 2, message: 'it broke' },
    events: [{ timeUnixNano: at(1), name: 'exception', attributes: all, droppedAttributesCount: 2 }, { timeUnixNano: at(1), name: 'bare' }], droppedEventsCount: 8,
    links: [{ traceId: id(16, 0x41), spanId: id(8, 0x51), traceState: 'x=y', flags: 0x101, attributes: all, droppedAttributesCount: 3 }], droppedLinksCount: 9,
  }] }] }],
  least: (name) => [{ resource: resource(name), scopeSpans: [{ spans: [{ traceId: id(16, 2), spanId: id(8, 1), startTimeUnixNano: at(0), endTimeUnixNano: at(0) }] }] }],
  wide: (name) => [{ resource: resource(name), scopeSpans: [{ scope, spans: [{ traceId: id(16, 3), spanId: id(8, 1), name: 'wide', kind: 1,
    startTimeUnixNano: at(0), endTimeUnixNano: at(1), attributes: [pair('long', text(long))] }] }] }],
  many: (name) => [{ resource: resource(name), scopeSpans: [{ scope, spans: Array.from({ length: 10000 }, (_, i) => ({ traceId: numbered(16, i), spanId: numbered(8, i),
    name: `span ${i}`, kind: 1, startTimeUnixNano: at(i), endTimeUnixNano: at(i + 1), attributes: [pair('n', { intValue: String(i) })] })) }] }],
};

export const bodies = [...Object.values(values), undefined];
export const logs = {
  values: (name) => [{ resource: resource(name, all), scopeLogs: [{ scope, logRecords: bodies.map((body, i) => ({
    timeUnixNano: at(i), observedTimeUnixNano: at(i + 1), severityNumber: i % 25, severityText: `S${i}`, body, attributes: all, droppedAttributesCount: 4, flags: 1,
    traceId: id(16, 1), spanId: id(8, 0x21), eventName: 'order.failed' })) }] }],
  least: (name) => [{ resource: resource(name), scopeLogs: [{ logRecords: [{ observedTimeUnixNano: at(0) }] }] }],
  wide: (name) => [{ resource: resource(name), scopeLogs: [{ scope, logRecords: [{ timeUnixNano: at(0), observedTimeUnixNano: at(0), body: text(long) }] }] }],
  many: (name) => [{ resource: resource(name), scopeLogs: [{ scope, logRecords: Array.from({ length: 10000 }, (_, i) => ({
    timeUnixNano: at(i), observedTimeUnixNano: at(i), severityNumber: 9, body: text(`line ${i}`), attributes: [pair('n', { intValue: String(i) })] })) }] }],
};

const times = { startTimeUnixNano: at(0), timeUnixNano: at(60) };
const example = { timeUnixNano: at(30), traceId: id(16, 1), spanId: id(8, 0x21), filteredAttributes: all };
const exemplars = [{ ...example, asDouble: 0.25 }, { ...example, asInt: '-9223372036854775808' }];
const [DELTA, CUMULATIVE] = [1, 2];
const point = (value, more) => ({ ...times, ...value, attributes: all, ...more });
const metric = (name, kind) => ({ name, description: `What ${name} is`, unit: 's', ...kind });
const sums = [[CUMULATIVE, true], [CUMULATIVE, false], [DELTA, true], [DELTA, false]].flatMap(([aggregationTemporality, isMonotonic]) => ['asInt', 'asDouble'].map((form) =>
  metric(`sum.${aggregationTemporality}.${isMonotonic}.${form}`, { sum: { aggregationTemporality, isMonotonic, dataPoints: [
    point({ [form]: form === 'asInt' ? '9223372036854775807' : 1e300 }, { exemplars }), point({ [form]: form === 'asInt' ? '0' : 0 }, { attributes: [] })] } })));
const gauges = [['asInt', '-9223372036854775808'], ['asDouble', NaN], ['asDouble', -Infinity], ['asDouble', -0.5]].map(([form, v], i) =>
  metric(`gauge.${i}`, { gauge: { dataPoints: [{ timeUnixNano: at(60), [form]: v, attributes: all }] } }));
const histograms = [CUMULATIVE, DELTA].map((aggregationTemporality) => metric(`histogram.${aggregationTemporality}`, { histogram: { aggregationTemporality, dataPoints: [
  point({ count: '305', sum: 12.5, min: 0.001, max: 11, bucketCounts: ['1', '0', '300', '4'], explicitBounds: [0.005, 0.1, 10], exemplars }),
  { ...times, count: '0', bucketCounts: ['0', '0'], explicitBounds: [1] }, { ...times, count: '3', sum: 4.5 }] } }));
const exponentials = [CUMULATIVE, DELTA].map((aggregationTemporality) => metric(`exponential.${aggregationTemporality}`, { exponentialHistogram: { aggregationTemporality, dataPoints: [
  point({ count: '306', sum: 99.5, min: -2, max: 5, scale: 3, zeroCount: '2', zeroThreshold: 0.001, positive: { offset: -5, bucketCounts: ['3', '0', '300'] },
    negative: { offset: 7, bucketCounts: ['1'] }, exemplars }), { ...times, count: '0', scale: -10 }] } }));
const summaries = [metric('summary', { summary: { dataPoints: [point({ count: '4', sum: 9, quantileValues: [{ quantile: 0, value: -1 }, { quantile: 0.5, value: 0.25 }, { quantile: 1, value: 4 }] }),
  { ...times, count: '0', sum: 0 }] } })];
export const metrics = {
  values: (name) => [{ resource: resource(name, all), scopeMetrics: [{ scope, metrics: [...sums, ...gauges, ...histograms, ...exponentials, ...summaries] }] }],
  least: (name) => [{ resource: resource(name), scopeMetrics: [{ metrics: [{ name: 'g', gauge: { dataPoints: [{ timeUnixNano: at(0), asInt: '0' }] } }] }] }],
  wide: (name) => [{ resource: resource(name), scopeMetrics: [{ scope, metrics: [{ name: 'wide', gauge: { dataPoints: [{ timeUnixNano: at(0), asInt: '1', attributes: [pair('long', text(long))] }] } }] }] }],
  many: (name) => [{ resource: resource(name), scopeMetrics: [{ scope, metrics: [metric('many', { sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true,
    dataPoints: Array.from({ length: 10000 }, (_, i) => ({ ...times, asInt: String(i), attributes: [pair('n', { intValue: String(i) })] })) } })] }] }],
};
