/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/inflate.h"

#include "base/err.h"

#include <errno.h>
#include <limits.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { GZIP_WINDOW = 15 + 16, ZLIB_WINDOW = 15, RAW_WINDOW = -15, STEP = 65536 };
enum { ZSTD_WINDOW = 23 }; /* 8 MiB, the most that HTTP allows (RFC 9659) */

/* As much as there is room for; at the limit one byte less than a step may be left. */
static bool make_room(struct out *o)
{
	size_t step = o->limit && o->limit - o->n < STEP ? o->limit - o->n : STEP;

	return step && out_reserve(o, step);
}

/* One step: *ended if the stream has. */
static int inflate_some(z_stream *z, struct out *o, bool *ended)
{
	int r;

	if (o->room == o->n && !make_room(o))
		return o->error == -ENOMEM ? ERR(-ENOMEM) : INFLATE_TOO_BIG;
	size_t room = o->room - o->n < STEP ? o->room - o->n : STEP;

	z->next_out = (Bytef *)o->p + o->n;
	z->avail_out = (uInt)room;
	r = inflate(z, Z_NO_FLUSH);
	o->n += room - z->avail_out;
	*ended = r == Z_STREAM_END;
	if (r == Z_MEM_ERROR)
		return ERR(-ENOMEM);
	/* Nothing more to read, and still it wants more: it was cut short. */
	return *ended || (r == Z_OK && (z->avail_in || !z->avail_out)) ? 0 : INFLATE_BAD;
}

/* gzip may be several members, one after the other; all else ends where it ends. */
static int inflate_all(z_stream *z, struct out *o, enum packing packing)
{
	bool ended = false;
	int r;

	while ((r = inflate_some(z, o, &ended)) == 0) {
		if (ended && !z->avail_in)
			return 0;
		if (ended && (packing != PACKING_GZIP || inflateReset(z) != Z_OK))
			return INFLATE_BAD;
	}
	return r;
}

/* "deflate" means zlib's form, and some write the bare one: its first byte tells. */
static int window_of(enum packing packing, struct str from)
{
	if (packing == PACKING_GZIP)
		return GZIP_WINDOW;
	return from.n && ((unsigned char)from.p[0] & 0x0f) == Z_DEFLATED ? ZLIB_WINDOW : RAW_WINDOW;
}

static int unpack_zlib(struct out *to, enum packing packing, struct str from)
{
	z_stream z = { .next_in = (Bytef *)from.p, .avail_in = (uInt)from.n };
	int r;

	if (from.n > UINT_MAX)
		return INFLATE_TOO_BIG;
	if (inflateInit2(&z, window_of(packing, from)) != Z_OK)
		return ERR(-ENOMEM);
	r = inflate_all(&z, to, packing);
	inflateEnd(&z);
	return r < 0 ? TRACE(r) : r;
}

/* ---- zstd ---------------------------------------------------------------------------------------------- */

/* One step: *ended if a frame has. */
static int zstd_some(ZSTD_DCtx *z, ZSTD_inBuffer *in, struct out *o, bool *ended)
{
	if (o->room == o->n && !make_room(o))
		return o->error == -ENOMEM ? ERR(-ENOMEM) : INFLATE_TOO_BIG;

	ZSTD_outBuffer step = { o->p + o->n, o->room - o->n, 0 };
	size_t r = ZSTD_decompressStream(z, &step, in);

	o->n += step.pos;
	*ended = r == 0;
	if (ZSTD_isError(r))
		return ZSTD_getErrorCode(r) == ZSTD_error_memory_allocation ? ERR(-ENOMEM)
									    : INFLATE_BAD;
	/* Nothing more to read, and still it wants more: it was cut short. */
	return *ended || in->pos < in->size || step.pos == step.size ? 0 : INFLATE_BAD;
}

/* Any number of frames, one after the other. */
static int unpack_zstd(struct out *to, struct str from)
{
	ZSTD_inBuffer in = { from.p, from.n, 0 };
	ZSTD_DCtx *z = ZSTD_createDCtx();
	bool ended = false;
	int r = 0;

	if (!z)
		return ERR(-ENOMEM);
	ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, ZSTD_WINDOW);
	while (!r && !(ended && in.pos == in.size))
		r = zstd_some(z, &in, to, &ended);
	ZSTD_freeDCtx(z);
	return r < 0 ? TRACE(r) : r;
}

int inflate_body(struct out *to, enum packing packing, struct str from)
{
	return packing == PACKING_ZSTD ? TRACE(unpack_zstd(to, from))
				       : TRACE(unpack_zlib(to, packing, from));
}
