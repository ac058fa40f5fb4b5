// SPDX-License-Identifier: Apache-2.0
// A real gRPC server (grpc-js) with OpenTelemetry's own definitions takes what the exporter sends,
// and answers in every way that the exporter must understand.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import http2 from 'node:http2';
import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import grpc from '@grpc/grpc-js';

const root = createRequire(import.meta.url)('@opentelemetry/otlp-transformer/build/src/generated/root.js');
const collector = root.opentelemetry.proto.collector;
const build = process.env.ORIEL_BUILD ?? '../../build';
const run = promisify(execFile);
const where = mkdtempSync(join(tmpdir(), 'oriel-grpc-'));

const signals = [
  ['trace', 'TraceService', 'ExportTraceService', 'traces'],
  ['logs', 'LogsService', 'ExportLogsService', 'logs'],
  ['metrics', 'MetricsService', 'ExportMetricsService', 'metrics'],
];
const calls = [];
let answer;
let server;
let port;

function serve([name, service, messages]) {
  const types = collector[name].v1;
  const method = {
    path: `/opentelemetry.proto.collector.${name}.v1.${service}/Export`,
    requestStream: false,
    responseStream: false,
    requestDeserialize: (bytes) => ({ bytes, message: types[`${messages}Request`].decode(bytes) }),
    requestSerialize: () => Buffer.alloc(0),
    responseSerialize: (v) => Buffer.from(types[`${messages}Response`].encode(v).finish()),
    responseDeserialize: () => ({}),
  };
  server.addService({ Export: method }, {
    Export(call, done) {
      calls.push({ name, request: call.request, metadata: call.metadata.getMap(), deadline: call.getDeadline() });
      answer(name, done);
    },
  });
}

before(async () => {
  server = new grpc.Server({ 'grpc.max_receive_message_length': 1 << 20 });
  signals.forEach(serve);
  port = await promisify(server.bindAsync.bind(server))('127.0.0.1:0', grpc.ServerCredentials.createInsecure());
  await run(join(build, 'programs/otlp-sample'), [where]);
});
after(() => {
  server.forceShutdown();
  rmSync(where, { recursive: true });
});
beforeEach(() => {
  calls.length = 0;
  answer = (_, done) => done(null, {});
});

async function sendTo(...settings) {
  const { stderr } = await run(join(build, 'programs/otlp-sample'), ['otlp', ...settings], { timeout: 20000 });
  const [, write, rejected, wait, done, why] = /^write=(-?\d+) rejected=(\d+) after=(\d+) done=(\S+) (.*)/.exec(stderr);
  return { write: Number(write), rejected: Number(rejected), wait: Number(wait), done, why };
}

const send = (...settings) => sendTo(`OTEL_EXPORTER_OTLP_ENDPOINT=127.0.0.1:${port}`, ...settings);

const everything = '4,2,11'; // spans, log records, points
const items = everything.split(',').reduce((sum, n) => sum + Number(n), 0);
const bytesOf = (file) => readFileSync(join(where, `${file}.bin`));
const fails = (code, details, metadata) => (_, done) => done({ code, details, metadata });

// google.rpc.Status with a RetryInfo, as servers send it.
function retryInfo(code, seconds) {
  const field = (n, bytes) => Buffer.concat([Buffer.from([(n << 3) | 2, bytes.length]), bytes]);
  const any = Buffer.concat([
    field(1, Buffer.from('type.googleapis.com/google.rpc.RetryInfo')),
    field(2, field(1, Buffer.from([8, seconds]))),
  ]);
  const metadata = new grpc.Metadata();
  metadata.set('grpc-status-details-bin', Buffer.concat([Buffer.from([8, code]), field(3, any)]));
  return metadata;
}

