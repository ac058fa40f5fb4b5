/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bootstrap/bootstrap.h"
#include "agent/bootstrap/early.h"
#include "agent/bootstrap/guard.h"
#include "agent/bootstrap/heap.h"
#include "agent/bootstrap/posture.h"
#include "agent/bootstrap/probe.h"
#include "agent/bootstrap/settings.h"
#include "base/handover.h"
#include "base/hook.h"
#include "base/notice.h"
#include "base/path.h"

#include "lib/watcher.h"
#include "oriel.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	IDENTITY_ROOM = 48,
	REFUSED = 125,
};

typedef int hook_function(struct oriel_bootstrap *b);

static struct {
	bool found, recorded;
	bool named;		      /* by ORIEL_BOOTSTRAP */
	char program[HOOK_PATH_ROOM]; /* the executable */
	char path[HOOK_PATH_ROOM];    /* of the shared object; empty: in the program */
	hook_function *function;
	unsigned timeout_ms;
	struct outcome outcome;
	uint64_t took_ns; /* the hook itself, not the probe */
} boot;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static const char *source(void)
{
	return boot.path[0] ? boot.path : "the program";
}

/* ---- calling it --------------------------------------------------------------------------------- */

/* dlerror begins with the path, which is told anyway. */
static void cannot_load(struct outcome *o, const char *why)
{
	size_t n = strlen(boot.path);

	o->kind = OUTCOME_UNLOADABLE;
	if (why && strncmp(why, boot.path, n) == 0 && strncmp(why + n, ": ", 2) == 0)
		why += n + 2;
	snprintf(o->text, sizeof(o->text), "%s", why ? why : "no reason given");
}

static hook_function *load(struct outcome *o)
{
	void *object, *function;

	if (!boot.path[0])
		return boot.function;
	object = dlopen(boot.path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!object) {
		cannot_load(o, dlerror());
		return NULL;
	}
	function = dlsym(object, HOOK_FUNCTION);
	if (!function)
		o->kind = OUTCOME_NO_FUNCTION;
	return (hook_function *)(uintptr_t)function;
}

static void call(bool probe, struct outcome *o)
{
	hook_function *function = load(o);
	int r;

	if (!function)
		return;
	r = function(settings_open(probe, boot.program, source(), boot.timeout_ms));
	settings_close();
	o->kind = r ? OUTCOME_RETURNED : OUTCOME_FIRED;
	o->detail = r;
}

static void call_in_probe(struct outcome *o)
{
	call(true, o);
}

/* What went wrong only now could be anywhere in this process: begin it anew. */
static void call_guarded(struct outcome *o)
{
	struct posture before;
	bool guarded = guard_begin(boot.timeout_ms), known;
	struct heap_row heap;

	posture_take(&before);
	known = heap_find(&heap);
	call(false, o);
	if (o->kind == OUTCOME_FIRED && posture_holds(&before, o) && known &&
	    !heap_is_in_order(&heap))
		*o = (struct outcome){ .kind = OUTCOME_HEAP };
	if (guarded && o->kind != OUTCOME_FIRED)
		guard_fail(o);
	if (guarded)
		guard_end();
}

/* ---- saying how it went ------------------------------------------------------------------------- */

static bool is_true(const char *name)
{
	struct str v = str_of(getenv(name));

	return str_eq_nocase(v, STR("true")) || str_eq(v, STR("1"));
}

/* Children, which would find it named still, don't try it again. */
static void failed(void)
{
	bool strict = is_true("ORIEL_STRICT") && !getenv(HOOK_VERIFY_VARIABLE);
	char says[400], line[HOOK_PATH_ROOM + 500];

	outcome_says(&boot.outcome, says, sizeof(says));
	snprintf(line, sizeof(line), "%s %s; %s", boot.path[0] ? boot.path : "oriel_bootstrap()",
		 says, strict ? "not starting" : "starting without it");
	notice_warn(HOOK_LOGGER, line);
	if (strict)
		_exit(REFUSED);
	if (boot.named)
		setenv(HOOK_VARIABLE, "none", 1);
}

/* The answer for `oriel doctor`, which started the program for this alone. */
static void verify_and_end(void)
{
	const char *to = getenv(HOOK_VERIFY_VARIABLE);
	char text[HOOK_PATH_ROOM + 500], says[400];
	uint64_t fd;
	int n;

	if (!to || !str_to_u64(str_of(to), &fd) || fd > 1023)
		return;
	outcome_says(&boot.outcome, says, sizeof(says));
	if (boot.outcome.kind == OUTCOME_FIRED)
		n = snprintf(text, sizeof(text), "fired\n%s\n%llu\n%u\n", source(),
			     (unsigned long long)boot.took_ns, settings_count());
	else
		n = snprintf(text, sizeof(text), "%s\n%s\n%s\n", boot.found ? "failed" : "none",
			     source(), says);
	_exit(write((int)fd, text, (size_t)n) == n ? 0 : 1);
}

