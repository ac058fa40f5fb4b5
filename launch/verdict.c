/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/verdict.h"
#include "base/handover.h"
#include "launch/watched.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct watched {
	struct str soname;
	const char *name, *symbol, *sees;
};

static const struct watched watched[] = {
#define X(soname, name, symbol, sees) { STR(soname), name, symbol, sees },
	WATCHED(X)
#undef X
};

enum { N_WATCHED = sizeof(watched) / sizeof(watched[0]) };

__attribute__((format(printf, 4, 5))) static struct finding *add(struct verdict *v,
								 enum finding_grade grade,
								 const char *topic, const char *fmt,
								 ...)
{
	struct finding *f = &v->finding[v->n_findings];
	va_list list;

	if (v->n_findings == sizeof(v->finding) / sizeof(v->finding[0]))
		return NULL;
	v->n_findings++;
	f->grade = grade;
	f->topic = topic;
	va_start(list, fmt);
	vsnprintf(f->says, sizeof(f->says), fmt, list);
	va_end(list);
	return f;
}

/* ---- reasons why nothing can be loaded; in the order in which they are told ------------------- */

static bool no_interpreter(const struct program *p)
{
	return p->no_interpreter;
}

static bool unreadable(const struct program *p)
{
	return !p->readable && !p->no_interpreter;
}

static bool broken(const struct program *p)
{
	return p->readable && !p->is_elf && !p->no_interpreter;
}

static bool other_size(const struct program *p)
{
	return p->is_elf && !p->elf.native && p->elf.bits != (int)sizeof(void *) * 8;
}

static bool other_machine(const struct program *p)
{
	return p->is_elf && !p->elf.native && !other_size(p);
}

static bool loads_nothing(const struct program *p)
{
	return p->loads_nothing;
}

static bool is_static(const struct program *p)
{
	return p->is_static;
}

static bool on_musl(const struct program *p)
{
	return p->libc == LIBC_MUSL;
}

static bool on_other_libc(const struct program *p)
{
	return p->libc == LIBC_OTHER;
}

static bool other_user(const struct program *p)
{
	return p->other_user;
}

static bool has_capabilities(const struct program *p)
{
	return p->capabilities;
}

static bool is_narrow(const struct program *p)
{
	return p->narrow;
}

static const struct reason {
	const char *topic;
	bool (*holds)(const struct program *p);
	const char *says;
} reasons[] = {
	{ "interpreter", no_interpreter, "needs an interpreter that isn't there" },
	{ "unreadable", unreadable,
	  "can't be read, so nobody knows whether the agent fits; make it readable to watch it" },
	{ "not ELF", broken, "is an ELF file that makes no sense" },
	{ "32-bit", other_size, "is a program of another word size than the agent (64-bit)" },
	{ "other machine", other_machine, "is for another kind of machine" },
	{ "dynamic linker", loads_nothing,
	  "is the dynamic linker, and isn't told to start a program" },
	{ "static", is_static,
	  "is linked statically, so nothing can be loaded into it; link it dynamically, or call "
	  "oriel.h in it" },
	{ "musl", on_musl,
	  "runs on musl, and the agent is built for glibc; an agent built on musl can be named with "
	  "--agent" },
	{ "other libc", on_other_libc, "uses a dynamic linker that isn't glibc's" },
	{ "setuid", other_user,
	  "changes its user or group when it starts (setuid), so the system loads nothing into it; "
	  "start it as that user" },
	{ "capabilities", has_capabilities,
	  "has file capabilities, so the system loads nothing into it; let the supervisor give them "
	  "instead (systemd: AmbientCapabilities=)" },
	{ "address space", is_narrow,
	  "may use less than 128 MiB of address space or data (ulimit -v, ulimit -d), which leaves too "
	  "little beside the agent; raise the limit, or limit the memory of its control group "
	  "instead" },
};

/* An agent that was named for it may be built on musl: then that isn't a reason any more. */
static bool excused(const struct reason *reason, const char *agent)
{
	const char *named = getenv("ORIEL_AGENT");

	return reason->holds == on_musl && agent && named && named[0];
}

static void find_reasons(struct verdict *v, const struct program *p, const char *agent)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].holds(p) && !excused(&reasons[i], agent))
			add(v, FINDING_BLIND, reasons[i].topic, "%s", reasons[i].says);
	if (!agent)
		add(v, FINDING_BLIND, "agent", "can't be watched: %s",
		    p->no_agent ? p->no_agent : "there is no agent");
}

/* ---- what will be seen ------------------------------------------------------------------------ */

static bool same_as_before(size_t i)
{
	return i && strcmp(watched[i].name, watched[i - 1].name) == 0;
}

static const struct library *use_of(const struct program *p, const char *name)
{
	for (size_t i = 0; i < N_WATCHED; i++) {
		const struct library *library = libraries_get(&p->libs, watched[i].soname);

		if (library && strcmp(watched[i].name, name) == 0)
			return library;
	}
	return NULL;
}

/* One line for all that it doesn't use. */
static void list_unused(char *text, size_t size, const char *name)
{
	size_t n = strlen(text);

	snprintf(text + n, size - n, "%s%s", n ? ", " : "", name);
}

