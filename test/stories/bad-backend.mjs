// SPDX-License-Identifier: Apache-2.0
// A receiver of OTLP traces, over HTTP or gRPC, that is bad in every way in turn, and knows what it has got.
//
//     bad-backend.mjs http|grpc PORT SECONDS [MS]
//
// Each way lasts SECONDS, and until it was met; between them it is good. Each answer takes MS milliseconds. Prints the
// address where it can be asked: GET /good makes it good from now on, GET / tells what came, and how many rounds there
// were. Spans are told apart by their attribute `i`. "again": those that came again though it had said that it has them,
// which must be none; what was cut off before its answer was whole may come again.
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';

const [protocol, port, seconds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const late = Number(process.argv[5] ?? 0);
const grpc = protocol === 'grpc';
const ways = {
  http: ['refuse', 'stall', 'cut', 'half', 'unavailable', 'throttle', 'partial'],
  grpc: ['refuse', 'stall', 'cut', 'half', 'unavailable', 'exhausted', 'partial'],
}[protocol];
let way;
let since;
let met; // a request that came since was dealt with
let leaving = false; // what comes now gets no answer
let goodForEver = false;
const LAST_ANSWER_MS = 10000;

// ---- what came ------------------------------------------------------------------------------------------

const CUT = 1; // it came, and was not answered to its end: it must come again
const TAKEN = 2; // it must not
const REJECTED = 3;
const state = new Uint8Array(16 << 20);
const said = { rounds: 0, requests: {}, taken: 0, rejected: 0, twice: 0, again: 0, most: -1 };

// Fields of a message: number and what is in it, a slice or a number.
function* fields(b, at = 0, end = b.length) {
  const varint = () => {
    let v = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = b[at++];
      v += (byte & 127) * scale;
      if (byte < 128) return v;
    }
  };
  while (at < end) {
    const key = varint();
    const wire = key & 7;
    const number = Math.floor(key / 8);
    if (wire === 0) yield [number, varint()];
    else if (wire === 2) {
      const n = varint();
      yield [number, b.subarray(at, at + n)];
      at += n;
    } else at += wire === 1 ? 8 : 4;
  }
}

// resource_spans (1) . scope_spans (2) . spans (2) . attributes (9) = key (1), value (2) . int_value (3)
function* numbers(request) {
  for (const [r, resource] of fields(request)) if (r === 1)
    for (const [s, scope] of fields(resource)) if (s === 2)
      for (const [p, span] of fields(scope)) if (p === 2)
        for (const [a, attribute] of fields(span)) if (a === 9) {
          let name;
          let value;
          for (const [n, v] of fields(attribute)) if (n === 1) name = v; else if (n === 2) value = v;
          if (name?.length === 1 && name[0] === 105) for (const [n, v] of fields(value)) if (n === 3) yield v;
        }
}

function note(i, what) {
  if (state[i] > CUT) said.again++;
  else if (state[i] === CUT) said.twice++;
  if (what === TAKEN && state[i] < TAKEN) said.taken++;
  if (what === REJECTED) said.rejected++;
  if (i > said.most) said.most = i;
  if (state[i] < what) state[i] = what;
}

const take = (body, what) => { for (const i of numbers(body)) note(i, what); };

// Every seventh is rejected. An answer that says so: partial_success (1) = rejected_spans (1), error_message (2)
function takePart(body) {
  let k = 0;
  let n = 0;
  for (const i of numbers(body)) {
    const rejected = k++ % 7 === 0;
    note(i, rejected ? REJECTED : TAKEN);
    n += rejected;
  }
  const count = [];
  for (let v = n; count.push(v > 127 ? (v & 127) | 128 : v), v > 127; v >>= 7);
  const text = Buffer.from('every seventh');
  const partial = Buffer.concat([Buffer.from([8, ...count, 18, text.length]), text]);
  return Buffer.concat([Buffer.from([10, partial.length]), partial]);
}

// ---- how it answers -------------------------------------------------------------------------------------

const PROTOBUF = 'application/x-protobuf';

function answerHttp(q, answer, body) {
  const reply = (status, headers = {}, data = '') => answer.writeHead(status, { 'content-type': PROTOBUF, connection: 'close', ...headers }).end(data);
  switch (way) {
    case 'stall': return undefined;
    case 'half':
      take(body, CUT);
      q.socket.write(`HTTP/1.1 200 OK\r\nContent-Type: ${PROTOBUF}\r\nContent-Length: 100\r\n\r\nhalf`);
      return q.socket.end();
    case 'unavailable': return reply(503, { 'retry-after': '1' });
    case 'throttle': return reply(429);
    case 'partial': return reply(200, {}, takePart(body));
    default:
      take(body, TAKEN);
      return reply(200);
  }
}

