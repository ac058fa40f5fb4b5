// SPDX-License-Identifier: Apache-2.0
// `oriel run` with nothing but variables: what ended arrives at other people's servers.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import grpc from '@grpc/grpc-js';
import { backend } from './backend.js';
import { becomes, build } from './collecting.js';

const root = createRequire(import.meta.url)('@opentelemetry/otlp-transformer/build/src/generated/root.js');
const trace = root.opentelemetry.proto.collector.trace.v1;
const run = promisify(execFile);
const SPANS = 20; // of two threads
let where;
let collector;

async function watched(settings) {
  const { stdout } = await run(join(build, 'oriel'), ['run', '--', join(build, 'programs/flood'), String(SPANS / 2)],
    { cwd: where, env: { PATH: process.env.PATH, HOME: where, ...collector, ...settings }, timeout: 30000 });
  return stdout;
}

before(() => {
  where = mkdtempSync(join(tmpdir(), 'oriel-run-'));
  collector = { ORIEL_RUN_DIR: mkdtempSync('/dev/shm/oriel-run-'), ORIEL_DATA_DIR: join(where, 'data'), ORIEL_LISTEN: '127.0.0.1:0', ORIEL_OTLP_LISTEN: '127.0.0.1:0', ORIEL_OTLP_GRPC_LISTEN: '127.0.0.1:0' };
});
after(async () => {
  process.kill(Number(readFileSync(join(collector.ORIEL_RUN_DIR, 'collector.pid'), 'utf8')));
  await becomes(() => { try { readFileSync(join(collector.ORIEL_RUN_DIR, 'collector.pid')); return false; } catch { return true; } }).catch(() => {});
  rmSync(where, { recursive: true, force: true });
  rmSync(collector.ORIEL_RUN_DIR, { recursive: true, force: true });
});

const spansOf = (request) => request.resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans));

