/* SPDX-License-Identifier: Apache-2.0 */
#include "store/squeeze.h"

#include "base/err.h"

#include <errno.h>
#include <limits.h>
#include <lz4.h>
#include <stdlib.h>

enum { PLAIN_MOST = 1 << 20, HURRY = 1 };

int squeeze_pack(struct squeeze *q, struct out *to, struct str plain)
{
	uint32_t size = (uint32_t)plain.n;
	int most = plain.n > PLAIN_MOST ? 0 : LZ4_compressBound((int)plain.n), n;

	out_clear(to);
	if (!q->packing)
		q->packing = malloc((size_t)LZ4_sizeofState());
	out_bytes(to, &size, sizeof(size));
	if (!q->packing || !most || !out_reserve(to, (size_t)most))
		return ERR(-ENOMEM);
	n = LZ4_compress_fast_extState(q->packing, plain.p, to->p + to->n, (int)plain.n, most,
				       HURRY);
	to->n += (size_t)n;
	return n > 0 ? 0 : ERR(-ENOMEM);
}

/* Its word for its size is held against what a block may have. */
static bool open_packed(struct squeeze *q, struct str packed)
{
	uint32_t size;
	int n;

	out_clear(&q->plain);
	if (packed.n < sizeof(size) || packed.n > INT_MAX)
		return false;
	memcpy(&size, packed.p, sizeof(size));
	packed = str_from(packed, sizeof(size));
	if (size > PLAIN_MOST || !out_reserve(&q->plain, (size_t)size + 1))
		return false;
	n = LZ4_decompress_safe(packed.p, q->plain.p, (int)packed.n, (int)size);
	if (n < 0)
		return false;
	q->plain.n = (size_t)n;
	return true;
}

struct str squeeze_plain(struct squeeze *q, uint64_t no, struct str packed)
{
	if (!no)
		return (struct str){ "", 0 };
	if (q->no != no)
		q->no = open_packed(q, packed) ? no : 0;
	return q->no ? out_all(&q->plain) : (struct str){ "", 0 };
}

void squeeze_forget(struct squeeze *q)
{
	q->no = 0;
}

void squeeze_fini(struct squeeze *q)
{
	free(q->packing);
	out_fini(&q->plain);
	*q = (struct squeeze){ 0 };
}
