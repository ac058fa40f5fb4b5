/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bootstrap/outcome.h"

#include <limits.h>
#include <stdio.h>

void outcome_says(const struct outcome *o, char *to, size_t room)
{
	static const char *const plain[N_OUTCOMES] = {
		[OUTCOME_NONE] = "is not there",
		[OUTCOME_FIRED] = "fired",
		[OUTCOME_NO_FUNCTION] = "has no function oriel_bootstrap",
		[OUTCOME_DIRECTORY] = "changed the working directory",
		[OUTCOME_UMASK] = "changed the umask",
		[OUTCOME_MASK] = "changed the signal mask",
	};
	static const char *const numbered[N_OUTCOMES] = {
		[OUTCOME_RETURNED] = "returned %d",
		[OUTCOME_SIGNAL] = "was ended by signal %d",
		[OUTCOME_HEAP] = "corrupted the heap (signal %d)",
		[OUTCOME_THREAD] = "left a thread that was ended by signal %d",
		[OUTCOME_EXITED] = "ended the process with status %d",
		[OUTCOME_TIMEOUT] = "took longer than %d ms",
		[OUTCOME_DESCRIPTOR] = "closed or replaced descriptor %d",
	};

	if ((unsigned)o->kind >= N_OUTCOMES)
		snprintf(to, room, "failed");
	else if (o->kind == OUTCOME_UNLOADABLE)
		snprintf(to, room, "can't be loaded: %s", o->text);
	else if (o->kind == OUTCOME_UNTRUSTED)
		snprintf(to, room, "is not loaded: %s", o->text);
	else if (plain[o->kind])
		snprintf(to, room, "%s", plain[o->kind]);
	else if (o->kind == OUTCOME_HEAP && !o->detail)
		snprintf(to, room, "corrupted the heap");
	else
		snprintf(to, room, numbered[o->kind], o->detail);
}

/* snprintf is no function for a signal handler. */
static char *put_number(char *to, int v)
{
	unsigned n = v < 0 ? 0u - (unsigned)v : (unsigned)v;
	char digit[12];
	size_t i = 0;

	if (v < 0)
		*to++ = '-';
	do {
		digit[i++] = (char)('0' + n % 10);
	} while (n /= 10);
	while (i)
		*to++ = digit[--i];
	*to++ = ':';
	return to;
}

void outcome_write(const struct outcome *o, int pid, const char *name, char to[OUTCOME_WIRE])
{
	to = put_number(to, pid);
	to = put_number(to, (int)o->kind);
	to = put_number(to, o->detail);
	for (size_t i = 0; name[i] && i < OUTCOME_NAME - 1; i++)
		*to++ = name[i];
	*to = '\0';
}

static bool take_number(struct str *from, int *out)
{
	struct cut c = str_cut(*from, ':');
	bool negative = c.head.n && c.head.p[0] == '-';
	uint64_t v;

	if (!c.found || !str_to_u64(str_from(c.head, negative), &v) || v > INT_MAX)
		return false;
	*out = negative ? -(int)v : (int)v;
	*from = c.tail;
	return true;
}

bool outcome_read(struct outcome *o, int pid, char name[OUTCOME_NAME], const char *from)
{
	struct str text = str_of(from);
	int its, kind, detail;

	if (!take_number(&text, &its) || its != pid || !take_number(&text, &kind) ||
	    !take_number(&text, &detail) || kind <= OUTCOME_FIRED || kind >= N_OUTCOMES ||
	    text.n >= OUTCOME_NAME)
		return false;
	*o = (struct outcome){ .kind = (enum outcome_kind)kind, .detail = detail };
	if (text.n)
		memcpy(name, text.p, text.n);
	name[text.n] = '\0';
	return true;
}
