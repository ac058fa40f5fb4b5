// SPDX-License-Identifier: Apache-2.0
// A backend and a client of it by each of OTLP's protocols. The decoders are OpenTelemetry's, gRPC is grpc-js.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import grpc from '@grpc/grpc-js';
import { decompress } from 'fzstd';
import { fromJson, fromProtobuf, signals, toJson } from './messages.js';

const ROOM = 64 << 20;
const FORMS = { 'application/x-protobuf': 'http/protobuf', 'application/json': 'http/json' };
const unpack = { gzip: gunzipSync, zstd: (bytes) => Buffer.from(decompress(bytes)) };
const pack = { none: (bytes) => bytes, gzip: gzipSync, zstd: (input) => execFileSync('zstd', ['-q', '-c'], { input, maxBuffer: ROOM }) };

// grpc-js unpacks, and takes the field that says so away.
const tellPacking = (method, call) => new grpc.ServerInterceptingCall(call, {
  start: (next) => next({ onReceiveMetadata(metadata, on) { metadata.set('packed', call.incomingEncoding); on(metadata); } }),
});

// got: { signal, protocol, packed, message } in the order in which it came. `refuse` may answer in HTTP's place,
// then it returns true.
export async function backend(refuse = () => false) {
  const got = [];
  const http = createServer((q, answer) => {
    const parts = [];
    q.on('data', (d) => parts.push(d)).on('end', () => {
      const [signal, of] = Object.entries(signals).find(([, s]) => s.http === q.url);
      const packed = q.headers['content-encoding'] ?? 'none';
      const bytes = packed === 'none' ? Buffer.concat(parts) : unpack[packed](Buffer.concat(parts));
      const protocol = FORMS[q.headers['content-type']];
      got.push({ signal, protocol, packed, message: protocol === 'http/json' ? fromJson(of.request, bytes) : fromProtobuf(of, bytes) });
      answer.setHeader('content-type', q.headers['content-type']);
      if (refuse(signal, answer)) return;
      answer.end(protocol === 'http/json' ? '{}' : Buffer.alloc(0));
    });
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');

  const server = new grpc.Server({ 'grpc.max_receive_message_length': ROOM, interceptors: [tellPacking] });
  for (const [signal, of] of Object.entries(signals))
    server.addService({ Export: { path: of.grpc, requestStream: false, responseStream: false, requestSerialize: (m) => m, responseDeserialize: (m) => m,
      requestDeserialize: (bytes) => fromProtobuf(of, bytes), responseSerialize: (m) => Buffer.from(of.response.encode(m).finish()) } },
    { Export(call, done) {
      got.push({ signal, protocol: 'grpc', packed: call.metadata.get('packed')[0].replace('identity', 'none'), message: call.request });
      done(null, {});
    } });
  const port = await promisify(server.bindAsync.bind(server))('127.0.0.1:0', grpc.ServerCredentials.createInsecure());
  return {
    got,
    endpoint: (protocol) => `http://127.0.0.1:${protocol === 'grpc' ? port : http.address().port}`,
    end() { http.close(); http.closeAllConnections(); server.forceShutdown(); },
  };
}

async function sendByHttp(at, of, protocol, packed, message) {
  const body = protocol === 'http/json' ? Buffer.from(toJson(of.request, message)) : Buffer.from(of.request.encode(message).finish());
  const type = Object.keys(FORMS).find((t) => FORMS[t] === protocol);
  const headers = { 'content-type': type, ...(packed === 'none' ? {} : { 'content-encoding': packed }) };
  const answer = await fetch(`http://${at}${of.http}`, { method: 'POST', headers, body: pack[packed](body) });
  const bytes = Buffer.from(await answer.arrayBuffer());
  assert.equal(answer.status, 200, bytes.toString());
  assert.equal(answer.headers.get('content-type'), type);
  return protocol === 'http/json' ? fromJson(of.response, bytes) : of.response.decode(bytes);
}

async function sendByGrpc(at, of, packed, message) {
  const client = new grpc.Client(at, grpc.credentials.createInsecure(),
    { 'grpc.default_compression_algorithm': packed === 'gzip' ? grpc.compressionAlgorithms.gzip : grpc.compressionAlgorithms.identity });
  try {
    return await promisify(client.makeUnaryRequest.bind(client))(of.grpc, (m) => Buffer.from(of.request.encode(m).finish()),
      (bytes) => of.response.decode(bytes), message);
  } finally {
    client.close();
  }
}

// To a collector; what it answers.
export const send = (collector, signal, protocol, packed, message) => (protocol === 'grpc' ?
  sendByGrpc(collector.grpc, signals[signal], packed, message) : sendByHttp(collector.http, signals[signal], protocol, packed, message));
