/* SPDX-License-Identifier: Apache-2.0 */
#include "export/packing.h"

#include "base/err.h"
#include "export/gzip.h"
#include "export/zstd.h"

#include <errno.h>

enum packing packing_of(struct str name)
{
	name = str_trim(name);
	if (!name.n || str_eq_nocase(name, STR("identity")))
		return PACKING_NONE;
	if (str_eq_nocase(name, STR("gzip")) || str_eq_nocase(name, STR("x-gzip")))
		return PACKING_GZIP;
	if (str_eq_nocase(name, STR("zstd")))
		return PACKING_ZSTD;
	return str_eq_nocase(name, STR("deflate")) ? PACKING_DEFLATE : PACKING_UNKNOWN;
}

const char *packing_name(enum packing packing)
{
	return packing == PACKING_GZIP ? "gzip" : packing == PACKING_ZSTD ? "zstd" : NULL;
}

int packing_pack(struct out *to, enum packing packing, struct str from)
{
	switch (packing) {
	case PACKING_GZIP:
		return TRACE(gzip_pack(to, from));
	case PACKING_ZSTD:
		return TRACE(zstd_pack(to, from));
	default:
		return ERR(-EINVAL);
	}
}
