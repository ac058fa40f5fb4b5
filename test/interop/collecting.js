// SPDX-License-Identifier: Apache-2.0
// A collector of a test's own, in the foreground.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const build = resolve(process.env.ORIEL_BUILD ?? '../../build');

// Asks until it is true; fails when that takes too long.
export async function becomes(condition) {
  const until = Date.now() + 20000;
  while (!(await condition())) {
    assert.ok(Date.now() < until, 'it did not happen');
    await new Promise((go) => { setTimeout(go, 50); });
  }
}

export async function collect(...settings) {
  const where = mkdtempSync(join(tmpdir(), 'oriel-intake-'));
  const runDir = mkdtempSync('/dev/shm/oriel-intake-');
  const env = { PATH: process.env.PATH, HOME: where, ORIEL_RUN_DIR: runDir, ORIEL_DATA_DIR: join(where, 'data'), ORIEL_LISTEN: '127.0.0.1:0',
    ORIEL_OTLP_LISTEN: '127.0.0.1:0', ORIEL_OTLP_GRPC_LISTEN: '127.0.0.1:0' };
  const child = spawn(join(build, 'oriel'), ['collect'], { cwd: where, env: Object.assign({}, env, ...settings), stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (d) => { said += d; });
  await becomes(() => /collecting pid=/.test(said) || child.exitCode !== null);
  const [, page, http, grpc] = /page=(http:\S+) otlp=(\S+) grpc=(\S+)/.exec(said) ?? assert.fail(said);
  const api = async (path) => (await fetch(`${page}/api/${path}`)).json();
  return {
    where, env, page, http, grpc, api,
    counter: async (name) => (await api('status')).counters.find((c) => c.name === name).value,
    async end() {
      child.kill();
      if (child.exitCode === null) await once(child, 'exit');
      rmSync(where, { recursive: true, force: true });
      rmSync(runDir, { recursive: true, force: true });
    },
  };
}