const framed = (message) => {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
};

// google.rpc.Status with a RetryInfo of one second.
function retryInfo() {
  const field = (n, bytes) => Buffer.concat([Buffer.from([(n << 3) | 2, bytes.length]), bytes]);
  const any = Buffer.concat([field(1, Buffer.from('type.googleapis.com/google.rpc.RetryInfo')), field(2, field(1, Buffer.from([8, 1])))]);
  return Buffer.concat([Buffer.from([8, 8]), field(3, any)]).toString('base64');
}

function answerGrpc(stream, message) {
  const head = { ':status': 200, 'content-type': 'application/grpc' };
  const fail = (status, more = {}) => stream.respond({ ...head, 'grpc-status': status, ...more }, { endStream: true });
  const reply = (bytes) => {
    stream.respond(head, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(framed(bytes));
  };
  switch (way) {
    case 'stall': return undefined;
    case 'half':
      take(message, CUT);
      stream.respond(head);
      return stream.write(framed(Buffer.alloc(100)).subarray(0, 20), () => stream.session?.destroy());
    case 'unavailable': return fail('14');
    case 'exhausted': return fail('8', { 'grpc-status-details-bin': retryInfo() });
    case 'partial': return reply(takePart(message));
    default:
      take(message, TAKEN);
      return reply(Buffer.alloc(0));
  }
}

// ---- the server -----------------------------------------------------------------------------------------

// `asked`: of a request or stream, that gives its body; `cut` ends its connection.
function receive(asked, cut, answer) {
  const parts = [];
  const from = (asked.socket ?? asked.session.socket).remotePort;
  said.requests[way] = (said.requests[way] ?? 0) + 1;
  asked.on('data', (part) => {
    if (way === 'cut') {
      met = true;
      cut();
    }
    parts.push(part);
  });
  const deal = () => {
    if (way === 'cut' || leaving || asked.destroyed) return;
    if (way !== 'stall' && way !== 'half') answered.add(from);
    answer(Buffer.concat(parts));
    met = true;
  };
  asked.on('end', () => { if (late) setTimeout(deal, late); else deal(); });
  asked.on('error', () => {});
}

function makeServer() {
  if (!grpc) return http.createServer((q, a) => receive(q, () => q.socket.destroy(), (body) => answerHttp(q, a, body)));
  const s = http2.createServer();
  s.on('stream', (stream) => receive(stream, () => stream.session?.destroy(), (body) => answerGrpc(stream, body.subarray(5))));
  s.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  return s.on('sessionError', () => {});
}

let server;
const sockets = new Set();
const sessions = new Set();
const answered = new Set(); // connections, by their port
async function open() {
  server = makeServer();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  while (!await listening());
}

// While it refused somebody's connection may have got its port for its own end.
const listening = () => new Promise((done) => {
  const is = () => {
    server.off('error', isNot);
    done(true);
  };
  const isNot = () => {
    server.off('listening', is);
    setTimeout(done, 50, false);
  };
  server.once('listening', is).once('error', isNot).listen(port, '127.0.0.1');
});

// What was answered gets to where it should: who has it closes the connection. All else is cut.
async function close() {
  net.Server.prototype.close.call(server); // nobody is let in; the others' own close cuts who is
  leaving = true;
  const last = [...sockets].filter((s) => answered.has(s.remotePort));
  sockets.forEach((s) => { if (!last.includes(s)) s.destroy(); });
  const closed = last.map((s) => s.destroyed || new Promise((done) => { s.once('close', done); }));
  await Promise.race([Promise.all(closed), new Promise((done) => { setTimeout(done, LAST_ANSWER_MS); })]);
  leaving = false;
  sockets.forEach((s) => s.destroy());
  sessions.forEach((s) => s.destroy());
  answered.clear();
  server = undefined;
}

// What is under way ends with the way that it began in.
async function become(next) {
  if (server) await close();
  way = next;
  since = Date.now();
  met = way === 'refuse';
  if (way !== 'refuse') await open();
}

let changing = become('good');
let at = 0;
async function next() {
  if (goodForEver || !met || Date.now() - since < seconds * 1000) return;
  await become(way === 'good' ? ways[at++ % ways.length] : 'good');
  if (way === 'good') said.rounds = Math.floor(at / ways.length);
}
setInterval(() => { changing = changing.then(next); }, 50);

const control = http.createServer(async (q, a) => {
  if (q.url === '/good' && !goodForEver) {
    goodForEver = true;
    changing = changing.then(() => become('good'));
  }
  await changing;
  a.end(`${JSON.stringify({ way, ...said, missing: said.most + 1 - said.taken - said.rejected })}\n`);
}).listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${control.address().port}`));
