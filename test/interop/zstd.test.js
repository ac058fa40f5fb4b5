// SPDX-License-Identifier: Apache-2.0
// zstd by other implementations: what Oriel packs is unpacked by fzstd, which is JavaScript alone, and
// what it takes is packed by Debian's `zstd`.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import http2 from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { decompress } from 'fzstd';
import { build, collect } from './collecting.js';

const run = promisify(execFile);
const where = mkdtempSync(join(tmpdir(), 'oriel-zstd-'));
const files = ['traces', 'logs', 'metrics'];
const bytesOf = (file) => readFileSync(join(where, file));
const zstd = (input, ...options) => execFileSync('zstd', ['-q', '-c', ...options], { input, maxBuffer: 1 << 28 });

async function bodyOf(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

// A message of gRPC, packed.
const framed = (packed) => {
  const prefix = Buffer.from([1, 0, 0, 0, 0]);
  prefix.writeUInt32BE(packed.length, 1);
  return Buffer.concat([prefix, packed]);
};

before(() => run(join(build, 'programs/otlp-sample'), [where]));
after(() => rmSync(where, { recursive: true }));

describe('what Oriel sends', () => {
  const got = [];
  const plain = createServer(async (q, answer) => {
    got.push({ headers: q.headers, body: await bodyOf(q) });
    answer.writeHead(200, { 'content-type': q.headers['content-type'] }).end(q.headers['content-type'] === 'application/json' ? '{}' : '');
  });
  const grpc = http2.createServer();
  grpc.on('stream', async (stream, headers) => {
    got.push({ headers, body: await bodyOf(stream) });
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.alloc(5));
  });
  const send = async (server, ...settings) => {
    const { stderr } = await run(join(build, 'programs/otlp-sample'), ['otlp', ...settings, 'OTEL_EXPORTER_OTLP_COMPRESSION=zstd',
      `OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:${server.address().port}`], { timeout: 20000 });
    assert.match(stderr, /^write=0 rejected=0 after=0 done=4,2,11 $/m);
  };

  before(async () => {
    await Promise.all([plain, grpc].map((s) => once(s.listen(0, '127.0.0.1'), 'listening')));
  });
  after(() => [plain, grpc].forEach((s) => s.close()));
  beforeEach(() => { got.length = 0; });

  for (const [protocol, ending] of [['http/protobuf', 'bin'], ['http/json', 'json']])
    test(`unpacks to the same, ${protocol}`, async () => {
      await send(plain, `OTEL_EXPORTER_OTLP_PROTOCOL=${protocol}`);
      assert.deepEqual(got.map((g) => g.headers['content-encoding']), ['zstd', 'zstd', 'zstd']);
      files.forEach((f, i) => assert.deepEqual(Buffer.from(decompress(got[i].body)), bytesOf(`${f}.${ending}`)));
    });
  test('unpacks to the same, grpc', async () => {
    await send(grpc, 'OTEL_EXPORTER_OTLP_PROTOCOL=grpc');
    assert.deepEqual(got.map((g) => g.headers['grpc-encoding']), ['zstd', 'zstd', 'zstd']);
    files.forEach((f, i) => {
      const { body } = got[i];
      assert.deepEqual([body[0], body.readUInt32BE(1)], [1, body.length - 5]);
      assert.deepEqual(Buffer.from(decompress(body.subarray(5))), bytesOf(`${f}.bin`));
    });
  });
  test('one signal may have it alone', async () => {
    await send(plain, 'OTEL_EXPORTER_OTLP_TRACES_COMPRESSION=none', 'OTEL_EXPORTER_OTLP_METRICS_COMPRESSION=gzip');
    assert.deepEqual(got.map((g) => g.headers['content-encoding']), [undefined, 'zstd', 'gzip']);
    assert.deepEqual(got[0].body, bytesOf('traces.bin'));
  });
});

describe('what Oriel takes', () => {
  let collector;
  let client;
  before(async () => {
    collector = await collect();
    client = http2.connect(`http://${collector.grpc}`);
  });
  after(async () => {
    client.close();
    await collector.end();
  });

  const post = async (body, encoding = 'zstd') => (await fetch(`http://${collector.http}/v1/traces`, { method: 'POST', body,
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': encoding } })).status;
  const call = async (packed, encoding = 'zstd') => {
    const stream = client.request({ ':method': 'POST', ':path': '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
      'content-type': 'application/grpc', te: 'trailers', 'grpc-encoding': encoding });
    let status;
    const note = (headers) => { status ??= headers['grpc-status']; };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.end(framed(packed));
    await bodyOf(stream);
    return Number(status);
  };
  const taken = () => collector.counter('receive_items');

  for (const options of [['-1'], ['-19'], ['-3', '--no-check'], ['--format=zstd', '--long=23']])
    test(`arrives whole, zstd ${options.join(' ')}`, async () => {
      const packed = zstd(bytesOf('traces.bin'), ...options);
      const first = await taken();
      assert.equal(await post(packed), 200);
      const each = await taken() - first;
      assert.ok(each > 0);
      assert.equal(await call(packed), 0);
      assert.equal(await taken(), first + 2 * each);
    });
  test('a window of more than HTTP allows is bad', async () => {
    assert.equal(await post(zstd(bytesOf('traces.bin'), '--ultra', '-22')), 400);
  });
  test('cut short it is bad', async () => {
    const packed = zstd(bytesOf('traces.bin'));
    assert.equal(await post(packed.subarray(0, packed.length - 1)), 400);
    assert.equal(await call(packed.subarray(0, packed.length - 1)), 3);
  });
  test('a bomb is too much', async () => {
    const bomb = zstd(Buffer.alloc((64 << 20) + 1));
    assert.ok(bomb.length < 100000);
    assert.equal(await post(bomb), 413);
    assert.equal(await call(bomb), 8);
  });
  test('and so is much that is packed', async () => {
    assert.equal(await post(Buffer.alloc((64 << 20) + 1)), 413);
  });
});
