// SPDX-License-Identifier: Apache-2.0
// OTLP's messages as others read and write them: OpenTelemetry's generated code, and protoc with the official
// definitions, which dd-trace's package has as text.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

const require = createRequire(import.meta.url);
const root = require('@opentelemetry/otlp-transformer/build/src/generated/root.js');
const collector = root.opentelemetry.proto.collector;
const definitions = join(dirname(require.resolve('dd-trace/package.json')), 'packages/dd-trace/src/opentelemetry/otlp');

const signal = (name, room, service) => ({
  request: collector[room].v1[`Export${service}ServiceRequest`],
  response: collector[room].v1[`Export${service}ServiceResponse`],
  definition: `${room}_service.proto`,
  typeName: `opentelemetry.proto.collector.${room}.v1.Export${service}ServiceRequest`,
  http: `/v1/${name}`,
  grpc: `/opentelemetry.proto.collector.${room}.v1.${service}Service/Export`,
});
export const signals = { traces: signal('traces', 'trace', 'Trace'), logs: signal('logs', 'logs', 'Logs'), metrics: signal('metrics', 'metrics', 'Metrics') };

// Bytes as hex, 64-bit numbers as text, enumerators by name, nothing that wasn't sent.
function plain(v) {
  if (Buffer.isBuffer(v) || v instanceof Uint8Array) return `hex:${Buffer.from(v).toString('hex')}`;
  if (Array.isArray(v)) return v.map(plain);
  if (v && typeof v === 'object')
    return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, plain(x)]));
  return v;
}

// An empty list may come out as [] or not at all; both say the same.
export function tidy(v) {
  if (Array.isArray(v)) return v.map(tidy);
  if (v && typeof v === 'object')
    return Object.fromEntries(Object.entries(v).filter(([, x]) => !(Array.isArray(x) && x.length === 0)).map(([k, x]) => [k, tidy(x)]));
  return v;
}

export const readable = (type, message) => tidy(plain(type.toObject(message, { longs: String, enums: String })));

// With all that wasn't sent, as what it stands for.
export const whole = (type, message) => plain(type.toObject(message, { longs: String, enums: String, defaults: true }));

// In OTLP's JSON ids are hex; the generated code knows only protobuf's own mapping, where bytes are base64.
const isId = (k) => k === 'traceId' || k === 'spanId' || k === 'parentSpanId';
function recode(v, from, to) {
  if (Array.isArray(v)) return v.map((x) => recode(x, from, to));
  if (v && typeof v === 'object')
    return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, isId(k) ? Buffer.from(x, from).toString(to) : recode(x, from, to)]));
  return v;
}

export const toJson = (type, message) =>
  JSON.stringify(recode(type.toObject(message, { longs: String, bytes: String, json: true }), 'base64', 'hex'));

export function fromJson(type, text) {
  const sent = JSON.parse(text);
  const message = type.fromObject(recode(sent, 'hex', 'base64'));
  // Nothing in it but fields that the definitions have, in the form that they have.
  assert.deepEqual(tidy(JSON.parse(toJson(type, message))), tidy(sent));
  return message;
}

function protoc(how, { typeName, definition }, input) {
  const done = spawnSync('protoc', [`-I${definitions}`, `--${how}=${typeName}`, definition], { input, maxBuffer: 1 << 30 });
  assert.equal(done.status, 0, done.error?.message ?? done.stderr.toString());
  return done.stdout;
}

// What the generated code makes of it, once protoc has found the same in it and no field that it doesn't know.
export function fromProtobuf(of, bytes) {
  const text = protoc('decode', of, bytes);
  const message = of.request.decode(bytes);
  assert.doesNotMatch(text.toString('latin1'), /^ *[0-9]+(:| \{)/m);
  assert.ok(isDeepStrictEqual(whole(of.request, of.request.decode(protoc('encode', of, text))), whole(of.request, message)));
  return message;
}
