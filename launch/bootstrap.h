/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bootstrap, the launcher's part: which hook a program would run, the hook that is a script, and a try
 * for `oriel doctor`. The hook that is a shared object or a function is the agent's to run
 * (agent/bootstrap/bootstrap.h); include/oriel-bootstrap.h is the contract with those who write one.
 *
 *     r = bootstrap_run_script();               before anything reads a setting
 *     bootstrap_find(&b, &program, BOOTSTRAP_QUICK);
 *     if (bootstrap_is_object(&b))
 *             r = bootstrap_preload(agent);     after environment_set
 *
 * Works on this process's own environment, right before it execs.
 */
#pragma once

#include "base/hook.h"
#include "launch/verdict.h"

enum bootstrap_kind {
	BOOTSTRAP_NONE,
	BOOTSTRAP_OFF,	    /* ORIEL_BOOTSTRAP=none */
	BOOTSTRAP_SCRIPT,   /* named; a script or a program */
	BOOTSTRAP_OBJECT,   /* named; to be loaded. Or it isn't there, which the agent will find */
	BOOTSTRAP_BESIDE,   /* beside the program */
	BOOTSTRAP_REFUSED,  /* beside the program, and not to be trusted: `why` */
	BOOTSTRAP_FUNCTION, /* in the program; thorough only */
	BOOTSTRAP_HIDDEN,   /* in the program, but not exported; thorough only */
};

struct bootstrap {
	enum bootstrap_kind kind;
	char path[HOOK_PATH_ROOM];
	const char *why;
};

enum bootstrap_care {
	BOOTSTRAP_QUICK,
	BOOTSTRAP_THOROUGH, /* looks for a function in the program as well */
};

void bootstrap_find(struct bootstrap *b, const struct program *p, enum bootstrap_care care);

static inline bool bootstrap_is_object(const struct bootstrap *b)
{
	return b->kind == BOOTSTRAP_OBJECT || b->kind == BOOTSTRAP_BESIDE;
}

/*
 * If ORIEL_BOOTSTRAP names a script or a program: run it, with a deadline, and set what it prints; it is
 * `none` from then on. It succeeds or fails as a whole: exit status 0, and nothing printed but settings,
 * empty lines and comments. Otherwise nothing is set, and one line on standard error says why.
 * 0; BOOTSTRAP_FAILED; or a negative errno. *n_set (may be NULL): how many were set.
 */
enum { BOOTSTRAP_FAILED = 1 };
int bootstrap_run_script(unsigned *n_set);

/* The settings in what it printed: calls `set` for each; false, with *bad, at a line that is none. */
bool bootstrap_parse(struct str text, bool (*set)(void *you, struct str name, struct str value),
		     void *you, struct str *bad);

/* Have the object that runs first loaded beside the agent; nothing if it isn't installed. */
int bootstrap_preload(const char *agent);

/* Its warning line, for what the launcher finds wrong. */
void bootstrap_warn(const char *path, const char *says);

/*
 * Start the program with the agent, up to where its hook has run, and no further: none of its own
 * code runs, but the constructors of its libraries do if the hook is a function. What the agent said
 * goes to `out`. BOOTSTRAP_FAILED: it said nothing.
 */
struct bootstrap_trial {
	bool found, fired;
	unsigned long long took_ns;
	unsigned n_set;
	char says[400]; /* why it didn't fire */
};
int bootstrap_try(struct bootstrap_trial *out, const struct bootstrap *b, const struct verdict *v,
		  const char *agent, char *const *argv);
