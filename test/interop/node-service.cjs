// SPDX-License-Identifier: Apache-2.0
// A service with OpenTelemetry's own SDK, which finds all its settings in the environment.
//
//     GET /call?url=URL    asks there, with baggage, and hands the answer on
//     GET /...             prints which baggage came
const { randomBytes } = require('node:crypto');
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { CompositePropagator, W3CBaggagePropagator } = require('@opentelemetry/core');
const { context, propagation } = require('@opentelemetry/api');
const { AWSXRayPropagator } = require('@opentelemetry/propagator-aws-xray');
const { OTTracePropagator } = require('@opentelemetry/propagator-ot-trace');

// Those that the SDK doesn't know by name.
const own = { xray: AWSXRayPropagator, ottrace: OTTracePropagator }[process.env.OTEL_PROPAGATORS.split(',')[0]];
// ottrace carries 64 bits of a trace's id, so only ids that have no more come through it.
const random = (n) => randomBytes(n).toString('hex');
const short = { generateTraceId: () => `${'0'.repeat(16)}${random(8)}`, generateSpanId: () => random(8) };
const sdk = new NodeSDK({
  idGenerator: own === OTTracePropagator ? short : undefined,
  instrumentations: [new HttpInstrumentation()],
  textMapPropagator: own && new CompositePropagator({ propagators: [new own(), new W3CBaggagePropagator()] }),
});
sdk.start();

const http = require('node:http');
const server = http.createServer((q, answer) => {
  const url = new URL(q.url, 'http://here').searchParams.get('url');
  const baggage = propagation.getActiveBaggage();
  if (!url) {
    console.log('baggage', JSON.stringify(Object.fromEntries((baggage?.getAllEntries() ?? []).map(([k, v]) => [k, v.value]))));
    answer.end();
    return;
  }
  const carried = propagation.createBaggage({ 'user.name': { value: 'Ada Łovelace, the 1st' }, plan: { value: 'gold' } });
  context.with(propagation.setBaggage(context.active(), carried), () => {
    http.request(url, { method: 'POST' }, (got) => { got.on('data', () => {}).on('end', () => answer.end(String(got.statusCode))); }).end();
  });
}).listen(0, '127.0.0.1', () => console.log(`at http://127.0.0.1:${server.address().port}`));
process.on('SIGTERM', () => sdk.shutdown().finally(() => process.exit(0)));
