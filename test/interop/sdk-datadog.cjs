// SPDX-License-Identifier: Apache-2.0
// Datadog's SDK as a service uses it. It reads and writes Datadog's headers and nothing else, makes ids of
// 128 bits, and hands its spans to OTLP, so that they stand on the page beside ours.
process.env.OTEL_TRACES_EXPORTER = 'otlp';
const tracer = require('dd-trace').init({
  tracePropagationStyle: ['datadog', 'baggage'], telemetry: { enabled: false }, remoteConfig: { enabled: false },
  startupLogs: false, flushInterval: 100,
});

exports.baggage = () => tracer.getAllBaggageItems();
exports.carry = (items, call) => {
  Object.entries(items).forEach(([k, value]) => tracer.setBaggageItem(k, value));
  call();
};
exports.end = async () => {};
