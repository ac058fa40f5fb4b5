/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finish: kept records become a span, or a log record, in the assembler's batch, which then needs
 * nothing of the table any more: the records' bytes are copied into the batch's arena once, and the
 * span's strings lie in that copy.
 */
#pragma once

#include "collect/assemble.h"

/* For spans whose process went away before they ended. */
struct finish_gone {
	struct str why;
	uint64_t end_real_ns;
};

void finish_span(struct assembler *a, const struct open_span *o, const struct finish_gone *gone);
void finish_log(struct assembler *a, const struct record_log *r, uint32_t tid);

/* assemble.c's, shared with finish.c. */
struct batch *assembler_batch(struct assembler *a);
void assemble_bad(struct assembler *a);
struct instant assemble_instant(const struct assembler *a, uint64_t time, uint8_t flags);
