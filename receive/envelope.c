/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/envelope.h"

#include "base/err.h"
#include "base/hex.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <time.h>

enum { ITEM_MOST = 1 << 20, ITEMS_MOST = 1000, FRAMES_MOST = 128, SPANS_MOST = 1000 };
enum { ATTRIBUTES_MOST = 64, TEXT_MOST = 8192 };

struct reading {
	struct receipt *to;
	const struct otlp_source *from;
	int error;
};

/* A record or a span on its way into a batch. */
struct making {
	struct arena *arena;
	struct attribute item[ATTRIBUTES_MOST];
	size_t n;
};

/* ---- what JSON says -------------------------------------------------------------------------------- */

static struct str text_at(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	return json_is_string(v) ? (struct str){ json_string_value(v), json_string_length(v) }
				 : STR("");
}

static json_t *last_of(const json_t *list)
{
	size_t n = json_is_array(list) ? json_array_size(list) : 0;

	return n ? json_array_get(list, n - 1) : NULL;
}

/* Exceptions, breadcrumbs and threads are lists, bare or as `values`. */
static const json_t *list_at(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	return json_is_object(v) ? json_object_get(v, "values") : v;
}

static uint64_t two(struct str s, size_t at)
{
	return (uint64_t)(s.p[at] - '0') * 10 + (uint64_t)(s.p[at + 1] - '0');
}

/* "2026-11-21T12:00:00.123456Z", to the microsecond. */
static uint64_t time_of_text(struct str s)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd";
	struct tm tm = { 0 };
	uint64_t ns = 0, unit = 100000000;
	time_t t;

	if (s.n < sizeof(form) - 1)
		return 0;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == 'd' ? s.p[i] < '0' || s.p[i] > '9'
				   : s.p[i] != form[i] && !(form[i] == 'T' && s.p[i] == ' '))
			return 0;
	tm.tm_year = (int)(two(s, 0) * 100 + two(s, 2)) - 1900;
	tm.tm_mon = (int)two(s, 5) - 1;
	tm.tm_mday = (int)two(s, 8);
	tm.tm_hour = (int)two(s, 11);
	tm.tm_min = (int)two(s, 14);
	tm.tm_sec = (int)two(s, 17);
	t = timegm(&tm);
	for (size_t i = 20; s.n > 19 && s.p[19] == '.' && i < s.n && s.p[i] >= '0' && s.p[i] <= '9';
	     i++, unit /= 10)
		ns += (uint64_t)(s.p[i] - '0') * unit;
	return t > 0 ? (uint64_t)t * 1000000000 + ns : 0;
}

static uint64_t time_at(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);
	double s = json_is_number(v) ? json_number_value(v) : 0;

	if (json_is_string(v))
		return time_of_text(text_at(object, key));
	return s > 0 && s < 9e9 ? (uint64_t)llround(s * 1e6) * 1000 : 0;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int severity_of(struct str level)
{
	static const struct {
		struct str name;
		int severity;
	} levels[] = { { STR("fatal"), 21 },
		       { STR("warning"), 13 },
		       { STR("info"), 9 },
		       { STR("log"), 9 },
		       { STR("debug"), 5 } };

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (str_eq(level, levels[i].name))
			return levels[i].severity;
	return 17;
}

static void id_at(const json_t *object, const char *key, uint8_t *id, size_t n)
{
	if (!hex_read(id, n, text_at(object, key), true))
		memset(id, 0, n);
}

/* ---- attributes ------------------------------------------------------------------------------------ */

static struct str kept(struct arena *a, struct str text)
{
	return arena_copy(a, str_first(text, TEXT_MOST));
}

static void put(struct making *m, struct str key, struct value v)
{
	if (m->n < ATTRIBUTES_MOST)
		m->item[m->n++] = (struct attribute){ key, v };
}

static void put_text(struct making *m, const char *key, struct str text)
{
	if (text.n)
		put(m, kept(m->arena, str_of(key)),
		    (struct value){ VALUE_STRING, .text = kept(m->arena, text) });
}

static struct attributes keep(const struct making *m)
{
	struct attribute *item = m->n ? arena_take_n(m->arena, struct attribute, m->n) : NULL;

	if (item)
		memcpy(item, m->item, m->n * sizeof(*item));
	return (struct attributes){ item, item ? m->n : 0, 0 };
}

/* Texts and numbers of a map: tags, and a span's data. */
static void put_map(struct making *m, const json_t *map)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)map, key, v)
	{
		if (json_is_string(v))
			put_text(m, key, text_at(map, key));
		else if (json_is_integer(v))
			put(m, kept(m->arena, str_of(key)),
			    (struct value){ VALUE_INT, .integer = json_integer_value(v) });
		else if (json_is_boolean(v))
			put(m, kept(m->arena, str_of(key)),
			    (struct value){ VALUE_BOOL, .boolean = json_is_true(v) });
	}
}

/* ---- frames, the innermost first ------------------------------------------------------------------- */

