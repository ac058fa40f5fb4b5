/* SPDX-License-Identifier: Apache-2.0 */
#include "export/zstd.h"

#include "base/err.h"

#include <errno.h>
#include <zstd.h>

enum { LEVEL = 1 };

int zstd_pack(struct out *to, struct str from)
{
	size_t most = ZSTD_compressBound(from.n), n;

	if (!out_reserve(to, most))
		return ERR(to->error);
	n = ZSTD_compress(to->p + to->n, most, from.p, from.n, LEVEL);
	if (ZSTD_isError(n))
		return ERR(-ENOMEM);
	to->n += n;
	return 0;
}