describe('a watched program', () => {
  test('sends its spans to an endpoint without a scheme, by gRPC', async () => {
    const server = new grpc.Server();
    let n = 0;
    server.addService({
      Export: {
        path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
        requestStream: false,
        responseStream: false,
        requestDeserialize: (bytes) => trace.ExportTraceServiceRequest.decode(bytes),
        requestSerialize: () => Buffer.alloc(0),
        responseSerialize: (v) => Buffer.from(trace.ExportTraceServiceResponse.encode(v).finish()),
        responseDeserialize: () => ({}),
      },
    }, { Export(call, done) { n += spansOf(call.request).length; done(null, {}); } });
    const port = await promisify(server.bindAsync.bind(server))('127.0.0.1:0', grpc.ServerCredentials.createInsecure());
    await watched({ OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: `127.0.0.1:${port}` });
    await becomes(() => n === SPANS);
    server.forceShutdown();
  });
  // "Simple processor": each by itself, as soon as it has ended.
  const simple = {
    'by variables': () => ({ OTEL_TRACES_EXPORTER: 'otlp', OTEL_BSP_SCHEDULE_DELAY: '0', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '1' }),
    'in a file': (endpoint) => {
      const file = join(where, 'simple.yaml');
      writeFileSync(file, `file_format: "1.0"\ntracer_provider:\n  processors:\n    - simple:\n        exporter:\n          otlp_http:\n            endpoint: ${endpoint}/v1/traces\n`);
      return { OTEL_CONFIG_FILE: file };
    },
  };
  for (const [how, settings] of Object.entries(simple))
    describe(`with a simple processor ${how}`, () => {
      test('sends each span by itself', async () => {
        const there = await backend();
        const endpoint = there.endpoint('http/protobuf');
        await watched({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...settings(endpoint) });
        await becomes(() => there.got.length >= SPANS);
        assert.deepEqual(there.got.map((g) => spansOf(g.message).length), Array(SPANS).fill(1));
        there.end();
      });
    });
  for (const protocol of ['grpc', 'http/protobuf', 'http/json'])
    test(`sends a library's scope whole, ${protocol}`, async () => {
      const there = await backend();
      const program = run(join(build, 'oriel'), ['run', '--', join(build, 'programs/scoped')], { cwd: where, timeout: 30000,
        env: { PATH: process.env.PATH, HOME: where, ...collector, OTEL_EXPORTER_OTLP_ENDPOINT: there.endpoint(protocol), OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
          OTEL_TRACES_EXPORTER: 'otlp', OTEL_LOGS_EXPORTER: 'otlp', OTEL_METRICS_EXPORTER: 'otlp' } });
      program.child.stdin.end();
      await program;
      const parts = (signal, list, scopes) => there.got.filter((g) => g.signal === signal)
        .flatMap((g) => g.message[list].flatMap((r) => r[scopes])).filter((s) => s.scope?.name === 'acme.storage');
      const lists = { traces: ['resourceSpans', 'scopeSpans'], logs: ['resourceLogs', 'scopeLogs'], metrics: ['resourceMetrics', 'scopeMetrics'] };
      for (const [signal, names] of Object.entries(lists)) {
        await becomes(() => parts(signal, ...names).length > 0);
        for (const part of parts(signal, ...names)) {
          assert.equal(part.schemaUrl, 'https://acme.example/1');
          assert.equal(part.scope.version, '2.1.0');
          assert.deepEqual(part.scope.attributes.map((a) => [a.key, String(a.value.intValue ?? a.value.stringValue)]), [['shard', '4'], ['zone', 'north']]);
        }
      }
      there.end();
    });
  test('has several exporters of one signal at once', async () => {
    const there = await backend();
    const zipkin = [];
    const server = createServer((q, answer) => {
      let text = '';
      q.on('data', (d) => { text += d; }).on('end', () => { zipkin.push(...JSON.parse(text)); answer.writeHead(202).end(); });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const said = await watched({ OTEL_TRACES_EXPORTER: 'otlp,zipkin,console,otlp_file', OTEL_EXPORTER_OTLP_ENDPOINT: there.endpoint('http/json'),
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_EXPORTER_ZIPKIN_ENDPOINT: `http://127.0.0.1:${server.address().port}/`, ORIEL_OTLP_FILE: 'several.jsonl' });
    await becomes(() => there.got.flatMap((g) => spansOf(g.message)).length === SPANS && zipkin.length === SPANS);
    assert.equal(said.split('\n').filter((l) => / trace=[0-9a-f]{32} span=/.test(l)).length, SPANS);
    assert.equal(readFileSync(join(where, 'several.jsonl'), 'utf8').trimEnd().split('\n').flatMap((l) => spansOf(JSON.parse(l))).length, SPANS);
    there.end();
    server.close();
    server.closeAllConnections();
  });
  test('sends its spans to Zipkin', async () => {
    const spans = [];
    const server = createServer((q, answer) => {
      let text = '';
      q.on('data', (d) => { text += d; }).on('end', () => {
        spans.push(...JSON.parse(text));
        answer.writeHead(202).end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    await watched({ OTEL_SERVICE_NAME: 'flood', OTEL_TRACES_EXPORTER: 'zipkin',
      OTEL_EXPORTER_ZIPKIN_ENDPOINT: `http://127.0.0.1:${server.address().port}/api/v2/spans` });
    await becomes(() => spans.length === SPANS);
    server.close();
    server.closeAllConnections();
    for (const s of spans) {
      assert.match(s.traceId, /^[0-9a-f]{32}$/);
      assert.match(s.id, /^[0-9a-f]{16}$/);
      assert.equal(s.localEndpoint.serviceName, 'flood');
      assert.ok(Number.isSafeInteger(s.timestamp) && s.duration >= 1);
      assert.ok(Math.abs(s.timestamp / 1000 - Date.now()) < 120000);
    }
  });
  test('appends its spans to a file that it names from where it is', async () => {
    await watched({ OTEL_TRACES_EXPORTER: 'otlp_file', ORIEL_OTLP_FILE: '%s.jsonl' });
    const spans = () => {
      try {
        return readFileSync(join(where, 'traces.jsonl'), 'utf8').trimEnd().split('\n').flatMap((l) => spansOf(JSON.parse(l)));
      } catch { return []; }
    };
    await becomes(() => spans().length === SPANS);
  });
  test('shows its spans as OTLP on its own standard output', async () => {
    const lines = (await watched({ OTEL_TRACES_EXPORTER: 'otlp/stdout' })).split('\n').filter((l) => l.startsWith('{'));
    assert.equal(lines.flatMap((l) => spansOf(JSON.parse(l))).length, SPANS);
  });
});
