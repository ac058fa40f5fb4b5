/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/bootstrap.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/notice.h"
#include "base/out.h"
#include "base/scoped.h"
#include "base/setting.h"
#include "launch/child.h"
#include "launch/environment.h"
#include "launch/variables.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
	TRIAL_FD = 9,
	TRIAL_MORE_MS = 3000, /* beyond the hook's own time, twice: for starting the program */
};

static const char first_name[] = "/liboriel-first.so";

void bootstrap_warn(const char *path, const char *says)
{
	char line[HOOK_PATH_ROOM + 600];

	snprintf(line, sizeof(line), "%s %s; %s", path, says,
		 variable_is_true("ORIEL_STRICT") ? "not starting" : "starting without it");
	notice_warn(HOOK_LOGGER, line);
}

/* ---- finding ------------------------------------------------------------------------------------ */

/* Named hooks are files, not commands: without a slash it is one in this directory. */
static void find_named(struct bootstrap *b, const char *named)
{
	snprintf(b->path, sizeof(b->path), "%s%s", strchr(named, '/') ? "" : "./", named);
	b->kind = access(b->path, F_OK) < 0 || hook_is_library(b->path) ? BOOTSTRAP_OBJECT
									: BOOTSTRAP_SCRIPT;
}

static void find_beside(struct bootstrap *b, const struct program *p)
{
	char text[HOOK_PATH_ROOM], *whole;
	enum hook_beside beside;

	snprintf(text, sizeof(text), STR_FMT, STR_ARG(p->loader.n ? p->loader : p->binary));
	whole = realpath(text, NULL);
	if (!whole)
		return;
	beside = hook_beside(b->path, str_of(whole));
	free(whole);
	if (beside == HOOK_NONE)
		return;
	b->kind = beside == HOOK_TRUSTED ? BOOTSTRAP_BESIDE : BOOTSTRAP_REFUSED;
	b->why = hook_beside_text(beside);
}

void bootstrap_find(struct bootstrap *b, const struct program *p, enum bootstrap_care care)
{
	const char *named = variable_get(HOOK_VARIABLE);

	*b = (struct bootstrap){ .kind = BOOTSTRAP_NONE };
	if (named && hook_is_off(str_of(named))) {
		b->kind = BOOTSTRAP_OFF;
		return;
	}
	if (named) {
		find_named(b, named);
		return;
	}
	find_beside(b, p);
	if (b->kind != BOOTSTRAP_NONE || care == BOOTSTRAP_QUICK || !p->is_elf || !p->elf.native)
		return;
	if (program_exports(p, HOOK_FUNCTION))
		b->kind = BOOTSTRAP_FUNCTION;
	else if (program_mentions(p, HOOK_FUNCTION))
		b->kind = BOOTSTRAP_HIDDEN;
}

int bootstrap_preload(const char *agent)
{
	const char *slash = strrchr(agent, '/'), *now = variable_get("LD_PRELOAD");
	struct out o = { 0 };
	int r = 0;

	if (!slash || !now)
		return 0;
	out_bytes(&o, agent, (size_t)(slash - agent));
	out_bytes(&o, first_name, sizeof(first_name));
	if (!o.error && access(o.p, R_OK) == 0) {
		o.n--; /* the end of the string */
		out_char(&o, ':');
		out_bytes(&o, now, strlen(now) + 1);
		r = o.error ? ERR(o.error) : setenv("LD_PRELOAD", o.p, 1) < 0 ? ERR(-errno) : 0;
	}
	out_fini(&o);
	return r;
}

/* ---- a hook that is a script ------------------------------------------------------------------------ */

bool bootstrap_parse(struct str text, bool (*set)(void *you, struct str name, struct str value),
		     void *you, struct str *bad)
{
	while (text.n) {
		struct cut line = str_cut(text, '\n');
		struct cut pair = str_cut(line.head, '=');
		size_t i = 0;

		text = line.tail;
		if (!str_trim(line.head).n || line.head.p[0] == '#')
			continue;
		while (i < pair.head.n &&
		       ((pair.head.p[i] >= 'A' && pair.head.p[i] <= 'Z') ||
			(pair.head.p[i] >= '0' && pair.head.p[i] <= '9') || pair.head.p[i] == '_'))
			i++;
		if (!pair.found || i < pair.head.n || !setting_is(pair.head) ||
		    memchr(pair.tail.p, '\0', pair.tail.n) || !set(you, pair.head, pair.tail)) {
			*bad = line.head;
			return false;
		}
	}
	return true;
}

static bool only_look(void *you, struct str name, struct str value)
{
	(void)you, (void)value;
	return name.n < VARIABLE_NAME_ROOM * 2;
}

