/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bootstrap: finds the hook of include/oriel-bootstrap.h, tries it in a child (agent/bootstrap/probe.h), runs it
 * guarded (agent/bootstrap/guard.h), and says so. doc/bootstrap.md draws how these hang together.
 *
 * Two moments. bootstrap_first, before the constructors of all libraries, is for hooks that are
 * shared objects and so bring along what they need; liboriel-first.so calls it, where the launcher
 * has loaded that. bootstrap_run, in the agent's own constructor, is for what is left: a function in
 * the program may call libraries of the program's, and those are ready only then.
 *
 * Home manners in one thing: under ORIEL_STRICT a failed hook ends the process (125), as asked.
 */
#pragma once

/* Exported for liboriel-first.so: the arguments of its constructor. */
__attribute__((visibility("default"))) void oriel_bootstrap_first(int argc, char **argv,
								  char **envp);

/* Once, before anything reads a setting. Does nothing if bootstrap_first has found a hook. */
void bootstrap_run(void);

/* A log record of how it went, and the hook's own messages; once recording has begun. */
void bootstrap_record(void);
