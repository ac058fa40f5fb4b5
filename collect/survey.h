/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Survey: all that a segment holds, looked at once and without touching it. Its process may be alive,
 * dead, or on another machine.
 *
 *     struct survey s;
 *     r = survey_open(&s, path);              as intake_open; may take a second, for symbols
 *     s.mortem                                what it crashed of; NULL: nothing noted
 *     s.batch                                 what no collector has delivered yet; NULL: nothing
 *     survey_fini(&s);
 *
 * What has been delivered is not in it. Spans that are open are closed as errors in the copy.
 */
#pragma once

#include "collect/assemble.h"
#include "collect/intake.h"
#include "collect/mortem.h"

struct survey {
	struct intake *in;
	struct timeline time;
	struct assembler a;
	struct mortem *mortem;
	struct batch *batch;
	uint64_t died_ns; /* with a crash */
	bool lives;	  /* a process of this machine, as far as can be seen from here */
};

int survey_open(struct survey *s, const char *path);
void survey_fini(struct survey *s);
