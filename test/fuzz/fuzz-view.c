/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as views: each is read, asked for its numbers, and put to an instrument. */
#include "base/view.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	double number[VIEW_NUMBERS_MOST];
	struct view_error error;
	enum view_outcome r;
	struct view v;

	while ((r = view_next(&text, &v, &error)) != VIEW_END) {
		if (r == VIEW_BAD && (!error.says || !error.what.n))
			abort();
		if (r == VIEW_BAD)
			continue;
		if (view_numbers(&v, VIEW_buckets, number) > VIEW_NUMBERS_MOST)
			abort();
		view_selects(&v, &(struct view_subject){
					 .instrument = STR("http.server.request.duration"),
					 .kind = STR("histogram"),
					 .unit = STR("s"),
					 .meter_name = STR("acme.storage") });
		view_keeps(&v, STR("http.route"));
	}
	return 0;
}
