// SPDX-License-Identifier: Apache-2.0
// Jaeger's remote sampling by gRPC: a real server (grpc-js, protobufjs) says the strategy, and the service follows.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { join } from 'node:path';
import { promisify } from 'node:util';
import grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { becomes, build, collect } from './collecting.js';

const { root } = protobuf.parse(`
  syntax = "proto3";
  package jaeger.api_v2;
  message Share { double samplingRate = 1; }
  message Limit { int32 maxTracesPerSecond = 1; }
  message Operation { string operation = 1; Share probabilisticSampling = 2; }
  message Operations {
    double defaultSamplingProbability = 1;
    double defaultLowerBoundTracesPerSecond = 2;
    repeated Operation perOperationStrategies = 3;
    double defaultUpperBoundTracesPerSecond = 4;
  }
  message Answer { int32 strategyType = 1; Share probabilisticSampling = 2; Limit rateLimitingSampling = 3; Operations operationSampling = 4; }
  message Question { string serviceName = 1; }`);
const Answer = root.lookupType('jaeger.api_v2.Answer');
const Question = root.lookupType('jaeger.api_v2.Question');

let answer;
let questions = [];
let server;
let collector;
let service;

before(async () => {
  server = new grpc.Server();
  server.addService({
    GetSamplingStrategy: {
      path: '/jaeger.api_v2.SamplingManager/GetSamplingStrategy',
      requestStream: false,
      responseStream: false,
      requestDeserialize: (bytes) => Question.decode(bytes),
      requestSerialize: () => Buffer.alloc(0),
      responseSerialize: (v) => Buffer.from(Answer.encode(Answer.fromObject(v)).finish()),
      responseDeserialize: () => ({}),
    },
  }, {
    GetSamplingStrategy(call, done) {
      questions.push(call.request.serviceName);
      if (answer) done(null, answer);
      else done({ code: grpc.status.NOT_FOUND, details: 'nobody knows' });
    },
  });
  const port = await promisify(server.bindAsync.bind(server))('127.0.0.1:0', grpc.ServerCredentials.createInsecure());
  collector = await collect();
  service = spawn(join(build, 'oriel'), ['run', '--service-name', 'stock', '--', 'sleep', '60'], { cwd: collector.where, stdio: 'ignore',
    env: { ...collector.env, OTEL_TRACES_SAMPLER: 'parentbased_jaeger_remote',
      OTEL_TRACES_SAMPLER_ARG: `endpoint=http://127.0.0.1:${port},pollingIntervalMs=100,initialSamplingRate=0.5` } });
});
after(async () => {
  service.kill();
  if (service.exitCode === null && service.signalCode === null) await once(service, 'exit');
  await collector.end();
  server.forceShutdown();
});

const sampling = async () => (await collector.api('status')).processes[0]?.sampling;

describe('a strategy by gRPC', () => {
  test('the initial share holds while there is none', async () => {
    await becomes(async () => (await collector.counter('strategies_failed')) > 0);
    assert.equal(await sampling(), 0.5);
    assert.equal(questions[0], 'stock');
  });

  test('a share, a limit and shares by names hold when they are said', async () => {
    answer = { probabilisticSampling: { samplingRate: 0.25 } };
    await becomes(async () => (await sampling()) === 0.25);
    answer = { strategyType: 1, rateLimitingSampling: { maxTracesPerSecond: 5 } };
    await becomes(async () => (await sampling()) === 1);
    answer = { operationSampling: { defaultSamplingProbability: 0.125, defaultLowerBoundTracesPerSecond: 1,
      perOperationStrategies: [{ operation: 'GET /', probabilisticSampling: { samplingRate: 1 } }] } };
    await becomes(async () => (await sampling()) === 0.125);
  });

  test('what makes no sense changes nothing', async () => {
    const failed = await collector.counter('strategies_failed');
    answer = { probabilisticSampling: { samplingRate: 7 } };
    await becomes(async () => (await collector.counter('strategies_failed')) > failed + 1);
    assert.equal(await sampling(), 0.125);
  });
});
