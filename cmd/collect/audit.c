/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/collect/audit.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "cmd/collect/say.h"
#include "launch/place.h"
#include "model/stats.h"
#include "model/value-json.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { AGAIN_NS = 1000000000, DIR_ROOM = PLACE_ROOM + 8, TIME_ROOM = 40 };

#define NUMBER STR("audit.number")

static unsigned days(void)
{
	uint64_t n;

	return str_to_u64(str_trim(str_of(getenv("ORIEL_AUDIT_DAYS"))), &n) && n < 100000
		       ? (unsigned)n
		       : 0;
}

static bool begin(struct audit *a)
{
	char dir[DIR_ROOM];

	if (a->trail)
		return true;
	if (place_make_data_dir(dir) != 0)
		return false;
	strcat(dir, "/audit");
	return trail_open(&a->trail, dir, days()) == 0;
}

/* RFC 3339, microseconds. */
static void put_time(struct json *j, uint64_t ns)
{
	time_t s = (time_t)(ns / 1000000000u);
	char text[TIME_ROOM];
	struct tm tm;
	size_t n;

	gmtime_r(&s, &tm);
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(text + n, sizeof(text) - n, ".%06uZ",
			      (unsigned)(ns % 1000000000u / 1000u));
	json_str(j, (struct str){ text, n });
}

/* All but the number, which has a place of its own. */
static void put_attributes(struct json *j, struct attributes a)
{
	json_open(j, '{');
	for (size_t i = 0; i < a.n; i++) {
		if (str_eq(a.item[i].key, NUMBER))
			continue;
		json_key(j, a.item[i].key);
		value_json(j, &a.item[i].value);
	}
	json_close(j, '}');
}

/* Which one it is; the same text is looked for when it may have been kept before. */
static void put_identity(struct json *j, const struct batch *b, const struct log_record *l)
{
	json_name(j, STR("instance"));
	json_str(j, b->resource->instance);
	json_name(j, STR("number"));
	json_i64(j, attributes_int(l->attributes, NUMBER, 0));
}

static void put_members(struct json *j, const struct batch *b, const struct log_record *l)
{
	json_name(j, STR("time"));
	put_time(j, l->time_ns);
	json_name(j, STR("service"));
	json_str(j, b->resource->service);
	put_identity(j, b, l);
	json_name(j, STR("pid"));
	json_i64(j, b->resource->pid);
	json_name(j, STR("event"));
	json_str(j, l->body.text);
	if (trace_id_is_set(l->trace_id)) {
		json_name(j, STR("trace_id"));
		json_hex(j, l->trace_id.b, sizeof(l->trace_id.b));
		json_name(j, STR("span_id"));
		json_hex(j, l->span_id.b, sizeof(l->span_id.b));
	}
	json_name(j, STR("attributes"));
	put_attributes(j, l->attributes);
}

static bool is_kept(struct audit *a, const struct batch *b, const struct log_record *l)
{
	struct out o = { 0 };
	struct json j = { .out = &o };
	bool kept;

	if (!b->again)
		return false;
	put_identity(&j, b, l);
	out_str(&o, STR(","));
	kept = !o.error && trail_has(a->trail, out_all(&o));
	out_fini(&o);
	return kept;
}

static void add(struct audit *a, const struct batch *b, const struct log_record *l)
{
	struct out o = { 0 };
	struct json j = { .out = &o };

	put_members(&j, b, l);
	if (o.error || trail_add(a->trail, out_all(&o)) != 0)
		stats_add(audits_dropped, 1);
	out_fini(&o);
}

static bool sync(struct audit *a)
{
	int r = trail_sync(a->trail);

	if (r != 0) {
		stats_add(audits_failed, 1);
		if (!a->failing)
			say_wrong("audit: %s; its records wait until they can be written",
				  err_path(r));
		a->tried_ns = clock_mono_ns();
	} else if (a->failing) {
		say("audit: written again");
	}
	a->failing = r != 0;
	return r == 0;
}

static bool is_audit(const struct log_record *l)
{
	return l->scope && str_eq(l->scope->name, STR(BATCH_AUDIT_SCOPE));
}

size_t audit_keep(struct audit *a, const struct batch *b)
{
	size_t n = 0;

	if (!begin(a)) {
		stats_add(audits_dropped, b->n_audits);
		return 0;
	}
	for (size_t i = 0; i < b->n_logs; i++) {
		if (!is_audit(&b->log[i]))
			continue;
		n++;
		if (!is_kept(a, b, &b->log[i]))
			add(a, b, &b->log[i]);
	}
	if (!sync(a))
		return 0;
	stats_add(audits_kept, n);
	return n;
}

void audit_again(struct audit *a)
{
	if (a->failing && clock_mono_ns() - a->tried_ns >= AGAIN_NS)
		sync(a);
}

void audit_fini(struct audit *a)
{
	if (a->failing)
		sync(a);
	a->trail = trail_free(a->trail);
}
