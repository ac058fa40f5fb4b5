/* SPDX-License-Identifier: Apache-2.0 */
/* A log record as a line of JSON. */
#include "base/json.h"
#include "export/log-form.h"
#include "model/value-json.h"

void log_write_json(struct out *o, const struct log_line *l)
{
	struct json j = { .out = o };

	json_open(&j, '{');
	for (size_t i = 0; i < l->n; i++) {
		const struct log_pair *p = &l->pair[i];

		if (p->own)
			json_name(&j, p->key);
		else
			json_key(&j, p->key);
		value_json(&j, p->value);
	}
	if (l->record->attributes.dropped) {
		json_name(&j, STR("attributes_dropped"));
		json_u64(&j, l->record->attributes.dropped);
	}
	json_close(&j, '}');
	out_char(o, '\n');
}