static struct value frame_of(struct arena *a, const json_t *frame)
{
	struct str function = text_at(frame, "function"), file = text_at(frame, "abs_path"),
		   module = text_at(frame, "module");
	struct making m = { .arena = a };

	put_text(&m, "function", function);
	put_text(&m, "file", file.n ? file : text_at(frame, "filename"));
	if (json_is_integer(json_object_get(frame, "lineno")))
		put(&m, STR("line"),
		    (struct value){ VALUE_INT, .integer = json_integer_value(
						       json_object_get(frame, "lineno")) });
	put_text(&m, "module", module.n ? module : text_at(frame, "package"));
	put_text(&m, "address", text_at(frame, "instruction_addr"));
	return (struct value){ VALUE_MAP, .map = { keep(&m).item, m.n } };
}

static void put_frames(struct making *m, const json_t *exception)
{
	const json_t *list = json_object_get(json_object_get(exception, "stacktrace"), "frames");
	size_t n = json_is_array(list) ? json_array_size(list) : 0,
	       most = n < FRAMES_MOST ? n : FRAMES_MOST;
	struct value *item = most ? arena_take_n(m->arena, struct value, most) : NULL;

	if (!item)
		return;
	for (size_t i = 0; i < most; i++)
		item[i] = frame_of(m->arena, json_array_get(list, n - 1 - i));
	put(m, STR("oriel.frames"), (struct value){ VALUE_ARRAY, .array = { item, most } });
}

/* ---- who ------------------------------------------------------------------------------------------- */

static struct str service_of(const json_t *event)
{
	struct str tag = text_at(json_object_get(event, "tags"), "service.name"),
		   release = str_cut(text_at(event, "release"), '@').head,
		   server = text_at(event, "server_name");

	return tag.n ? tag : release.n ? release : server.n ? server : STR("unknown_service");
}

static void who_put(struct attribute *item, size_t *n, struct str key, struct str text)
{
	if (text.n)
		item[(*n)++] = (struct attribute){ key, { VALUE_STRING, .text = text } };
}

static struct resource *resource_of(const struct reading *r, const json_t *event)
{
	struct cut release = str_cut(text_at(event, "release"), '@');
	struct attribute item[5];
	size_t n = 0;

	who_put(item, &n, STR("service.name"), service_of(event));
	who_put(item, &n, STR("service.version"), release.found ? release.tail : release.head);
	who_put(item, &n, STR("deployment.environment.name"), text_at(event, "environment"));
	who_put(item, &n, STR("host.name"), text_at(event, "server_name"));
	who_put(item, &n, STR("telemetry.sdk.name"),
		text_at(json_object_get(event, "sdk"), "name"));
	return resource_new((struct attributes){ item, n, 0 }, r->from->run, 0);
}

static struct batch *batch_of(struct reading *r, const json_t *event)
{
	struct resource *resource = resource_of(r, event);
	struct batch *b = resource ? receipt_add(r->to, resource) : NULL;

	resource_free(resource);
	if (!b)
		r->error = ERR(-ENOMEM);
	return b;
}

/* ---- items ----------------------------------------------------------------------------------------- */

static struct str message_of(const json_t *event, const json_t *exception)
{
	const json_t *entry = json_object_get(event, "logentry");
	struct str text = text_at(exception, "value");

	if (!text.n)
		text = text_at(entry, "formatted");
	if (!text.n)
		text = text_at(entry, "message");
	return text.n ? text : text_at(event, "message");
}

static void read_event(struct reading *r, const json_t *event)
{
	const json_t *exception = last_of(list_at(event, "exception")),
		     *trace = json_object_get(json_object_get(event, "contexts"), "trace");
	struct batch *b = batch_of(r, event);
	struct log_record *l = b ? batch_add_log(b) : NULL;
	struct making m = { .arena = b ? &b->arena : NULL };
	struct str level = text_at(event, "level");

	if (!l) {
		r->error = ERR(-ENOMEM);
		return;
	}
	l->observed_ns = now_ns();
	l->time_ns = time_at(event, "timestamp");
	if (!l->time_ns)
		l->time_ns = l->observed_ns;
	id_at(trace, "trace_id", l->trace_id.b, sizeof(l->trace_id.b));
	id_at(trace, "span_id", l->span_id.b, sizeof(l->span_id.b));
	l->severity = level.n ? severity_of(level) : 17;
	l->severity_text = kept(m.arena, level);
	l->body =
		(struct value){ VALUE_STRING, .text = kept(m.arena, message_of(event, exception)) };
	put_text(&m, "exception.type", text_at(exception, "type"));
	put_text(&m, "exception.message", text_at(exception, "value"));
	put_frames(&m, exception);
	put_text(&m, "sentry.event_id", text_at(event, "event_id"));
	put_text(&m, "sentry.transaction", text_at(event, "transaction"));
	put_map(&m, json_object_get(event, "tags"));
	l->attributes = keep(&m);
}

static enum span_kind kind_of(struct str op)
{
	if (str_ends(op, STR(".server")))
		return SPAN_SERVER;
	if (str_ends(op, STR(".client")) || str_starts(op, STR("db")) ||
	    str_starts(op, STR("cache")))
		return SPAN_CLIENT;
	return SPAN_INTERNAL;
}

