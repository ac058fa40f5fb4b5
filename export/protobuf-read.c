/* SPDX-License-Identifier: Apache-2.0 */
#include "export/protobuf-read.h"

size_t proto_long_varint(const char *p, size_t n, uint64_t *v)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < PUT_VARINT_MOST && i < n; i++) {
		unsigned char b = (unsigned char)p[i];

		if (i == PUT_VARINT_MOST - 1 && b > 1)
			return 0;
		sum |= (uint64_t)(b & 0x7f) << (7 * i);
		if (b < 0x80) {
			*v = sum;
			return i + 1;
		}
	}
	return 0;
}