void bootstrap_record(void)
{
	static struct oriel_site here;
	char says[400];

	if (!boot.found || boot.recorded || !oriel_recording())
		return;
	boot.recorded = true;
	outcome_says(&boot.outcome, says, sizeof(says));
	oriel_log_at(
		&here,
		WHAT_OF(SCOPE_AGENT, boot.outcome.kind == OUTCOME_FIRED ? ORIEL_INFO : ORIEL_WARN),
		"bootstrap", sizeof("bootstrap") - 1,
		ORIEL_WITH(oriel_str("logger", HOOK_LOGGER),
			   oriel_str("oriel.bootstrap.source", source()),
			   oriel_str("oriel.bootstrap.outcome", says),
			   oriel_f64("oriel.bootstrap.duration_ms", (double)boot.took_ns / 1e6),
			   oriel_int("oriel.bootstrap.settings", settings_count())));
	settings_record_messages();
}

/* ---- finding it --------------------------------------------------------------------------------- */

/* Which file is executed here; the same path may be another one after an upgrade. */
static bool identity(char to[IDENTITY_ROOM])
{
	struct stat st;

	if (stat("/proc/self/exe", &st) < 0)
		return false;
	snprintf(to, IDENTITY_ROOM, "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	return true;
}

/* A named hook is for the service: not for what starts it, nor for what it starts. */
static bool is_for_this_program(void)
{
	const char *in = getenv(HOOK_IN_VARIABLE);
	char here[IDENTITY_ROOM];

	if (handover_is(path_name(str_of(boot.program))))
		return false;
	return !in || (identity(here) && strcmp(in, here) == 0);
}

/* Without a slash dlopen would look elsewhere. */
static void find_named(const char *name)
{
	boot.named = true;
	boot.found = is_for_this_program();
	snprintf(boot.path, sizeof(boot.path), "%s%s", strchr(name, '/') ? "" : "./", name);
}

static void find_beside(void)
{
	enum hook_beside beside = hook_beside(boot.path, str_of(boot.program));

	boot.found = beside != HOOK_NONE;
	if (!boot.found)
		boot.path[0] = '\0';
	if (boot.found && beside != HOOK_TRUSTED) {
		boot.outcome.kind = OUTCOME_UNTRUSTED;
		snprintf(boot.outcome.text, sizeof(boot.outcome.text), "%s",
			 hook_beside_text(beside));
	}
}

static void find_inside(void)
{
	void *p = dlsym(RTLD_DEFAULT, HOOK_FUNCTION);

	if (!p)
		dlerror(); /* not for the program to find */
	boot.function = (hook_function *)(uintptr_t)p;
	boot.found = p != NULL;
}

/* `only_objects`: a function in the program is for later. */
static void find(bool only_objects)
{
	const char *named = getenv(HOOK_VARIABLE);
	ssize_t n = readlink("/proc/self/exe", boot.program, sizeof(boot.program) - 1);

	boot.program[n > 0 ? n : 0] = '\0';
	if (named && hook_is_off(str_of(named)))
		return;
	if (named && named[0]) {
		find_named(named);
		return;
	}
	find_beside();
	if (!boot.found && !only_objects)
		find_inside();
}

/* ---- running it --------------------------------------------------------------------------------- */

/* Is this the image that follows a failure? Then the hook has had its chance. */
static bool has_failed_before(void)
{
	const char *said = getenv(HOOK_FAILED_VARIABLE);
	char name[OUTCOME_NAME];
	bool ours = said && outcome_read(&boot.outcome, getpid(), name, said);

	if (ours)
		prctl(PR_SET_NAME, name);
	if (said)
		unsetenv(HOOK_FAILED_VARIABLE);
	return ours;
}

static void run(void)
{
	const struct probe probe = { .call = call_in_probe, .timeout_ms = boot.timeout_ms };
	char here[IDENTITY_ROOM];
	uint64_t begin;

	boot.outcome = (struct outcome){ .kind = OUTCOME_FIRED };
	if (probe_run(&probe, &boot.outcome) && boot.outcome.kind != OUTCOME_FIRED)
		return;
	begin = now_ns();
	call_guarded(&boot.outcome);
	boot.took_ns = now_ns() - begin;
	if (boot.outcome.kind == OUTCOME_FIRED && boot.named && identity(here))
		setenv(HOOK_IN_VARIABLE, here, 1);
}

static void begin(bool only_objects)
{
	int kept = errno;

	if (boot.found || getauxval(AT_SECURE)) /* its environment is not its own */
		return;
	find(only_objects);
	if (boot.found) {
		boot.timeout_ms = hook_timeout_ms(str_of(getenv(HOOK_TIMEOUT_VARIABLE)), NULL);
		if (!has_failed_before() && boot.outcome.kind == OUTCOME_NONE)
			run();
		if (boot.outcome.kind != OUTCOME_FIRED)
			failed();
	}
	if (boot.found || !only_objects)
		verify_and_end();
	errno = kept;
}

void bootstrap_run(void)
{
	begin(false);
}

void oriel_bootstrap_first(int argc, char **argv, char **envp)
{
	if (early_libc(argc, argv, envp))
		begin(true);
}