/* A span of a transaction, or the transaction itself, whose ids are in a context of it. */
static void read_span(struct reading *r, struct batch *b, const json_t *s, const json_t *ids)
{
	struct span *span = batch_add_span(b);
	struct making m = { .arena = &b->arena };
	struct str op = text_at(ids, "op"), status = text_at(ids, "status"),
		   name = text_at(s, "transaction");

	if (!span) {
		r->error = ERR(-ENOMEM);
		return;
	}
	id_at(ids, "trace_id", span->trace_id.b, sizeof(span->trace_id.b));
	id_at(ids, "span_id", span->span_id.b, sizeof(span->span_id.b));
	id_at(ids, "parent_span_id", span->parent_id.b, sizeof(span->parent_id.b));
	if (!trace_id_is_set(span->trace_id) || !span_id_is_set(span->span_id)) {
		b->n_spans--;
		receipt_reject(r->to, 1, "a span without ids");
		return;
	}
	span->flags = 1;
	span->kind = kind_of(op);
	span->start_ns = time_at(s, "start_timestamp");
	span->end_ns = time_at(s, "timestamp");
	if (span->end_ns < span->start_ns)
		span->end_ns = span->start_ns;
	if (!name.n)
		name = text_at(s, "description");
	span->name = kept(m.arena, name.n ? name : op.n ? op : STR("span"));
	if (status.n && !str_eq(status, STR("ok"))) {
		span->status = STATUS_ERROR;
		span->status_message = kept(m.arena, status);
	}
	put_text(&m, "sentry.op", op);
	put_map(&m, json_object_get(s, "data"));
	put_map(&m, s == ids ? NULL : json_object_get(ids, "data"));
	span->attributes = keep(&m);
}

static void read_transaction(struct reading *r, const json_t *event)
{
	const json_t *spans = json_object_get(event, "spans"),
		     *trace = json_object_get(json_object_get(event, "contexts"), "trace");
	struct batch *b = batch_of(r, event);
	size_t n = json_is_array(spans) ? json_array_size(spans) : 0;

	if (!b)
		return;
	read_span(r, b, event, trace);
	for (size_t i = 0; i < n && i < SPANS_MOST && !r->error; i++)
		read_span(r, b, json_array_get(spans, i), json_array_get(spans, i));
}

static void read_item(struct reading *r, struct str type, struct str payload)
{
	void (*read)(struct reading * r, const json_t *event) =
		str_eq(type, STR("event"))	   ? read_event
		: str_eq(type, STR("transaction")) ? read_transaction
						   : NULL;
	json_t *event;

	if (!read)
		return;
	event = payload.n <= ITEM_MOST ? json_loadb(payload.p, payload.n, 0, NULL) : NULL;
	if (json_is_object(event))
		read(r, event);
	else
		receipt_reject(r->to, 1, "an item that is no JSON, or larger than 1 MiB");
	json_decref(event);
}

/* "length" says how long the payload is; without it that ends with its line. */
static bool next_item(struct str *rest, char type[32], struct str *payload)
{
	struct cut line = str_cut(*rest, '\n');
	json_t *head =
		line.head.n <= ITEM_MOST ? json_loadb(line.head.p, line.head.n, 0, NULL) : NULL;
	const json_t *length = json_object_get(head, "length");
	struct str name = text_at(head, "type");
	bool good = json_is_object(head) && name.n;

	snprintf(type, 32, STR_FMT, STR_ARG(str_first(name, 31)));
	if (good && json_is_integer(length)) {
		good = json_integer_value(length) >= 0 &&
		       (uint64_t)json_integer_value(length) <= line.tail.n;
		*payload =
			good ? str_first(line.tail, (size_t)json_integer_value(length)) : STR("");
		*rest = str_from(line.tail, payload->n);
		if (rest->n && rest->p[0] == '\n')
			*rest = str_from(*rest, 1);
	} else if (good) {
		struct cut body = str_cut(line.tail, '\n');

		*payload = body.head;
		*rest = body.tail;
	}
	json_decref(head);
	return good;
}

int envelope_decode(struct receipt *out, struct str body, const struct otlp_source *from)
{
	struct reading r = { out, from, 0 };
	struct cut head = str_cut(body, '\n');
	json_t *own =
		head.head.n <= ITEM_MOST ? json_loadb(head.head.p, head.head.n, 0, NULL) : NULL;
	struct str rest = head.tail, payload;
	char type[32];

	if (!json_is_object(own)) {
		json_decref(own);
		snprintf(out->why, sizeof(out->why),
			 "no envelope: its first line is no JSON object");
		return RECEIPT_BAD;
	}
	json_decref(own);
	for (int i = 0; i < ITEMS_MOST && str_trim(rest).n && !r.error; i++) {
		if (!next_item(&rest, type, &payload)) {
			receipt_reject(out, 1,
				       "an item's head makes no sense; the rest is skipped");
			break;
		}
		read_item(&r, str_of(type), payload);
	}
	return r.error;
}
