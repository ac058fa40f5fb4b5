/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/environment.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/out.h"
#include "base/preload.h"
#include "base/scoped.h"
#include "launch/place.h"
#include "launch/variables.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

static const struct str our_names[] = { STR("liboriel-agent.so"), STR("liboriel-audit.so"),
					STR("liboriel-first.so") };

void environment_new_run(char run[RUN_ID_ROOM])
{
	uint64_t bits;

	/* Early at boot there may be no randomness yet; a run id only has to differ from others. */
	if (getrandom(&bits, sizeof(bits), GRND_NONBLOCK) != sizeof(bits))
		bits = clock_real_ns() * 0x9e3779b97f4a7c15u ^ (uint64_t)getpid() << 32;
	hex_write(run, &bits, sizeof(bits));
	run[16] = '\0';
}

static bool is_ours(struct str path)
{
	for (size_t i = 0; i < sizeof(our_names) / sizeof(our_names[0]); i++)
		if (str_ends(path, our_names[i]))
			return true;
	return false;
}

static void add_entry(struct out *o, struct str entry)
{
	if (o->n)
		out_char(o, ':');
	out_str(o, entry);
}

static void add_others(struct out *o, const char *preload)
{
	struct str list = str_of(preload);
	struct str entry;

	while ((entry = preload_next(&list)).n)
		if (!is_ours(entry))
			add_entry(o, entry);
}

char *environment_without_agent(const char *preload)
{
	struct out o = { 0 };

	add_others(&o, preload);
	if (!o.n) {
		out_fini(&o);
		return NULL;
	}
	out_char(&o, '\0');
	return o.error ? NULL : o.p;
}

static int set_preload(const struct verdict *v, const char *agent)
{
	struct out o = { 0 };
	int r;

	if (v->asan.n)
		add_entry(&o, v->asan);
	add_entry(&o, str_of(agent));
	add_others(&o, getenv("LD_PRELOAD"));
	out_char(&o, '\0');
	r = o.error ? ERR(o.error) : setenv("LD_PRELOAD", o.p, 1) < 0 ? ERR(-errno) : 0;
	out_fini(&o);
	return r;
}

/*
 * A shell may start a program that is built with AddressSanitizer, which refuses to run when
 * anything was loaded before its runtime. Telling it not to mind changes nothing for others.
 */
static int soothe_asan(void)
{
	static const char calm[] = "verify_asan_link_order=0";
	const char *there = getenv("ASAN_OPTIONS");
	char text[4096];

	if (there && strstr(there, "verify_asan_link_order"))
		return 0;
	if (snprintf(text, sizeof(text), "%s%s%s", calm, there && there[0] ? ":" : "",
		     there ? there : "") >= (int)sizeof(text))
		return 0;
	return setenv("ASAN_OPTIONS", text, 1) < 0 ? ERR(-errno) : 0;
}

/* Before 2.35 glibc didn't audit what is bound at once, and slowed every call of what is bound later. */
static bool audits_well(void)
{
#ifdef __GLIBC__
	unsigned major = 0, minor = 0;

	return sscanf(gnu_get_libc_version(), "%u.%u", &major, &minor) == 2 &&
	       (major > 2 || minor >= 35);
#else
	return false;
#endif
}

/*
 * With LD_AUDIT, glibc gives out thread-local storage before the program's libraries are loaded: they
 * must do with what is meant for dlopen (1.6 KiB), or the program does not start.
 */
enum { STATIC_TLS_MOST = 256 };

/* Entries that aren't ours: nobody has looked at what they need. */
static bool preloads_others(void)
{
	struct str list = str_of(getenv("LD_PRELOAD"));
	struct str entry;

	while ((entry = preload_next(&list)).n)
		if (!is_ours(entry))
			return true;
	return false;
}

