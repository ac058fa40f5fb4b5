/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Environment: what a program that is started under `oriel run` finds in its environment.
 *
 *     environment_new_run(run);                     16 hex digits, random
 *     r = environment_set(&verdict, agent, run);    LD_PRELOAD, LD_AUDIT, ORIEL_RUN_ID, ...
 *
 * Changes this process's own environment, right before it execs. An LD_PRELOAD that is there stays,
 * after ours. Variables that were given as options are set when they are parsed. TRACEPARENT and
 * everything else is left as it is.
 */
#pragma once

#include "launch/verdict.h"

enum { RUN_ID_ROOM = 17 };

void environment_new_run(char run[RUN_ID_ROOM]);

/* `agent` may be NULL; then, as with a verdict that forbids it, nothing is preloaded. */
int environment_set(const struct verdict *v, const char *agent, const char *run);

/*
 * Where SDKs of other languages in the program send to: a collector's intake (HOST:PORT), as part of this
 * run. Nothing is changed if anybody has said where OTLP goes, or how; what was said for a run around this
 * one is. Marked (ORIEL_ENDPOINT_IS_OURS), so that it never makes an exporter of ours.
 */
int environment_set_intake(const char *intake, const char *run);

/*
 * Why LD_AUDIT is not set, a phrase; NULL: it is, to `path` (PLACE_ROOM bytes). What the program opens
 * with RTLD_DEEPBIND, or calls by a pointer from dlsym, is seen only with it. Not every program starts
 * with it: it is for the program that was looked at, and the agent keeps it from what that starts.
 */
const char *environment_no_audit(const struct verdict *v, const char *agent, char *path);

/* LD_PRELOAD (or LD_AUDIT) without what is ours, for our own helpers; NULL: nothing is left. Freed by the caller. */
char *environment_without_agent(const char *preload);
