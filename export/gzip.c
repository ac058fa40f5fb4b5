/* SPDX-License-Identifier: Apache-2.0 */
#include "export/gzip.h"

#include "base/err.h"

#include <errno.h>
#include <limits.h>
#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16, GZIP_MEMORY = 8 };

int gzip_pack(struct out *to, struct str from)
{
	z_stream z = { .next_in = (Bytef *)from.p, .avail_in = (uInt)from.n };
	int r;

	if (from.n > UINT_MAX / 2)
		return ERR(-EFBIG);
	if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return ERR(-ENOMEM);

	uLong most = deflateBound(&z, (uLong)from.n);

	if (!out_reserve(to, most)) {
		deflateEnd(&z);
		return ERR(to->error);
	}
	z.next_out = (Bytef *)to->p + to->n;
	z.avail_out = (uInt)most;
	r = deflate(&z, Z_FINISH);
	if (r == Z_STREAM_END)
		to->n += z.total_out;
	deflateEnd(&z);
	return r == Z_STREAM_END ? 0 : ERR(-EIO);
}