describe('gRPC', () => {
  test('each signal arrives by its own method, whole', async () => {
    assert.deepEqual(await send(), { write: 0, rejected: 0, wait: 0, done: everything, why: '' });
    assert.deepEqual(calls.map((c) => c.name), ['trace', 'logs', 'metrics']);
    signals.forEach(([, , , file], i) => assert.deepEqual(calls[i].request.bytes, bytesOf(file)));
  });
  test('packed messages unpack to the same', async () => {
    assert.equal((await send('OTEL_EXPORTER_OTLP_COMPRESSION=gzip')).write, 0);
    signals.forEach(([, , , file], i) => assert.deepEqual(calls[i].request.bytes, bytesOf(file)));
  });
  test('headers are metadata, the time-out is the deadline', async () => {
    const start = Date.now();
    await send('OTEL_EXPORTER_OTLP_HEADERS=api-key=a%20b', 'OTEL_EXPORTER_OTLP_TIMEOUT=7000');
    assert.equal(calls[0].metadata['api-key'], 'a b');
    assert.match(calls[0].metadata['user-agent'], /^OTel-OTLP-Exporter-oriel\//);
    const left = Number(calls[0].deadline) - start;
    assert.ok(left >= 6999 && left < 27000, String(left));
  });
  test('a partial success is counted and never sent again', async () => {
    answer = (name, done) => done(null, name === 'trace' ? { partialSuccess: { rejectedSpans: 3, errorMessage: 'too odd' } } : {});
    const r = await send();
    assert.deepEqual([r.write, r.rejected, r.done], [0, 3, everything]);
    assert.match(r.why, /rejected 3 of 4: too odd/);
    assert.equal(calls.length, 3);
  });
  for (const code of [1, 4, 10, 11, 14, 15])
    test(`status ${code} is for later`, async () => {
      answer = fails(code, 'not now: 100% Ã');
      const r = await send();
      assert.deepEqual([r.write, r.rejected, r.done], [1, 0, '0,0,0']);
      assert.match(r.why, new RegExp(`gRPC status ${code} from 127.0.0.1:${port}: not now: 100%`));
    });
  for (const code of [2, 3, 5, 6, 7, 8, 9, 12, 13, 16])
    test(`status ${code} is final`, async () => {
      answer = fails(code, 'never');
      const r = await send();
      assert.deepEqual([r.write, r.rejected, r.done], [0, items, everything]);
    });
  test('a server that is full may say when it is not', async () => {
    answer = fails(8, 'quota', retryInfo(8, 7));
    const r = await send();
    assert.deepEqual([r.write, r.rejected, r.wait], [1, 0, 7000]);
  });
  test('a server that is away may say for how long', async () => {
    answer = fails(14, 'away', retryInfo(14, 9));
    assert.equal((await send()).wait, 9000);
  });
  test('a method that is not there is final', async () => {
    const other = new grpc.Server();
    const at = await promisify(other.bindAsync.bind(other))('127.0.0.1:0', grpc.ServerCredentials.createInsecure());
    // It answers before it has read the request, and resets that: curl may see the end before the answer, which is for later.
    let r;
    for (let i = 0; i < 50 && (!r || r.write); i++) r = await send(`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=127.0.0.1:${at}`);
    other.forceShutdown();
    assert.match(r.why, /traces: gRPC status 12/);
    assert.deepEqual([r.write, r.rejected], [0, 4]);
  });
  test('with TLS it is the same', async () => {
    const key = join(where, 'key.pem');
    const certificate = join(where, 'certificate.pem');
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1',
      '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate], { stdio: 'ignore' });
    const pair = { private_key: readFileSync(key), cert_chain: readFileSync(certificate) };
    const at = await promisify(server.bindAsync.bind(server))('127.0.0.1:0', grpc.ServerCredentials.createSsl(null, [pair]));
    const secure = [`OTEL_EXPORTER_OTLP_ENDPOINT=https://127.0.0.1:${at}`, 'OTEL_EXPORTER_OTLP_PROTOCOL=grpc'];
    const trusting = await sendTo(...secure, `OTEL_EXPORTER_OTLP_CERTIFICATE=${certificate}`);
    assert.deepEqual([trusting.write, trusting.rejected, trusting.done], [0, 0, everything]);
    assert.deepEqual(calls[0].request.bytes, bytesOf('traces'));
    const strange = await sendTo(...secure);
    assert.deepEqual([strange.write, strange.rejected, strange.done], [1, 0, '0,0,0']);
    assert.match(strange.why, /self-signed certificate; name its CA by OTEL_EXPORTER_OTLP_CERTIFICATE/);
    assert.equal(calls.length, 3);
  });
  test('a server that wants to see a certificate sees ours', async () => {
    const [key, certificate] = [join(where, 'key.pem'), join(where, 'certificate.pem')];
    const pair = { private_key: readFileSync(key), cert_chain: readFileSync(certificate) };
    const at = await promisify(server.bindAsync.bind(server))('127.0.0.1:0', grpc.ServerCredentials.createSsl(pair.cert_chain, [pair], true));
    const secure = [`OTEL_EXPORTER_OTLP_ENDPOINT=https://127.0.0.1:${at}`, 'OTEL_EXPORTER_OTLP_PROTOCOL=grpc', `OTEL_EXPORTER_OTLP_CERTIFICATE=${certificate}`];
    const nobody = await sendTo(...secure);
    assert.deepEqual([nobody.write, nobody.rejected, nobody.done], [1, 0, '0,0,0']);
    const known = await sendTo(...secure, `OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=${certificate}`, `OTEL_EXPORTER_OTLP_CLIENT_KEY=${key}`);
    assert.deepEqual([known.write, known.rejected, known.done], [0, 0, everything]);
    assert.equal(calls.length, 3);
  });
  test('the one protocol at the other one\'s port is told as such', async () => {
    const plain = createServer((q, answer) => answer.end('hello')).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    assert.match((await sendTo(`OTEL_EXPORTER_OTLP_ENDPOINT=127.0.0.1:${plain.address().port}`)).why, /is it a gRPC endpoint\?/);
    plain.close();
    assert.match((await sendTo(`OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:${port}`)).why, /OTEL_EXPORTER_OTLP_PROTOCOL=grpc/);
  });
  test('an answer that ends before its status is for later', async () => {
    const half = http2.createServer().listen(0, '127.0.0.1');
    half.on('stream', (stream) => {
      stream.resume().on('end', () => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
        stream.end(Buffer.from([0, 0, 0, 0, 100, 1, 2]));
      });
    });
    await once(half, 'listening');
    const r = await sendTo(`OTEL_EXPORTER_OTLP_ENDPOINT=127.0.0.1:${half.address().port}`);
    half.close();
    assert.deepEqual([r.write, r.rejected, r.done], [1, 0, '0,0,0']);
    assert.match(r.why, /has not answered to the end/);
  });
  test('nobody there is for later', async () => {
    const r = await send('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=127.0.0.1:1');
    assert.deepEqual([r.write, r.rejected, r.done], [1, 0, '0,0,0']);
  });
  test('a server that says nothing is for later, after the time-out', async () => {
    answer = () => {};
    const r = await send('OTEL_EXPORTER_OTLP_TIMEOUT=300');
    assert.deepEqual([r.write, r.rejected], [1, 0]);
  });
});
