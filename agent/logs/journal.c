/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program tells systemd's journal: fields, NAME=value each. All calls of libsystemd come
 * through sd_journal_sendv, which it calls by its exported name. MESSAGE is the body, PRIORITY the
 * severity, CODE_* the place; the rest are attributes under their names in lower case.
 */
#include "agent/logs/logs.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "base/str.h"

enum { FIELDS_MOST = 16, NAME_ROOM = 48, VALUE_MOST = 1024 };

static struct watch watch;

/* A field's value, if it is the one. */
static bool is_field(const struct iovec *v, struct str name, struct str *value)
{
	struct str text = { v->iov_base, v->iov_len };

	if (!str_starts(text, name) || text.n <= name.n || text.p[name.n] != '=')
		return false;
	*value = str_from(text, name.n + 1);
	return true;
}

struct entry_read {
	struct str message;
	int severity;
	size_t n;
	struct oriel_attribute item[FIELDS_MOST];
	char name[FIELDS_MOST][NAME_ROOM];
};

static void add_other(struct entry_read *e, const struct iovec *v)
{
	struct cut pair = str_cut((struct str){ v->iov_base, v->iov_len }, '=');
	char *name = e->name[e->n];

	if (!pair.found || !pair.head.n || pair.head.n >= NAME_ROOM || e->n == FIELDS_MOST)
		return;
	for (size_t i = 0; i < pair.head.n; i++)
		name[i] = str_lower(pair.head.p[i]);
	name[pair.head.n] = '\0';
	e->item[e->n++] = oriel_strn(name, pair.tail.p, str_first(pair.tail, VALUE_MOST).n);
}

static void add(struct entry_read *e, const struct iovec *v)
{
	static const struct {
		struct str field;
		const char *key;
	} place[] = { { STR("CODE_FILE"), "code.file.path" },
		      { STR("CODE_FUNC"), "code.function.name" } };
	struct str value;
	uint64_t line;

	if (is_field(v, STR("MESSAGE"), &e->message))
		return;
	if (is_field(v, STR("PRIORITY"), &value)) {
		if (value.n == 1 && value.p[0] >= '0' && value.p[0] <= '7')
			e->severity = logs_severity(value.p[0] - '0');
		return;
	}
	for (size_t i = 0; i < sizeof(place) / sizeof(place[0]); i++)
		if (is_field(v, place[i].field, &value) && e->n < FIELDS_MOST) {
			e->item[e->n++] = oriel_strn(place[i].key, value.p, value.n);
			return;
		}
	if (is_field(v, STR("CODE_LINE"), &value) && str_to_u64(value, &line) && e->n < FIELDS_MOST)
		e->item[e->n++] = oriel_int("code.line.number", (int64_t)line);
	else
		add_other(e, v);
}

void journal_said(const struct iovec *fields, int n)
{
	struct entry_read e = { .severity = ORIEL_INFO };
	int kept = errno;

	if (!watches(&watch) || !fields || n <= 0)
		return;
	for (int i = 0; i < n; i++)
		if (fields[i].iov_base)
			add(&e, &fields[i]);
	if (e.message.n && oriel_passes(NULL, e.severity))
		logs_record(SCOPE_JOURNAL, e.severity, e.message.p,
			    str_first(e.message, LOGS_TEXT_MOST).n,
			    (struct oriel_attributes){ e.item, e.n });
	errno = kept;
}

const struct watched watched_journal = {
	.name = "journal",
	.aliases = "systemd,libsystemd,sd-journal",
	.summary = "Entries for systemd's journal are log records, too",
	.watch = &watch,
};
