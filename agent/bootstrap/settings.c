/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bootstrap/settings.h"
#include "base/hook.h"
#include "base/setting.h"

#include "lib/watcher.h"
#include "oriel.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	MESSAGES_ROOM = 4096,
	NAME_ROOM = 128,
	KEY_ROOM = 256,
};

static struct {
	struct oriel_bootstrap given;
	bool open;
	unsigned n_set;
	char messages[MESSAGES_ROOM]; /* severity, text, NUL; one after the other */
	size_t messages_n;
	bool messages_cut;
} hook;

/* A name that is a setting's, of the characters that names have; no more. */
static bool is_name(const char *name)
{
	struct str s = str_of(name);

	if (!setting_is(s) || s.n >= NAME_ROOM)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= '0' && s.p[i] <= '9') ||
		      s.p[i] == '_'))
			return false;
	return true;
}

static int put(const char *name, const char *value)
{
	if (setenv(name, value, 1) < 0)
		return errno;
	hook.n_set++;
	return 0;
}

static int settings_set(struct oriel_bootstrap *b, const char *name, const char *value)
{
	(void)b;
	if (!hook.open)
		return EBUSY;
	if (!name || !is_name(name))
		return EINVAL;
	if (value)
		return put(name, value);
	unsetenv(name);
	hook.n_set++;
	return 0;
}

/* The intake of `oriel run`, told to other languages' SDKs among the children (launch/environment.c): nobody's setting. */
static bool is_intake(const char *name)
{
	const char *ours = getenv("ORIEL_ENDPOINT_IS_OURS"),
		   *endpoint = getenv("OTEL_EXPORTER_OTLP_ENDPOINT");

	return ours && endpoint && strcmp(ours, endpoint) == 0 &&
	       (strcmp(name, "OTEL_EXPORTER_OTLP_ENDPOINT") == 0 ||
		strcmp(name, "OTEL_EXPORTER_OTLP_PROTOCOL") == 0);
}

static const char *settings_get(struct oriel_bootstrap *b, const char *name)
{
	const char *value = hook.open && name ? getenv(name) : NULL;

	(void)b;
	return value && value[0] && !is_intake(name) ? value : NULL;
}

static int settings_set_default(struct oriel_bootstrap *b, const char *name, const char *value)
{
	if (!value)
		return EINVAL;
	return settings_get(b, name) ? 0 : settings_set(b, name, value);
}

/* `rest` and `more`, with `between` if both say something. */
static int put_joined(const char *name, struct str rest, char between, struct str more)
{
	size_t room = rest.n + more.n + 2;
	char *text = malloc(room);
	int r;

	if (!text)
		return ENOMEM;
	if (rest.n)
		snprintf(text, room, STR_FMT "%c" STR_FMT, STR_ARG(rest), between, STR_ARG(more));
	else
		snprintf(text, room, STR_FMT, STR_ARG(more));
	r = put(name, text);
	free(text);
	return r;
}

/* As OTEL_RESOURCE_ATTRIBUTES wants keys and values: what it has a meaning for is %XX. */
static size_t percent_encode(char *to, struct str from)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 0;

	for (size_t i = 0; i < from.n; i++) {
		unsigned char c = (unsigned char)from.p[i];

		if (c > 0x20 && c < 0x7f && !strchr("%,=;\"\\", c)) {
			to[n++] = (char)c;
		} else {
			to[n++] = '%';
			to[n++] = hex[c >> 4];
			to[n++] = hex[c & 15];
		}
	}
	return n;
}

/* The list without the item of this key, in place. */
static size_t drop_key(char *list, size_t n, struct str key)
{
	struct str rest = { list, n };
	size_t kept = 0;

	while (rest.n) {
		struct cut item = str_cut(rest, ',');

		rest = item.tail;
		if (str_eq(str_trim(str_cut(item.head, '=').head), key))
			continue;
		if (kept)
			list[kept++] = ',';
		memmove(list + kept, item.head.p, item.head.n);
		kept += item.head.n;
	}
	return kept;
}

