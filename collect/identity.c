/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/identity.h"

#include "base/hex.h"
#include "model/stats.h"

#include <stdio.h>
#include <unistd.h>

enum { IDENTITY_MOST = 128, UUID_TEXT = 36 };

/* The first to set a key wins; what is set borrows from the arena or from longer-lived text. */
struct list {
	struct attribute item[IDENTITY_MOST];
	size_t n;
	struct arena arena;
};

static void set(struct list *l, struct str key, struct value value)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->item[i].key, key))
			return;
	if (l->n < IDENTITY_MOST)
		l->item[l->n++] = (struct attribute){ key, value };
}

static void set_text(struct list *l, struct str key, struct str text)
{
	if (text.n)
		set(l, key, (struct value){ .type = VALUE_STRING, .text = text });
}

static void set_int(struct list *l, struct str key, int64_t n)
{
	set(l, key, (struct value){ .type = VALUE_INT, .integer = n });
}

/* False if a % is not followed by two hex digits. */
static bool percent_decode(struct arena *arena, struct str from, struct str *out)
{
	char *to = from.n ? arena_take(arena, from.n) : NULL;
	size_t n = 0;

	for (size_t i = 0; to && i < from.n; i++) {
		uint8_t byte;

		if (from.p[i] != '%') {
			to[n++] = from.p[i];
			continue;
		}
		if (from.n - i < 3 || !hex_read(&byte, 1, (struct str){ from.p + i + 1, 2 }, true))
			return false;
		to[n++] = (char)byte;
		i += 2;
	}
	*out = (struct str){ to ? to : "", n };
	return true;
}

/* One thing that makes no sense spoils the whole variable, as the specification wants it. */
static void set_from_environment(struct list *l, const struct settings *settings)
{
	struct str rest = settings_get(settings, STR("OTEL_RESOURCE_ATTRIBUTES"));
	size_t before = l->n;

	while (rest.n) {
		struct cut item = str_cut(rest, ',');
		struct cut pair = str_cut(item.head, '=');
		struct str key, value;

		rest = item.tail;
		if (!str_trim(item.head).n)
			continue;
		if (!pair.found || !str_trim(pair.head).n ||
		    !percent_decode(&l->arena, str_trim(pair.head), &key) ||
		    !percent_decode(&l->arena, str_trim(pair.tail), &value)) {
			stats_add(settings_bad, 1);
			l->n = before;
			return;
		}
		set_text(l, key, value);
	}
}

static struct str base_name(struct str path)
{
	for (size_t i = path.n; i > 0; i--)
		if (path.p[i - 1] == '/')
			return str_from(path, i);
	return path;
}

/* Names that every second program gives itself tell nothing. */
static struct str service_given(const struct identity_given *given)
{
	struct str name = str_of(given->service);

	return str_eq(name, STR("service")) || str_eq(name, STR("app")) ? (struct str){ "", 0 }
									: name;
}

static struct str service_unknown(struct list *l, struct str program)
{
	struct str base = base_name(program);
	size_t n = sizeof("unknown_service:") - 1 + base.n;
	char *text = arena_take(&l->arena, n + 1);

	if (!text || !base.n)
		return STR("unknown_service");
	snprintf(text, n + 1, "unknown_service:" STR_FMT, STR_ARG(base));
	return (struct str){ text, n };
}

static struct str uuid_text(const uint8_t id[16], char text[UUID_TEXT])
{
	char hex[32], *to = text;

	hex_write(hex, id, 16);
	for (int i = 0; i < 32; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			*to++ = '-';
		*to++ = hex[i];
	}
	return (struct str){ text, UUID_TEXT };
}

struct str identity_run(const struct segment_header *h)
{
	struct str run = { h->run, sizeof(h->run) };
	uint8_t id[8];

	return hex_read(id, sizeof(id), run, true) ? run : (struct str){ "", 0 };
}

struct resource *identity_resource(const struct segment_header *h, const struct settings *settings,
				   const struct identity_given *given)
{
	struct list l = { .n = 0 };
	struct str program = str_of(h->program);
	char host[256] = "", uuid[UUID_TEXT];

	gethostname(host, sizeof(host) - 1);
	set_text(&l, STR("service.name"), settings_get(settings, STR("OTEL_SERVICE_NAME")));
	set_from_environment(&l, settings);
	set_text(&l, STR("service.name"), service_given(given));
	set_text(&l, STR("service.name"), service_unknown(&l, program));
	set_text(&l, STR("service.version"), str_of(given->version));
	set_text(&l, STR("service.instance.id"), uuid_text(h->instance, uuid));
	set_int(&l, STR("process.pid"), h->pid);
	set_text(&l, STR("process.executable.name"), base_name(program));
	set_text(&l, STR("process.executable.path"), program);
	set_text(&l, STR("host.name"), str_of(host));
	set_text(&l, STR("os.type"), STR("linux"));
	set_text(&l, STR("telemetry.sdk.name"), STR("oriel"));
	set_text(&l, STR("telemetry.sdk.language"), STR("c"));
	set_text(&l, STR("telemetry.sdk.version"), STR(ORIEL_VERSION));

	struct attributes all = { l.item, l.n, 0 };
	struct resource *r = resource_new(all, identity_run(h), h->pid);

	arena_fini(&l.arena);
	return r;
}
