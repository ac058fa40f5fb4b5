// SPDX-License-Identifier: Apache-2.0
// node-service SDK: a service with a foreign SDK, ./sdk-opentelemetry.cjs or ./sdk-datadog.cjs.
//
//     GET /call?url=URL    asks there, with baggage, and hands the answer on
//     GET /...             prints which baggage came
const sdk = require(process.argv[2]);
const http = require('node:http');

const server = http.createServer((q, answer) => {
  const url = new URL(q.url, 'http://here').searchParams.get('url');
  if (!url) {
    console.log('baggage', JSON.stringify(sdk.baggage()));
    answer.end();
    return;
  }
  sdk.carry({ 'user.name': 'Ada Łovelace, the 1st', plan: 'gold' }, () => {
    http.request(url, { method: 'POST' }, (got) => { got.on('data', () => {}).on('end', () => answer.end(String(got.statusCode))); }).end();
  });
}).listen(0, '127.0.0.1', () => console.log(`at http://127.0.0.1:${server.address().port}`));
process.on('SIGTERM', () => sdk.end().finally(() => process.exit(0)));