static void find_watched(struct verdict *v, const struct program *p, enum verdict_care care)
{
	char unused[400] = "";

	for (size_t i = 0; i < N_WATCHED; i++) {
		const struct library *library = use_of(p, watched[i].name);
		struct finding *f;

		if (same_as_before(i))
			continue;
		if (library) {
			f = add(v, FINDING_SEEN, watched[i].name, "%s", watched[i].sees);
			if (f)
				f->path = library->path;
			v->n_watched++;
		} else if (care == VERDICT_THOROUGH && program_mentions(p, watched[i].symbol)) {
			add(v, FINDING_NOTE, watched[i].name,
			    "has a copy of its own inside; calls within a program can't be seen");
		} else if (care == VERDICT_THOROUGH) {
			list_unused(unused, sizeof(unused), watched[i].name);
		}
	}
	if (unused[0])
		add(v, FINDING_NOTE, "not used", "%s", unused);
	if (libraries_get(&p->libs, STR("liboriel.so.0"))) {
		add(v, FINDING_SEEN, "liboriel", "calls it: spans, logs and metrics of its own");
		v->n_watched++;
	}
}

/* Its own calls, that is: what a library does for it, the library's hooks or nobody may see. */
static void find_sockets(struct verdict *v, const struct program *p)
{
	if (!program_mentions(p, "accept") && !program_mentions(p, "accept4") &&
	    !program_mentions(p, "connect"))
		return;
	add(v, FINDING_SEEN, "sockets",
	    "HTTP/1 that it speaks on its own sockets: a span for each request that it serves or "
	    "makes");
	v->n_watched++;
}

/* Lines that it writes already. Those on its output only if asked for, and not all of them. */
static void find_lines(struct verdict *v, const struct program *p)
{
	if (program_mentions(p, "syslog") || program_mentions(p, "vsyslog") ||
	    program_mentions(p, "__syslog_chk") || program_mentions(p, "__vsyslog_chk")) {
		add(v, FINDING_SEEN, "syslog", "what it tells syslog: a log record for each line");
		v->n_watched++;
	}
	add(v, FINDING_NOTE, "output",
	    "--capture stdout,stderr makes log records of what it writes there%s; not of what it "
	    "writes by system calls of its own, or of what programs write that aren't watched",
	    program_mentions(p, "__overflow")
		    ? ", but for characters that it puts into its buffers itself (putc_unlocked)"
		    : "");
}

static void find_sanitizers(struct verdict *v, const struct program *p, enum verdict_care care)
{
	const struct library *asan = libraries_like(&p->libs, STR("libasan.so"));
	const struct library *tsan = libraries_like(&p->libs, STR("libtsan.so"));

	if (!asan)
		asan = libraries_like(&p->libs, STR("libclang_rt.asan"));
	if (asan && asan->path.n) {
		v->asan = asan->path;
		add(v, FINDING_NOTE, "sanitizer",
		    "is built with AddressSanitizer; its runtime is loaded before the agent");
	} else if (asan) {
		add(v, FINDING_BLIND, "sanitizer",
		    "is built with AddressSanitizer, whose runtime must be loaded first and can't be "
		    "found");
	}
	if (tsan)
		add(v, FINDING_NOTE, "sanitizer",
		    "is built with ThreadSanitizer; that works, the agent is not checked by it");
	if (!asan && care == VERDICT_THOROUGH && p->elf.native &&
	    program_mentions(p, "__asan_init"))
		add(v, FINDING_NOTE, "sanitizer",
		    "has AddressSanitizer linked in; that works, the agent is not checked by it");
}

/* Programs whose work is to start others: what they use themselves says nothing. */
static bool hands_over(const struct program *p)
{
	return p->script.n || handover_is(program_name(p));
}

static void find_handover(struct verdict *v, const struct program *p, enum verdict_care care)
{
	if (str_eq(program_name(p), STR("sudo")) || str_eq(program_name(p), STR("su")) ||
	    str_eq(program_name(p), STR("runuser")))
		add(v, FINDING_NOTE, "environment",
		    "starts a program as another user, and may clear the environment; put `oriel run --` "
		    "after it, not before");
	else if (v->hands_over && getenv("ORIEL_RUN_DIR"))
		add(v, FINDING_NOTE, "children",
		    "starts other programs; those are watched in turn, unless as another user: the run "
		    "directory that ORIEL_RUN_DIR names is this user's alone. Put `oriel run --` behind what "
		    "changes the user");
	else if (v->hands_over)
		add(v, FINDING_NOTE, "children",
		    "starts other programs; those are watched in turn");
	else if (!v->n_watched && care == VERDICT_THOROUGH)
		add(v, FINDING_NOTE, "nothing to see",
		    "uses none of the libraries that are watched, and no sockets; what it calls in "
		    "liboriel, opens later or starts will be seen");
}

void verdict_of(struct verdict *v, const struct program *p, const char *agent,
		enum verdict_care care)
{
	*v = (struct verdict){ .hands_over = hands_over(p), .static_tls = p->libs.static_tls };
	find_reasons(v, p, agent);
	if (p->is_elf && p->elf.native && !p->is_static) {
		find_watched(v, p, care);
		if (care == VERDICT_THOROUGH) {
			find_sockets(v, p);
			find_lines(v, p);
		}
	}
	find_sanitizers(v, p, care);
	v->preload = !verdict_blind(v);
	if (v->preload)
		find_handover(v, p, care);
}

const struct finding *verdict_blind(const struct verdict *v)
{
	for (size_t i = 0; i < v->n_findings; i++)
		if (v->finding[i].grade == FINDING_BLIND)
			return &v->finding[i];
	return NULL;
}

const struct finding *verdict_line(const struct verdict *v)
{
	if (verdict_blind(v))
		return verdict_blind(v);
	for (size_t i = 0; i < v->n_findings; i++)
		if (strcmp(v->finding[i].topic, "environment") == 0 ||
		    strcmp(v->finding[i].topic, "nothing to see") == 0)
			return &v->finding[i];
	return NULL;
}