static const char *no_audit(const struct verdict *v)
{
	struct str wanted = str_of(getenv("ORIEL_AUDIT"));
	const char *taken = getenv("LD_AUDIT");

	if (str_eq_nocase(wanted, STR("no")) || str_eq_nocase(wanted, STR("off")) ||
	    str_eq_nocase(wanted, STR("false")) || str_eq(wanted, STR("0")))
		return "switched off (ORIEL_AUDIT)";
	if (taken && !preload_has(str_of(taken), STR("liboriel-audit.so")))
		return "LD_AUDIT is taken";
	if (v->asan.n)
		return "doesn't go with AddressSanitizer";
	if (!audits_well())
		return "needs glibc 2.35";
	if (variable_is_true("ORIEL_AUDIT") || str_eq_nocase(wanted, STR("yes")))
		return NULL;
	if (v->hands_over)
		return "only in the program that is named here, and not in what that starts";
	if (preloads_others())
		return "other libraries are preloaded";
	if (v->static_tls > STATIC_TLS_MOST)
		return "its libraries need much thread-local storage";
	return NULL;
}

const char *environment_no_audit(const struct verdict *v, const char *agent, char *path)
{
	const char *slash = strrchr(agent, '/'), *why = no_audit(v);
	struct out o = { .limit = PLACE_ROOM };

	out_bytes(&o, agent, slash ? (size_t)(slash - agent) : 0);
	out_str(&o, STR("/liboriel-audit.so"));
	out_char(&o, '\0');
	if (!why && (o.error || access(o.p, R_OK) < 0 ||
		     !preload_is(str_of(agent), STR("liboriel-agent.so"))))
		why = "liboriel-audit.so isn't beside the agent";
	if (!why)
		memcpy(path, o.p, o.n);
	out_fini(&o);
	return why;
}

static int set_audit(const struct verdict *v, const char *agent)
{
	char path[PLACE_ROOM];

	if (environment_no_audit(v, agent, path))
		return 0;
	return setenv("LD_AUDIT", path, 1) < 0 ? ERR(-errno) : 0;
}

int environment_set(const struct verdict *v, const char *agent, const char *run)
{
	int r;

	if (setenv("ORIEL_RUN_ID", run, 1) < 0)
		return ERR(-errno);
	if (!agent || !v->preload)
		return 0;
	r = set_audit(v, agent);
	if (r == 0)
		r = set_preload(v, agent);
	if (r == 0 && v->hands_over)
		r = soothe_asan();
	return TRACE(r);
}

/* OTEL_EXPORTER_OTLP_ENDPOINT or _PROTOCOL, or such a variable of one signal. */
static bool says_otlp(const char *variable)
{
	struct str name = str_cut(str_of(variable), '=').head;

	return str_starts(name, STR("OTEL_EXPORTER_OTLP_")) && strlen(variable) > name.n + 1 &&
	       (str_ends(name, STR("ENDPOINT")) || str_ends(name, STR("PROTOCOL")));
}

/* Of a run around this one, unless somebody has named another since. */
static bool is_ours_already(void)
{
	struct str mark = str_of(variable_get("ORIEL_ENDPOINT_IS_OURS"));

	return mark.n && str_eq(mark, str_of(getenv("OTEL_EXPORTER_OTLP_ENDPOINT")));
}

/* --spotlight, as a switch; an address that somebody gave stays. */
static int set_spotlight(const char *intake, const char *run)
{
	struct str asked = str_of(variable_get("SENTRY_SPOTLIGHT"));
	char url[256];

	if (!str_eq_nocase(asked, STR("true")) && !str_eq(asked, STR("1")))
		return 0;
	if (snprintf(url, sizeof(url), "http://%s/run/%s/stream", intake, run) >= (int)sizeof(url))
		return 0;
	return setenv("SENTRY_SPOTLIGHT", url, 1) < 0 ? ERR(-errno) : 0;
}

int environment_set_intake(const char *intake, const char *run)
{
	char url[256];
	int r = set_spotlight(intake, run);

	if (r)
		return TRACE(r);
	if (!is_ours_already())
		for (char **v = environ; v && *v; v++)
			if (says_otlp(*v))
				return 0;
	if (snprintf(url, sizeof(url), "http://%s/run/%s", intake, run) >= (int)sizeof(url))
		return 0;
	if (setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url, 1) < 0 ||
	    setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", 1) < 0 ||
	    setenv("ORIEL_ENDPOINT_IS_OURS", url, 1) < 0)
		return ERR(-errno);
	return 0;
}