static int settings_resource(struct oriel_bootstrap *b, const char *key, const char *value)
{
	static const char name[] = "OTEL_RESOURCE_ATTRIBUTES";
	struct str k = str_of(key), v = str_of(value), now = str_of(settings_get(b, name));
	char encoded[3 * KEY_ROOM], *text;
	size_t n;
	int r;

	if (!hook.open)
		return EBUSY;
	if (!k.n || !value || k.n > KEY_ROOM)
		return EINVAL;
	k = (struct str){ encoded, percent_encode(encoded, k) };
	text = malloc(now.n + k.n + 3 * v.n + 3);
	if (!text)
		return ENOMEM;
	if (now.n)
		memcpy(text, now.p, now.n);
	n = drop_key(text, now.n, k);
	if (n)
		text[n++] = ',';
	memcpy(text + n, k.p, k.n);
	n += k.n;
	text[n++] = '=';
	n += percent_encode(text + n, v);
	text[n] = '\0';
	r = put(name, text);
	free(text);
	return r;
}

static int settings_propagators(struct oriel_bootstrap *b, const char *list)
{
	return list ? settings_set(b, "OTEL_PROPAGATORS", list) : EINVAL;
}

/* Is it one word, as exporters' names are? */
static bool is_word(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == ',' || str_is_blank(s.p[i]))
			return false;
	return s.n > 0;
}

static int add_exporter(struct oriel_bootstrap *b, const char *variable, struct str name)
{
	struct str list = str_of(settings_get(b, variable)), rest = list, item;

	while (str_next(&rest, ',', &item))
		if (str_eq(item, name))
			return 0;
	if (str_eq(str_trim(list), STR("none")))
		list.n = 0;
	return put_joined(variable, list, ',', name);
}

static int settings_exporter(struct oriel_bootstrap *b, unsigned signals, const char *name)
{
	static const char *const variable[] = { "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER",
						"OTEL_LOGS_EXPORTER" };
	int r = 0;

	if (!hook.open)
		return EBUSY;
	if (!signals || (signals & ~(unsigned)ORIEL_BOOTSTRAP_ALL) || !is_word(str_of(name)))
		return EINVAL;
	for (unsigned i = 0; r == 0 && i < 3; i++)
		if (signals & 1u << i)
			r = add_exporter(b, variable[i], str_of(name));
	return r;
}

static int settings_redact(struct oriel_bootstrap *b, const char *rule)
{
	struct str r = str_of(rule);

	if (!hook.open)
		return EBUSY;
	if (!r.n || memchr(r.p, '\n', r.n))
		return EINVAL;
	return put_joined("ORIEL_REDACT", str_of(settings_get(b, "ORIEL_REDACT")), '\n', r);
}

static int settings_log(struct oriel_bootstrap *b, int severity, const char *message)
{
	size_t n = oriel_length(message) + 1;

	(void)b;
	if (!hook.open)
		return EBUSY;
	if (!message || severity < 1 || severity > 24)
		return EINVAL;
	if (n + 1 > MESSAGES_ROOM - hook.messages_n) {
		hook.messages_cut = true;
		return ENOMEM;
	}
	hook.messages[hook.messages_n] = (char)severity;
	memcpy(hook.messages + hook.messages_n + 1, message, n);
	hook.messages_n += n + 1;
	return 0;
}

struct oriel_bootstrap *settings_open(bool probe, const char *program, const char *source,
				      unsigned timeout_ms)
{
	hook.given = (struct oriel_bootstrap){
		.size = sizeof(hook.given),
		.version = ORIEL_BOOTSTRAP_VERSION,
		.probe = probe,
		.program = program,
		.source = source,
		.timeout_ms = timeout_ms,
		.set = settings_set,
		.set_default = settings_set_default,
		.get = settings_get,
		.resource = settings_resource,
		.propagators = settings_propagators,
		.exporter = settings_exporter,
		.redact = settings_redact,
		.log = settings_log,
	};
	hook.n_set = 0;
	hook.messages_n = 0;
	hook.messages_cut = false;
	hook.open = true;
	return &hook.given;
}

void settings_close(void)
{
	hook.open = false;
}

unsigned settings_count(void)
{
	return hook.n_set;
}

void settings_record_messages(void)
{
	static struct oriel_site of_hook;

	for (size_t at = 0; at < hook.messages_n;) {
		const char *text = hook.messages + at + 1;

		oriel_log_at(&of_hook, WHAT_OF(SCOPE_AGENT, (uint8_t)hook.messages[at]), text,
			     strlen(text), ORIEL_WITH(oriel_str("logger", HOOK_LOGGER)));
		at += strlen(text) + 2;
	}
	if (hook.messages_cut)
		watcher_warn("messages of the bootstrap hook left out",
			     oriel_str("logger", HOOK_LOGGER));
	hook.messages_n = 0;
}
