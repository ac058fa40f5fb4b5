/* SPDX-License-Identifier: Apache-2.0 */
/* Headers from anywhere: nothing is read past its end, and what is valid survives a round. */
#include "lib/w3c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct oriel_context c;
	struct str member, value;
	char room[64], encoded[192];

	w3c_traceparent(&c, text);
	w3c_tracestate_valid(text);
	if (w3c_baggage_valid(text))
		w3c_baggage_find(text, str_first(text, 3), &member, &value);
	if (size <= sizeof(room)) {
		char *end = w3c_encode(encoded, text);

		if (w3c_decode(room, sizeof(room),
			       (struct str){ encoded, (size_t)(end - encoded) }) != size ||
		    (size && memcmp(room, data, size) != 0))
			__builtin_trap();
	}
	w3c_decode(room, sizeof(room), text);
	return 0;
}
