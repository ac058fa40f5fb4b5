// SPDX-License-Identifier: Apache-2.0
// OpenTelemetry's SDK as a service uses it; its settings are in the environment.
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

exports.baggage = () => Object.fromEntries((propagation.getActiveBaggage()?.getAllEntries() ?? []).map(([k, v]) => [k, v.value]));
exports.carry = (items, call) => {
  const carried = propagation.createBaggage(Object.fromEntries(Object.entries(items).map(([k, value]) => [k, { value }])));
  context.with(propagation.setBaggage(context.active(), carried), call);
};
exports.end = () => sdk.shutdown();
