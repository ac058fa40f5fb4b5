/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Oriel's bootstrap hook: a function of yours that runs before the program does.
 *
 *     #include <oriel-bootstrap.h>
 *
 *     int oriel_bootstrap(struct oriel_bootstrap *b)
 *     {
 *             b->set_default(b, "OTEL_SERVICE_NAME", "checkout");
 *             b->resource(b, "deployment.environment.name", "staging");
 *             return 0;
 *     }
 *
 *     cc -shared -fPIC -o oriel_bootstrap.so bootstrap.c
 *     oriel run --bootstrap ./oriel_bootstrap.so -- ./server
 *
 * It is for instrumentation: settings that must be computed, or another vendor's SDK that must start
 * first. What can be said in the environment is said there; anything else belongs in the program.
 * doc/bootstrap.md has the mechanism, doc/recipes/ has hooks that are ready.
 *
 * Where it is looked for; the first that is found is the one that runs:
 *
 *   1. ORIEL_BOOTSTRAP, or --bootstrap of `oriel run`: the path of a shared object with this function.
 *      (Of a script or a program: `oriel run` runs it and takes the NAME=VALUE lines that it prints;
 *      this header isn't needed then.) `none`: no hook at all.
 *   2. oriel_bootstrap.so in the directory of the program's executable. It must belong to the
 *      program's owner or to root, and nobody else may be able to write to it.
 *   3. A function oriel_bootstrap in the program itself, if it is exported: linked with -rdynamic, or
 *      with -loriel, which refers to it.
 *
 * Who runs it   the agent, so `oriel run` (or a program that is linked with -loriel-agent). liboriel
 *               alone does not: who calls oriel_start can call the function as well.
 * When          before the program's constructors, its first thread and its first socket. A shared
 *               object that `oriel run` knows of runs before the constructors of the libraries that
 *               the program is linked with, too; a function in the program runs after them.
 * How often     once in a process that executes the service, not again in forked children. One that
 *               is named by ORIEL_BOOTSTRAP is for the service alone: shells and launchers that stand
 *               before it (sh, env, timeout, ...) don't run it, nor do other programs that it starts.
 * The trial     before that, it runs once in a child of its own with ORIEL_PROBE=1 and b->probe set,
 *               standard descriptors on /dev/null, to see whether it does harm. The child is thrown
 *               away; what the hook did outside of it (files, connections) is not.
 * Failure       it returns something else than 0, can't be loaded, crashes, aborts, corrupts the
 *               heap, exits, takes longer than ORIEL_BOOTSTRAP_TIMEOUT (2 s), closes descriptors of
 *               the program's, or leaves another working directory, umask or signal mask behind, or
 *               a thread that crashes at once: then there is one warning of `oriel.bootstrap` on
 *               standard error, and the program starts without the hook, as if it had never been.
 *               ORIEL_STRICT=1: the program doesn't start (exit status 125).
 * Threads       called on the first thread, when there is no other but one of the agent's, which
 *               watches the time. It may start threads that stay; the start then takes 100 ms more.
 * Signals       its handlers stay, also for SIGSEGV and its like; while it runs these are watched.
 * fork          it may fork, and must wait for its children itself: after it nobody does.
 * Errors        return 0, or anything else for "didn't work": the number is in the warning. errno is
 *               kept for the program.
 * It may        allocate, open files and sockets and keep them, load libraries, register exit
 *               handlers, use oriel.h (recording begins after it: calls before do nothing).
 * It may not    use objects that constructors of the program make: they are not made yet. Keep `b` or
 *               what b->get returned. Print: standard output is the program's; b->log is for that.
 *
 * A function of `b` may be called while the hook runs, on any thread but by one at a time; not in
 * signal handlers. They return 0, or an errno value: EINVAL for what makes no sense, ENOMEM, EBUSY
 * after the hook has returned. Strings are copied. They end in NUL; NULL is EINVAL.
 */
#ifndef ORIEL_BOOTSTRAP_H
#define ORIEL_BOOTSTRAP_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ORIEL_BOOTSTRAP_VERSION 1

/* For `exporter`; they may be or-ed. */
enum oriel_bootstrap_signal {
	ORIEL_BOOTSTRAP_TRACES = 1,
	ORIEL_BOOTSTRAP_METRICS = 2,
	ORIEL_BOOTSTRAP_LOGS = 4,
	ORIEL_BOOTSTRAP_ALL = 7,
};

/* Severities for `log`, numbered as OpenTelemetry's. */
enum oriel_bootstrap_severity {
	ORIEL_BOOTSTRAP_DEBUG = 5,
	ORIEL_BOOTSTRAP_INFO = 9,
	ORIEL_BOOTSTRAP_WARN = 13,
	ORIEL_BOOTSTRAP_ERROR = 17,
};

/*
 * What the hook is given. Members are only ever added, at the end, and `version` counts that; a hook
 * that is built against a newer header asks ORIEL_BOOTSTRAP_HAS(b, member) before it uses one.
 */
struct oriel_bootstrap {
	size_t size;	     /* of this struct, as the agent knows it */
	unsigned version;    /* ORIEL_BOOTSTRAP_VERSION, as the agent knows it */
	int probe;	     /* not 0: the trial; do nothing that must happen once only */
	const char *program; /* path of the program's executable */
	const char *source;  /* where the hook was found: a path, or "the program" */
	unsigned timeout_ms; /* how long it may take */

	/*
	 * Settings: any OTEL_*, ORIEL_*, LOG_*, SENTRY_* or DD_* variable, before anything reads it; the
	 * program and its children find it in their environment. `set` wins over the environment,
	 * `set_default` doesn't; a value of NULL with `set` removes it. What `oriel run` itself has read
	 * by then comes too late here (ORIEL_LISTEN, ORIEL_STORE, ..: "the collector" and "Oriel itself"
	 * in `oriel help run`); a script can set those.
	 */
	int (*set)(struct oriel_bootstrap *b, const char *name, const char *value);
	int (*set_default)(struct oriel_bootstrap *b, const char *name, const char *value);

	/*
	 * The value now; NULL when unset or empty, or only `oriel run`'s own intake, which it tells to children.
	 * Borrowed until the next call.
	 */
	const char *(*get)(struct oriel_bootstrap *b, const char *name);

	/* A resource attribute: one of OTEL_RESOURCE_ATTRIBUTES, in place of one with this key. */
	int (*resource)(struct oriel_bootstrap *b, const char *key, const char *value);

	/* The propagators, in their order: "tracecontext,baggage" (OTEL_PROPAGATORS). */
	int (*propagators)(struct oriel_bootstrap *b, const char *list);

	/* One more destination of these signals, by its name in OTEL_*_EXPORTER: "otlp", "console". */
	int (*exporter)(struct oriel_bootstrap *b, unsigned signals, const char *name);

	/*
	 * One more redaction rule: a line of ORIEL_REDACT, such as "card.pin=drop" (NAME=mask, drop, hash
	 * or keep). It holds for all that this process records.
	 */
	int (*redact)(struct oriel_bootstrap *b, const char *rule);

	/*
	 * A log record, written once recording has begun (in the trial: nowhere). All of a hook's
	 * messages together may be 4 KiB; what is more is left out, and that is told.
	 */
	int (*log)(struct oriel_bootstrap *b, int severity, const char *message);
};

#define ORIEL_BOOTSTRAP_HAS(b, member) \
	((b)->size >= offsetof(struct oriel_bootstrap, member) + sizeof((b)->member))

/* The hook: yours to define. */
__attribute__((visibility("default"))) int oriel_bootstrap(struct oriel_bootstrap *b);

#ifdef __cplusplus
}
#endif

#endif
