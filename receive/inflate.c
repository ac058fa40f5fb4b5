/* SPDX-License-Identifier: Apache-2.0 */
#include "receive/inflate.h"

#include "base/err.h"

#include <errno.h>
#include <limits.h>
#include <zlib.h>

enum { GZIP_WINDOW = 15 + 16, ZLIB_WINDOW = 15, RAW_WINDOW = -15, STEP = 65536 };

enum packing packing_of(struct str name)
{
	name = str_trim(name);
	if (!name.n || str_eq_nocase(name, STR("identity")))
		return PACKING_NONE;
	if (str_eq_nocase(name, STR("gzip")) || str_eq_nocase(name, STR("x-gzip")))
		return PACKING_GZIP;
	return str_eq_nocase(name, STR("deflate")) ? PACKING_DEFLATE : PACKING_UNKNOWN;
}

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

int inflate_body(struct out *to, enum packing packing, struct str from)
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
