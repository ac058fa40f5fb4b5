/* SPDX-License-Identifier: Apache-2.0 */
#include "configure/maker.h"

#include <stdarg.h>
#include <stdio.h>

enum { DEPTH_MOST = 32, WARNING_ROOM = 240 };

void make_warn(struct maker *m, const yaml_node_t *at, const char *fmt, ...)
{
	char text[WARNING_ROOM];
	struct configured *c = m->out;
	char *kept;
	va_list ap;
	int n = snprintf(text, sizeof(text), "%u: ", node_line(at));

	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	if (c->n_warnings++ >= CONFIGURE_WARNINGS)
		return;
	kept = arena_take(&c->arena, strlen(text) + 1);
	c->warning[c->n_warnings - 1] = kept ? strcpy(kept, text) : "";
}

void make_unknown(struct maker *m, const yaml_node_t *at, const char *what, struct str name)
{
	make_warn(m, at, "there is no %s " STR_FMT, what, STR_ARG(str_first(name, NAME_SHOWN)));
}

static bool is_among(struct str name, const char *keys)
{
	struct str rest = str_of(keys), key;

	while (str_next(&rest, ' ', &key))
		if (str_eq(key, name))
			return true;
	return false;
}

static void warn_not_understood(struct maker *m, const yaml_node_t *key)
{
	make_warn(m, key, STR_FMT " is not understood here",
		  STR_ARG(str_first(document_text(&m->d, key), NAME_SHOWN)));
}

void make_known(struct maker *m, yaml_node_t *map, const char *keys)
{
	for (size_t i = 0; node_is_map(map) && i < node_n(map); i++) {
		yaml_node_t *key = node_key(&m->d, map, i);

		if (key && !is_among(document_text(&m->d, key), keys))
			warn_not_understood(m, key);
	}
}

/* ---- settings -------------------------------------------------------------------------------------- */

static size_t find(const struct configured *c, struct str name)
{
	size_t i = 0;

	while (i < c->n &&
	       !(str_starts(str_of(c->setting[i]), name) && c->setting[i][name.n] == '='))
		i++;
	return i;
}

const char *configured_get(const struct configured *c, const char *name)
{
	size_t i = find(c, str_of(name));

	return i < c->n ? c->setting[i] + strlen(name) + 1 : NULL;
}

/* Values go from process to process in lines and strings. */
static bool is_plain(struct str value)
{
	return !memchr(value.p, '\0', value.n) && !memchr(value.p, '\n', value.n);
}

static void put(struct maker *m, const yaml_node_t *at, size_t i, struct str name, struct str value)
{
	struct configured *c = m->out;
	char *text;

	if (i == CONFIGURE_SETTINGS) {
		make_warn(m, at, "too many settings; " STR_FMT " is left out", STR_ARG(name));
		return;
	}
	text = arena_take(&c->arena, name.n + value.n + 2);
	if (!text)
		return;
	memcpy(text, name.p, name.n);
	text[name.n] = '=';
	memcpy(text + name.n + 1, value.p, value.n);
	text[name.n + 1 + value.n] = '\0';
	c->setting[i] = text;
	c->n += i == c->n;
}

/* "OTEL_EXPORTER_OTLP_%s_ENDPOINT", ORIEL_OF_2_ before it where it is of one with a number. */
static struct str name_of(const struct maker *m, const char *setting, char room[96])
{
	const char *at = strstr(setting, "%s");
	char of[24] = "";
	int n;

	if (m->number)
		snprintf(of, sizeof(of), "ORIEL_OF_%u_", m->number);
	n = at ? snprintf(room, 96, "%s%.*s%s%s", of, (int)(at - setting), setting, m->signal,
			  at + 2)
	       : snprintf(room, 96, "%s%s", of, setting);
	return (struct str){ room, (size_t)n < 96 ? (size_t)n : 95 };
}

void make_set(struct maker *m, const yaml_node_t *at, const char *setting, struct str value)
{
	char room[96];
	struct str name = name_of(m, setting, room);
	size_t i = find(m->out, name);

	if (!value.n)
		return;
	if (!is_plain(value))
		make_warn(m, at, STR_FMT " has a line's end in it", STR_ARG(name));
	else if (i < m->out->n && !str_eq(str_of(m->out->setting[i] + name.n + 1), value))
		make_warn(m, at, STR_FMT " is said already, and differently", STR_ARG(name));
	else
		put(m, at, i, name, value);
}

void make_set_once(struct maker *m, const yaml_node_t *at, const char *setting, struct str value,
		   const char *what)
{
	const unsigned number = m->number;

	m->number = 0;
	if (node_is_map(at) || node_is_list(at))
		make_warn(m, at, "%s is to be one value", what);
	else if (!number)
		make_set(m, at, setting, value);
	else if (value.n && !str_eq(value, str_of(configured_get(m->out, setting))))
		make_warn(m, at, "%s is the first reader's for all", what);
	m->number = number;
}

void make_add(struct maker *m, const yaml_node_t *at, const char *setting, char separator,
	      struct str value)
{
	char room[96];
	struct str name = name_of(m, setting, room);
	size_t i = find(m->out, name);
	struct out o = { 0 };

	if (i < m->out->n) {
		out_str(&o, str_of(m->out->setting[i] + name.n + 1));
		out_char(&o, separator);
	}
	out_str(&o, value);
	if (!o.error && value.n && is_plain(value))
		put(m, at, i, name, out_all(&o));
	else if (value.n)
		make_warn(m, at, STR_FMT " has a line's end in it", STR_ARG(name));
	out_fini(&o);
}

void make_encoded(struct out *o, struct str text, const char *reserved)
{
	static const char digit[16] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c > ' ' && c < 0x7f && !strchr(reserved, c)) {
			out_char(o, (char)c);
			continue;
		}
		out_char(o, '%');
		out_char(o, digit[c >> 4]);
		out_char(o, digit[c & 15]);
	}
}

/* ---- tables ---------------------------------------------------------------------------------------- */

static void make_key(struct maker *m, const yaml_node_t *key, yaml_node_t *value,
		     const struct key *keys)
{
	struct str name = document_text(&m->d, key);

	while (keys->name && !str_eq(name, str_of(keys->name)))
		keys++;
	if (!keys->name)
		warn_not_understood(m, key);
	else if (keys->cannot)
		make_warn(m, key, "%s: %s", keys->name, keys->cannot);
	else if (keys->take)
		keys->take(m, value);
	else if (keys->setting && (node_is_map(value) || node_is_list(value)))
		make_warn(m, key, "%s is to be one value", keys->name);
	else if (keys->setting)
		make_set(m, value, keys->setting, document_text(&m->d, value));
}

void make_map(struct maker *m, yaml_node_t *map, const struct key *keys)
{
	if (!map || (!node_is_map(map) && !document_text(&m->d, map).n))
		return; /* null: the defaults */
	if (!node_is_map(map)) {
		make_warn(m, map, "names with values are expected here");
		return;
	}
	if (m->depth++ < DEPTH_MOST)
		for (size_t i = 0; i < node_n(map); i++) {
			yaml_node_t *key = node_key(&m->d, map, i);
			yaml_node_t *value = node_value(&m->d, map, i);

			if (key && value)
				make_key(m, key, value, keys);
		}
	m->depth--;
}

yaml_node_t *make_only(struct maker *m, yaml_node_t *map, struct str *name)
{
	if (!node_is_map(map) || node_n(map) != 1) {
		make_warn(m, map, "one name is expected here, with what belongs to it");
		return NULL;
	}
	*name = document_text(&m->d, node_key(&m->d, map, 0));
	return node_value(&m->d, map, 0);
}