static bool set_one(void *you, struct str name, struct str value)
{
	unsigned *n = you;
	char text[VARIABLE_NAME_ROOM * 2];
	char *copy = strndup(value.p, value.n);
	bool done;

	snprintf(text, sizeof(text), STR_FMT, STR_ARG(name));
	done = copy && setenv(text, copy, 1) == 0;
	free(copy);
	*n += done;
	return done;
}

/* All or nothing: the second pass can only lack memory. */
static void take_settings(struct str text, unsigned *n_set, char says[200])
{
	struct str bad;

	if (!bootstrap_parse(text, only_look, NULL, &bad))
		snprintf(says, 200, "printed a line that is no setting: %.*s",
			 bad.n < 100 ? (int)bad.n : 100, bad.p);
	else if (!bootstrap_parse(text, set_one, n_set, &bad))
		snprintf(says, 200, "needs more memory than there is");
}

int bootstrap_run_script(unsigned *n_set)
{
	const char *named = variable_get(HOOK_VARIABLE);
	struct bootstrap b = { 0 };
	struct out text = { 0 };
	char says[200];
	unsigned n = 0;
	bool bad = false;
	int r;

	if (!named)
		return 0;
	if (hook_is_off(str_of(named))) /* in one way, so that it isn't taken for a file's name */
		return setenv(HOOK_VARIABLE, "none", 1) < 0 ? ERR(-errno) : 0;
	find_named(&b, named);
	if (b.kind != BOOTSTRAP_SCRIPT)
		return 0;
	setenv(HOOK_VARIABLE, "none", 1);
	r = child_run((char *[]){ b.path, NULL },
		      hook_timeout_ms(str_of(variable_get(HOOK_TIMEOUT_VARIABLE)), &bad), &text,
		      says);
	if (r == 0 && !says[0])
		take_settings(out_all(&text), &n, says);
	if (r == 0 && says[0]) {
		bootstrap_warn(b.path, says);
		r = BOOTSTRAP_FAILED;
	}
	out_fini(&text);
	if (n_set)
		*n_set = n;
	return TRACE(r);
}

/* ---- a try, for those who ask ------------------------------------------------------------------------ */

/* In the child: as `oriel run` would have it, with nothing to be seen of it. */
static _Noreturn void become_trial(const struct bootstrap *b, const struct verdict *v,
				   const char *agent, char *const *argv)
{
	char run[RUN_ID_ROOM];

	child_silence(STDIN_FILENO, O_RDONLY);
	child_silence(STDOUT_FILENO, O_WRONLY);
	child_silence(STDERR_FILENO, O_WRONLY);
	environment_new_run(run);
	if (environment_set(v, agent, run) < 0 ||
	    (bootstrap_is_object(b) && bootstrap_preload(agent) < 0) ||
	    setenv(HOOK_VERIFY_VARIABLE, "9", 1) < 0)
		_exit(126);
	execvp(argv[0], argv);
	_exit(127);
}

static int start_trial(struct child *c, const struct bootstrap *b, const struct verdict *v,
		       const char *agent, char *const *argv)
{
	int out;
	pid_t pid = child_fork(c, &out);

	if (pid)
		return pid < 0 ? TRACE(pid) : 0;
	if (dup2(out, TRIAL_FD) < 0)
		_exit(126);
	become_trial(b, v, agent, argv);
}

static bool read_trial(struct bootstrap_trial *t, struct str text)
{
	struct cut what = str_cut(text, '\n');
	struct cut where = str_cut(what.tail, '\n');
	struct cut third = str_cut(where.tail, '\n');
	uint64_t took, n;

	*t = (struct bootstrap_trial){ .found = !str_eq(what.head, STR("none")) };
	t->fired = str_eq(what.head, STR("fired"));
	if (!third.found)
		return false;
	if (!t->fired) {
		snprintf(t->says, sizeof(t->says), STR_FMT, STR_ARG(third.head));
		return true;
	}
	if (!str_to_u64(third.head, &took) || !str_to_u64(str_cut(third.tail, '\n').head, &n))
		return false;
	t->took_ns = took;
	t->n_set = (unsigned)n;
	return true;
}

int bootstrap_try(struct bootstrap_trial *out, const struct bootstrap *b, const struct verdict *v,
		  const char *agent, char *const *argv)
{
	unsigned timeout_ms = hook_timeout_ms(str_of(variable_get(HOOK_TIMEOUT_VARIABLE)), NULL);
	struct out text = { 0 };
	struct child c = { .out = -1 };
	bool late = false;
	int r = start_trial(&c, b, v, agent, argv);

	if (r < 0)
		return TRACE(r);
	r = child_read(&c, &text, CHILD_OUTPUT_MOST, 2 * timeout_ms + TRIAL_MORE_MS);
	close(c.out);
	child_end(&c, r == 0 ? TRIAL_MORE_MS : 0, &late);
	r = r == 0 && read_trial(out, out_all(&text)) ? 0 : BOOTSTRAP_FAILED;
	out_fini(&text);
	return r;
}
