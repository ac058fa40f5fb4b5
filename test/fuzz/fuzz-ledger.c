/* SPDX-License-Identifier: Apache-2.0 */
/* What an earlier collector has left, with a head that fits; what is read is written and read again. */
#include "collect/ledger-file.h"

#include <stdlib.h>

static const uint8_t boot_id[LEDGER_BOOT];

static bool read_all(struct str bytes, struct out *o)
{
	struct folded *folded = NULL;
	struct ledger l = { .n = 0 };
	bool ok = ledger_read(&l, bytes, boot_id, &folded);

	if (ok)
		ledger_write(o, &l, boot_id, folded);
	for (struct account *a = l.account; ok && a; a = a->next) {
		struct tally t = { .keeps = false };

		account_tally(a, &t);
		tally_fini(&t);
	}
	ledger_fini(&l);
	folded_free(folded);
	return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str rest = { (const char *)data, n };
	uint64_t size = n, hash = ledger_hash(rest);
	struct out o = { .n = 0 }, again = { .n = 0 };

	out_bytes(&o, "ORLEDGR2", 8);
	out_bytes(&o, boot_id, sizeof(boot_id));
	out_bytes(&o, &size, sizeof(size));
	out_bytes(&o, &hash, sizeof(hash));
	out_str(&o, rest);
	if (read_all(out_all(&o), &again)) {
		struct out third = { .n = 0 };

		if (!read_all(out_all(&again), &third))
			abort();
		out_fini(&third);
	}
	out_fini(&o);
	out_fini(&again);
	return 0;
}
