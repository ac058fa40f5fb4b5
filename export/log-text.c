/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log record as a line of text, as Python's loggers write them:
 *
 *     [2026-11-21 03:08:33.042] INFO - shop.cart: stock is low left=2 [req=abc-123] trace_id=4bf9…
 *     [2026-11-21 03:08:33] INFO - nori.t: hi [req=abc-123]                        profile nori
 *     I - shop.cart: stock is low {abc-123}                                        profile divak
 *
 * Local time.
 */
#include "export/console-text.h"
#include "export/log-form.h"

#include <time.h>

enum { NORI_ID = 8 };

/* Local time of the last second is known; what the zone's rules are is asked once for each. */
static void put_time(struct out *o, uint64_t ns, bool milliseconds)
{
	static _Thread_local struct log_clock local;
	time_t second = (time_t)(ns / 1000000000);

	if (!local.text[0] || local.second != (uint64_t)second) {
		struct tm tm;

		if (!localtime_r(&second, &tm) ||
		    !strftime(local.text, sizeof(local.text), "%Y-%m-%d %H:%M:%S", &tm))
			memcpy(local.text, "1970-01-01 00:00:00", sizeof(local.text));
		local.second = (uint64_t)second;
	}
	out_char(o, '[');
	out_bytes(o, local.text, 19);
	if (milliseconds) {
		char text[4] = { '.', (char)('0' + ns / 100000000 % 10),
				 (char)('0' + ns / 10000000 % 10),
				 (char)('0' + ns / 1000000 % 10) };

		out_bytes(o, text, sizeof(text));
	}
	out_str(o, STR("] "));
}

static void put_message(struct out *o, const struct log_line *l)
{
	const struct value *v = l->field[LOG_MESSAGE];

	if (v && v->type == VALUE_STRING)
		console_text_whole(o, v->text);
	else if (v)
		console_value_whole(o, v);
}

/* All that the line's head and tail don't say. */
static void put_fields(struct out *o, const struct log_line *l)
{
	static const enum log_field said[] = { LOG_TIME,     LOG_LEVEL,	  LOG_LOGGER,
					       LOG_MESSAGE,  LOG_SERVICE, LOG_REQUEST_ID,
					       LOG_TRACE_ID, LOG_SPAN_ID, LOG_TRACE_FLAGS };

	for (size_t i = 0; i < l->n; i++) {
		bool out = false;

		for (size_t k = 0; k < sizeof(said) / sizeof(said[0]); k++)
			out |= l->pair[i].value == l->field[said[k]];
		if (out)
			continue;
		out_char(o, ' ');
		console_text_whole(o, l->pair[i].key);
		out_char(o, '=');
		console_value_whole(o, l->pair[i].value);
	}
}

static void put_in(struct out *o, const char *open, struct str text, const char *close)
{
	out_str(o, str_of(open));
	console_text_whole(o, text);
	out_str(o, str_of(close));
}

static struct str dash(struct str s)
{
	return s.n ? s : STR("-");
}

/* 10.0.0.7 "GET /cart?id=7" 200 "curl/7.88.1" 0.012345 */
static void divak_access(struct out *o, const struct log_line *l)
{
	struct attributes a = l->record->attributes;
	const struct value *ms = attributes_find(a, STR("duration_ms"));
	struct str query = attributes_text(a, STR("query"));

	console_text_whole(o, dash(attributes_text(a, STR("client_address"))));
	put_in(o, " \"", log_line_text(l, LOG_METHOD), " ");
	console_text_whole(o, log_line_text(l, LOG_PATH));
	if (query.n)
		put_in(o, "?", query, "");
	out_fmt(o, "\" %lld ", (long long)attributes_int(a, STR("status_code"), 0));
	put_in(o, "\"", dash(attributes_text(a, STR("user_agent"))), "\" ");
	out_fmt(o, "%.6f", ms && ms->type == VALUE_DOUBLE ? ms->number / 1000 : 0);
}

static void divak(struct out *o, const struct log_line *l)
{
	struct str level = log_line_text(l, LOG_LEVEL);

	out_char(o, level.p[0]);
	put_in(o, " - ", log_line_text(l, LOG_LOGGER), ": ");
	if (l->access) {
		divak_access(o, l);
	} else {
		put_message(o, l);
		put_fields(o, l);
	}
	put_in(o, " {", log_line_text(l, LOG_REQUEST_ID), "}");
}

static void python(struct out *o, const struct log_line *l, bool nori)
{
	uint64_t ns = l->record->time_ns ? l->record->time_ns : l->record->observed_ns;
	struct str id = log_line_text(l, LOG_REQUEST_ID);

	put_time(o, ns, !nori);
	out_str(o, log_level_text(l->record->severity ? l->record->severity : 9, true));
	put_in(o, " - ", log_line_text(l, LOG_LOGGER), ": ");
	put_message(o, l);
	put_fields(o, l);
	if (id.n)
		put_in(o, " [req=", nori ? str_first(id, NORI_ID) : id, "]");
	if (nori || !l->field[LOG_TRACE_ID])
		return;
	put_in(o, " trace_id=", log_line_text(l, LOG_TRACE_ID), "");
	if (l->field[LOG_SPAN_ID])
		put_in(o, " span_id=", log_line_text(l, LOG_SPAN_ID), "");
}

void log_write_text(struct out *o, const struct log_line *l)
{
	if (l->profile->text == LOG_TEXT_DIVAK)
		divak(o, l);
	else
		python(o, l, l->profile->text == LOG_TEXT_NORI);
	out_char(o, '\n');
}
