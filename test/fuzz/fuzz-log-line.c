/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A foreign log record in every format and profile: whatever it is, one line, without control
 * characters; as JSON also for a reader of JSON.
 */
#include "export/log-form.h"

#include <jansson.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ATTRIBUTES = 8 };

static struct str cut(struct str *rest)
{
	size_t n = rest->n ? (unsigned char)rest->p[0] : 0;
	struct str piece;

	*rest = str_from(*rest, 1);
	piece = str_first(*rest, n);
	*rest = str_from(*rest, n);
	return piece;
}

static void check(struct out *o, bool json)
{
	for (size_t i = 0; i < o->n; i++)
		if ((unsigned char)o->p[i] < 0x20 && !(i == o->n - 1 && o->p[i] == '\n'))
			abort();
	if (!o->n || o->p[o->n - 1] != '\n')
		abort();
	if (!json)
		return;

	json_error_t why;
	json_t *j = json_loadb(o->p, o->n, JSON_ALLOW_NUL, &why);

	/* jansson takes no NUL in a key, though JSON does */
	if (!j && json_error_code(&why) != json_error_null_byte_in_key)
		abort();
	json_decref(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const formats[] = { "json", "logfmt", "text", "console" };
	static struct log_form form;
	struct str rest = { (const char *)data, size };
	struct attribute a[ATTRIBUTES];
	struct scope scope = { .name = cut(&rest) };
	struct log_record record = { .time_ns = size * 1000003u,
				     .severity = (int)(size % 26),
				     .scope = &scope,
				     .event_name = cut(&rest),
				     .body = { VALUE_STRING, .text = cut(&rest) } };
	struct resource from = { .service = cut(&rest) };
	struct out o = { 0 };

	for (size_t i = 0; i < ATTRIBUTES; i++) {
		a[i].key = cut(&rest);
		a[i].value =
			(struct value){ i % 4 ? VALUE_STRING : VALUE_BYTES, .text = cut(&rest) };
	}
	record.trace_id.b[0] = (uint8_t)size;
	record.attributes = (struct attributes){ a, size % (ATTRIBUTES + 1), 0 };
	for (const struct log_profile *p = log_profiles; p->name.n; p++)
		for (size_t i = 0; i < 4; i++) {
			char block[80], wrong[LOG_WRONG_ROOM];
			int n = snprintf(block, sizeof(block),
					 "LOG_FORMAT=%s%cORIEL_LOG_PROFILE=%s", formats[i], 0,
					 p->name.p);
			struct settings s = { { block, (size_t)n + 1 } };

			log_form_read(&form, &s, false, false, wrong);
			out_clear(&o);
			log_form_write(&form, &o, &record, &from);
			check(&o, i == 0);
		}
	out_fini(&o);
	return 0;
}
